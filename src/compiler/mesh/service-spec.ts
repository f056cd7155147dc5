import type { PlainMessage } from '../schema/plain-message.ts';

/** The messages of proto/authplane/v1/mesh.proto as the decoder gives them: what their comments say is said there. */
export interface ServiceSpec extends PlainMessage {
  readonly name: string;
  readonly spiffeId: string;
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePortSpec[];
  readonly callers: readonly string[];
}

/** `ServicePort.Protocol`. */
export const PROTOCOL = { http: 1, http2: 2, tcp: 3 } as const;

export interface ServicePortSpec {
  readonly name: string;
  readonly port: number;
  readonly appPort: number;
  readonly protocol: number;
  readonly callers: readonly string[];
  readonly permissive:
    { readonly reason: string; readonly expires: { readonly seconds: bigint } | undefined } | undefined;
}

export interface SidecarSpec extends PlainMessage {
  readonly service: string;
  readonly certificate: string;
  readonly trust: string;
  readonly address: string;
  readonly calls: readonly ServiceCallSpec[];
}

export interface ServiceCallSpec {
  readonly service: string;
  readonly port: string;
  readonly localPort: number;
}
