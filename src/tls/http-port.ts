import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

/** How a port for HTTP is protected. */
export interface PortTls {
  /** Calls back with the certificate to use, now and when it changes. @throws AuthplaneError TLS_FILES_INVALID. */
  readonly load: (apply: (context: SecureContextOptions) => void) => Promise<void>;
  /** No more calls back. */
  readonly stop: () => void;
  /** Clients are asked for a certificate. One that is wrong is not cut off: whoever answers says why. */
  readonly asksForCertificates: boolean;
}

export interface HttpPortOptions {
  /** Absent: plain HTTP. */
  readonly tls?: PortTls;
  /** Longest time that a request may take to arrive. */
  readonly requestTimeoutMs: number;
}

/** A server for HTTP, or HTTPS whose certificate can change while it runs. Makes what fastify calls a server factory. */
export class HttpPort {
  readonly #options: HttpPortOptions;
  #secure: SecureServer | undefined;

  constructor(options: HttpPortOptions) {
    this.#options = options;
  }

  readonly factory = (listener: RequestListener): Server => {
    const { tls, requestTimeoutMs } = this.#options;
    if (tls === undefined) return Object.assign(createServer(listener), { requestTimeout: requestTimeoutMs });
    const options = {
      minVersion: 'TLSv1.2',
      requestCert: tls.asksForCertificates,
      rejectUnauthorized: false,
    } as const;
    this.#secure = createSecureServer(options, listener);
    return Object.assign(this.#secure, { requestTimeout: requestTimeoutMs });
  };

  /** Before it listens. @throws AuthplaneError TLS_FILES_INVALID */
  async load(): Promise<void> {
    await this.#options.tls?.load(context => this.#secure?.setSecureContext(context));
  }

  stop(): void {
    this.#options.tls?.stop();
  }
}
