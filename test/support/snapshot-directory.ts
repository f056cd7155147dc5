import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';

/** Edits a snapshot directory as a careful operator does: a file appears whole or not at all. */
export class SnapshotDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Text is written as it is, anything else as JSON, which is YAML. */
  async write(name: string, content: unknown): Promise<void> {
    const target = join(this.path, name);
    await mkdir(dirname(target), { recursive: true });
    const staging = `${target}.tmp`;
    await writeFile(staging, typeof content === 'string' ? content : JSON.stringify(content, null, 1), {
      mode: 0o600,
    });
    await rename(staging, target);
  }

  async read(name: string): Promise<string> {
    return readFile(join(this.path, name), 'utf8');
  }

  /** Replaces text in a file. @throws when it is not there. */
  async edit(name: string, from: string, to: string): Promise<void> {
    const text = await this.read(name);
    if (!text.includes(from)) throw new Error(`${name} does not contain ${from}`);
    await this.write(name, text.replaceAll(from, to));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { recursive: true });
  }

  /** Writes `NAME.pem` and `NAME.key`, in the order in which most tools do: a pair does not match for a moment. */
  async writeCertificate(name: string, certificate: IssuedCertificate): Promise<void> {
    await this.write(`${name}.pem`, certificate.chainPem);
    await this.write(`${name}.key`, certificate.privateKeyPem);
  }
}
