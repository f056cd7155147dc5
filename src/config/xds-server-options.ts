import { resolve } from 'node:path';
import type { XdsServerOptions } from '../transport/grpc-server.ts';
import type { ServeSettings } from './serve-settings.ts';

/** The settings of the xDS server in its own terms. `controlPlaneId` names the replica in every response. */
export function xdsServerOptions(settings: ServeSettings, controlPlaneId: string): XdsServerOptions {
  const { xdsTlsCert, xdsTlsKey, xdsTlsClientCa, xdsTlsClientCrl } = settings;
  const tls =
    xdsTlsCert === undefined || xdsTlsKey === undefined
      ? undefined
      : { certPath: resolve(xdsTlsCert), keyPath: resolve(xdsTlsKey) };
  const client = {
    ...(xdsTlsClientCa === undefined ? {} : { clientCaPath: resolve(xdsTlsClientCa) }),
    ...(xdsTlsClientCrl === undefined ? {} : { clientCrlPath: resolve(xdsTlsClientCrl) }),
  };
  const { nodeIdentity: kind, nodeIdentityTemplate: template } = settings;
  return {
    controlPlaneId,
    ...(tls === undefined ? {} : { tls: { ...tls, ...client } }),
    ...(kind === 'none' ? {} : { identity: { kind, template } }),
    limits: {
      gateTimeoutMs: settings.gateTimeoutMs,
      maxNamesPerSubscription: settings.maxSubscriptionNames,
    },
    admission: { streamsPerSecond: settings.newStreamsPerSecond, maxStreams: settings.maxStreams },
    connections: {
      maxRequestBytes: settings.maxRequestBytes,
      maxConnectionAgeMs: settings.streamMaxAgeMs,
    },
  };
}
