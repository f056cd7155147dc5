import { ServerCredentials } from '@grpc/grpc-js';
import type { SecureContextOptions } from 'node:tls';

/** Server credentials whose certificate can be replaced for new handshakes; connections that are up keep theirs. */
export class ReloadableCredentials extends ServerCredentials {
  constructor(requireClientCertificate: boolean) {
    const rejectUnauthorized = requireClientCertificate;
    super({ requestCert: requireClientCertificate, rejectUnauthorized, minVersion: 'TLSv1.2' });
  }

  replace(options: SecureContextOptions): void {
    this.updateSecureContextOptions(options);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
