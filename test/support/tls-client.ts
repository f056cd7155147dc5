import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type ConnectionOptions } from 'node:tls';
import { waitFor } from './wait-for.ts';

/** PEM files of a client, read again for every connection. */
export interface TlsClientFiles {
  readonly trust: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** What a connection saw. */
export interface TlsAnswer {
  readonly status: number;
  /** Serial number of the certificate of the server. */
  readonly serialNumber: string;
  readonly keyType: string | undefined;
  readonly body: string;
}

/** Options for `connect` from the files as they are now; a pair that is just being replaced is read again. */
export async function tlsOptions(files: TlsClientFiles): Promise<ConnectionOptions> {
  const { trust, certificate, privateKey } = files;
  const ca = await readFile(trust, 'utf8');
  if (certificate === undefined || privateKey === undefined) return { ca };
  return waitFor('a pair that belongs together', async () => {
    const [cert, key] = await Promise.all([readFile(certificate, 'utf8'), readFile(privateKey, 'utf8')]);
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) && { ca, cert, key };
  });
}

/** One new connection, without resumption, and one GET over it. @throws what TLS or the connection says. */
export async function tlsRequest(
  port: number,
  options: ConnectionOptions,
  path = '/',
  host = 'localhost',
): Promise<TlsAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<TlsAnswer>();
  const socket = connect({ host: '127.0.0.1', port, servername: host, ...options });
  let text = '';
  let certificate: X509Certificate | undefined;
  socket.setTimeout(5_000, () => socket.destroy(new Error('no answer within 5 s')));
  socket.on('error', reject);
  socket.once('secureConnect', () => {
    certificate = socket.getPeerX509Certificate();
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  });
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on('close', () => {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status === undefined || certificate === undefined) {
      reject(new Error('closed without an answer'));
      return;
    }
    const { serialNumber, publicKey } = certificate;
    const body = text.split('\r\n\r\n')[1] ?? '';
    resolve({ status: Number(status), serialNumber, keyType: publicKey.asymmetricKeyType, body });
  });
  return promise;
}

/** Clients that make new connections all the time, each with a full handshake, and keep account. */
export class HandshakeLoad implements AsyncDisposable {
  /** Handshakes or requests that failed. Must stay empty. */
  readonly failures: string[] = [];
  handshakes = 0;
  /** When each serial number was seen first. */
  readonly firstSeenMs = new Map<string, number>();
  readonly #workers: readonly Promise<void>[];
  #stopping = false;

  constructor(port: number, files: TlsClientFiles, connections = 4) {
    this.#workers = Array.from({ length: connections }, async () => {
      while (!this.#stopping) await this.#connect(port, files);
    });
  }

  async #connect(port: number, files: TlsClientFiles): Promise<void> {
    try {
      const { status, serialNumber } = await tlsRequest(port, await tlsOptions(files));
      this.handshakes++;
      if (!this.firstSeenMs.has(serialNumber)) this.firstSeenMs.set(serialNumber, Date.now());
      if (status !== 200) this.failures.push(`status ${status}`);
    } catch (thrown) {
      this.failures.push(String(thrown));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
  }
}
