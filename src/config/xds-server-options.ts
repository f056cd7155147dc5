import type { XdsServerOptions } from '../transport/grpc-server.ts';
import type { ServeSettings } from './serve-settings.ts';
import { tlsFilesOf } from './tls-files.ts';

/** The settings of the xDS server in its own terms. `controlPlaneId` names the replica in every response. */
export function xdsServerOptions(settings: ServeSettings, controlPlaneId: string): XdsServerOptions {
  const tls = tlsFilesOf({
    cert: settings.xdsTlsCert,
    key: settings.xdsTlsKey,
    clientCa: settings.xdsTlsClientCa,
    clientCrl: settings.xdsTlsClientCrl,
  });
  const { nodeIdentity: kind, nodeIdentityTemplate: template } = settings;
  return {
    controlPlaneId,
    ...(tls === undefined ? {} : { tls }),
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
