import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { NamedPem } from '../certificates/certificate-issue.ts';
import type { Clock } from '../platform/clock.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import type { PeerCertificate } from './peer-certificate.ts';
import { assertListsUsable, RevokedClients } from './revoked-clients.ts';

/** PEM files of a port. */
export interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
  /** With it, clients must show a certificate that it signed (mutual TLS). */
  readonly clientCaPath?: string;
  /** Revocation lists of all CAs in it. */
  readonly clientCrlPath?: string;
}

/** Hints that a file may have changed; what they say is never trusted, only read again. */
export type WatchPaths = (paths: readonly string[], onHint: () => void) => Disposable;

/** What happens to the files of a port. */
export type TlsEvent =
  /** New handshakes see this certificate from now on. */
  | { readonly kind: 'tlsLoaded'; readonly notAfterMs: number; readonly fingerprint256: string }
  /** The files on disk cannot be used; the certificate before stays. */
  | { readonly kind: 'tlsRefused'; readonly message: string };

export interface ServerTlsParts {
  readonly clock: Clock;
  /** Must not throw. */
  readonly observe: (event: TlsEvent) => void;
  readonly watch?: WatchPaths;
}

export interface ServerTlsOptions {
  /** For messages, such as `xDS port`. */
  readonly title: string;
  readonly files: TlsFiles;
  /** How often the files are read even without a hint. */
  readonly pollMs: number;
}

interface TlsBytes {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: NamedPem | undefined;
  readonly crl: NamedPem | undefined;
  /** All of it, to see whether anything changed. */
  readonly content: Buffer;
}

interface Loaded {
  readonly context: SecureContextOptions;
  /** All bytes read, to see whether anything changed. */
  readonly content: Buffer;
  readonly certificate: X509Certificate;
  readonly revoked: RevokedClients;
}

/**
 * The certificate of a port, read again when its files change. Certificate, key and CA are read together and
 * checked before they are used; files that do not fit each other (half of a rotation) leave the old ones in force.
 */
export class ServerTls implements Disposable {
  readonly #parts: ServerTlsParts;
  readonly #options: ServerTlsOptions;
  #context: SecureContextOptions;
  #content: Buffer;
  #revoked: RevokedClients;
  #follower: (context: SecureContextOptions) => void = () => undefined;
  #refusedMessage = '';
  #timer: Disposable | undefined;
  #watch: Disposable | undefined;
  #disposed = false;
  #reading = false;

  private constructor(parts: ServerTlsParts, options: ServerTlsOptions, first: Loaded) {
    this.#parts = parts;
    this.#options = options;
    this.#context = first.context;
    this.#content = first.content;
    this.#revoked = first.revoked;
    this.#tellLoaded(first);
    this.#watch = parts.watch?.(pathsOf(options.files), () => void this.reload());
    this.#arm();
  }

  /** @throws AuthplaneError TLS_FILES_INVALID when the files cannot be used at the start. */
  static async load(parts: ServerTlsParts, options: ServerTlsOptions): Promise<ServerTls> {
    try {
      const bytes = await readFiles(options.files);
      return new ServerTls(parts, options, loadFiles(options.files, bytes, parts.clock.nowMs()));
    } catch (cause) {
      throw new AuthplaneError('TLS_FILES_INVALID', `${options.title}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Gives what new handshakes use: now, and whenever it changes. One follower at a time. */
  follow(follower: (context: SecureContextOptions) => void): void {
    this.#follower = follower;
    follower(this.#context);
  }

  /** Reads the files now. Never rejects: what cannot be used is told to the observer, once until it changes. */
  async reload(): Promise<void> {
    if (this.#reading || this.#disposed) return;
    this.#reading = true;
    try {
      const { files } = this.#options;
      const bytes = await readFiles(files);
      const nowMs = this.#parts.clock.nowMs();
      // Of files that have not changed only the time can make something bad.
      const isSame = bytes.content.equals(this.#content);
      if (isSame) checkLists(bytes, nowMs);
      const loaded = isSame ? undefined : loadFiles(files, bytes, nowMs);
      this.#refusedMessage = '';
      if (this.#isDisposed() || loaded === undefined) return;
      this.#content = loaded.content;
      this.#revoked = loaded.revoked;
      this.#context = loaded.context;
      this.#follower(loaded.context);
      this.#tellLoaded(loaded);
    } catch (thrown) {
      const message = messageOf(thrown);
      if (message === this.#refusedMessage) return;
      this.#refusedMessage = message;
      this.#parts.observe({ kind: 'tlsRefused', message });
    } finally {
      this.#reading = false;
    }
  }

  /** True when a revocation list in force names the certificate. */
  isRevoked(certificate: Pick<PeerCertificate, 'issuer' | 'serial'>): boolean {
    return this.#revoked.has(certificate);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #isDisposed(): boolean {
    return this.#disposed;
  }

  #arm(): void {
    this.#timer = this.#parts.clock.after(this.#options.pollMs, () => {
      void this.reload().then(() => {
        if (!this.#disposed) this.#arm();
      });
    });
  }

  #tellLoaded({ certificate }: Loaded): void {
    const notAfterMs = certificate.validToDate.getTime();
    this.#parts.observe({ kind: 'tlsLoaded', notAfterMs, fingerprint256: certificate.fingerprint256 });
  }
}

function pathsOf(files: TlsFiles): string[] {
  const { certPath, keyPath, clientCaPath, clientCrlPath } = files;
  return [certPath, keyPath, clientCaPath, clientCrlPath].filter(path => path !== undefined);
}

async function readFiles(files: TlsFiles): Promise<TlsBytes> {
  const [cert, key, ca, crl] = await Promise.all(
    [files.certPath, files.keyPath, files.clientCaPath, files.clientCrlPath].map(async path =>
      path === undefined ? undefined : { name: path, bytes: await readFile(path) },
    ),
  );
  if (cert === undefined || key === undefined) throw new Error('certificate and key are required');
  const parts = [cert, key, ca, crl].map(file => file?.bytes ?? Buffer.alloc(0));
  const content = Buffer.concat(parts.flatMap(part => [part, Buffer.from([0])]));
  return { cert: cert.bytes, key: key.bytes, ca, crl, content };
}

/** @throws Error when a revocation list cannot be used now. */
function checkLists({ ca, crl }: TlsBytes, nowMs: number): void {
  if (crl !== undefined) assertListsUsable(ca ?? { name: '', bytes: Buffer.alloc(0) }, crl, nowMs);
}

/** @throws Error that names the file, never its content. */
function loadFiles(files: TlsFiles, bytes: TlsBytes, nowMs: number): Loaded {
  const { cert, key, ca, crl, content } = bytes;
  const certificate = attempt(`${files.certPath} holds no certificate`, () => new X509Certificate(cert));
  const privateKey = attempt(`${files.keyPath} holds no usable private key`, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(`${files.keyPath} is not the key of ${files.certPath}`);
  }
  if (ca !== undefined) attempt(`${ca.name} holds no certificate`, () => new X509Certificate(ca.bytes));
  checkLists(bytes, nowMs);
  const context: SecureContextOptions = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca: Buffer.from(ca.bytes) }),
    ...(crl === undefined ? {} : { crl: Buffer.from(crl.bytes) }),
  };
  attempt(`${files.certPath} cannot be used by TLS`, () => createSecureContext(context));
  return { context, content, certificate, revoked: new RevokedClients(crl) };
}

/** Runs a parser and replaces its message, which could quote what it read. */
function attempt<T>(message: string, run: () => T): T {
  try {
    return run();
  } catch {
    throw new Error(message);
  }
}
