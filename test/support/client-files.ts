import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../../scripts/paths.ts';
import type { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';

/** /etc/envoy/certs of envoy-bootstrap/README.md, below `directory`. */
export async function writeClientFiles(
  directory: string,
  authority: CertificateAuthority,
  own: IssuedCertificate,
): Promise<void> {
  const generation = join(directory, 'gen1');
  await mkdir(generation, { recursive: true });
  await writeFile(join(generation, 'tls.crt'), own.chainPem);
  await writeFile(join(generation, 'tls.key'), own.privateKeyPem, { mode: 0o600 });
  await writeFile(join(generation, 'ca.crt'), authority.certificatePem);
  await symlink('gen1', join(directory, 'current'));
  for (const name of ['client.yaml', 'ca.yaml']) {
    const text = await readFile(join(REPOSITORY, 'envoy-bootstrap', 'certs', name), 'utf8');
    await writeFile(join(directory, name), text.replaceAll('/etc/envoy/certs', directory));
  }
}
