import { resolve } from 'node:path';
import type { TlsFiles } from '../tls/server-tls.ts';

/** The settings of one port, as paths that an operator wrote. */
interface TlsSettings {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly clientCa: string | undefined;
  readonly clientCrl: string | undefined;
}

/** The files of a port, with absolute paths; undefined: it has no TLS. */
export function tlsFilesOf({ cert, key, clientCa, clientCrl }: TlsSettings): TlsFiles | undefined {
  if (cert === undefined || key === undefined) return undefined;
  return {
    certPath: resolve(cert),
    keyPath: resolve(key),
    ...(clientCa === undefined ? {} : { clientCaPath: resolve(clientCa) }),
    ...(clientCrl === undefined ? {} : { clientCrlPath: resolve(clientCrl) }),
  };
}
