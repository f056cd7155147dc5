import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** Certificates, trust bundles and revocation lists (15xx). */
export const CERTIFICATE_CODES = {
  AP1501: {
    title: 'A file that is named cannot be read',
    reason: 'Without its certificate a listener resets every connection.',
    hint: 'Check that the path is right, relative to the snapshot file, and that authplane may read the file.',
  },
  AP1502: {
    title: 'A PEM file is half-written',
    reason: 'A block without its END line is what a file looks like while it is copied.',
    hint: 'Wait until it is written, or copy it again; write to another name and rename.',
  },
  AP1503: {
    title: 'Not a certificate in PEM form',
    reason: 'Envoy would refuse the secret.',
    hint: 'Write certificates as PEM blocks: -----BEGIN CERTIFICATE-----.',
  },
  AP1504: {
    title: 'Certificates of a chain are in the wrong order',
    reason: 'Clients that need the intermediate CAs cannot build the chain.',
    hint: 'Put the certificate of the server first, then each CA that signed the one before.',
  },
  AP1505: {
    title: 'The private key belongs to another certificate',
    reason: 'Envoy would refuse the pair.',
    hint: 'Replace certificate and key together.',
  },
  AP1506: {
    title: 'The key of a certificate is too weak or of a kind that Envoy does not take',
    reason: 'Envoy takes RSA keys of 2048 bits and more, and EC keys on P-256, P-384 and P-521.',
    hint: 'Issue the certificate again with such a key.',
  },
  AP1507: {
    title: 'A certificate has expired',
    reason: 'Envoy takes it, and then every client fails.',
    hint: 'Replace the certificate.',
  },
  AP1508: {
    title: 'A certificate is not valid yet',
    reason: 'Envoy takes it, and then every client fails.',
    hint: 'Wait, correct the clock of this machine, or issue the certificate again.',
  },
  AP1509: {
    title: 'A certificate expires in less than 7 days',
    reason: 'When it does, every client fails.',
    hint: 'Replace the certificate in time.',
  },
  AP1510: {
    title: 'The private key is encrypted',
    reason: 'Envoy would need the passphrase.',
    hint: 'Store the key without a passphrase, readable by authplane alone.',
  },
  AP1511: {
    title: 'Not a private key in PEM form',
    reason: 'Envoy would refuse the secret.',
    hint: 'Write the key as one PEM block: -----BEGIN PRIVATE KEY-----.',
  },
  AP1512: {
    title: 'A trust bundle holds no CA',
    reason: 'No client certificate could be verified.',
    hint: 'Put the certificates of the CAs into the bundle.',
  },
  AP1513: {
    title: 'Not a revocation list in PEM form',
    reason: 'Envoy takes it, and then every new connection fails.',
    hint: 'Write the lists as PEM blocks: -----BEGIN X509 CRL-----.',
  },
  AP1514: {
    title: 'A revocation list is out of date',
    reason: 'Envoy takes it, and then every new connection fails.',
    hint: 'Fetch the current list from the CA.',
  },
  AP1515: {
    title: 'A revocation list is not of a CA of the bundle',
    reason: 'Envoy takes it, and then every new connection fails.',
    hint: 'Use the list that this CA signed, or add its CA to the bundle.',
  },
  AP1516: {
    title: 'A CA of the bundle has no revocation list',
    reason:
      'Envoy checks every certificate of a chain as soon as there is one list, and refuses all chains with this CA.',
    hint: 'Add the list of this CA to the file, or remove the lists altogether.',
  },
  AP1517: {
    title: 'A revocation list is not valid yet',
    reason: 'Envoy takes it, and then every new connection fails.',
    hint: 'Correct the clock of this machine, or issue the list again.',
  },
  AP1518: {
    title: 'A revocation list together with a SPIFFE trust domain',
    reason:
      'The SPIFFE validator of Envoy does not read revocation lists: revoked certificates would be accepted.',
    hint: 'Remove `crl` and use short-lived certificates, or remove `spiffe_trust_domain` and match the domain in the listener.',
  },
  AP1519: {
    title: 'The files of a secret are named twice or not at all',
    reason: 'Which of them the secret is made of would not be clear.',
    hint: 'Give exactly one source: the paths themselves, or a directory in the layout of Kubernetes.',
  },
  AP1520: {
    title: 'A session ticket key of the wrong length',
    reason: 'Envoy refuses the secret.',
    hint: 'Make one with `openssl rand -out ticket.key 80`; it is binary, not text.',
  },
  AP1521: {
    title: 'The file of a secret is empty',
    reason: 'An empty secret is one that everybody knows.',
    hint: 'Write the secret into the file; an empty file is also what a save looks like while it goes on.',
  },
  AP1522: {
    title: 'A grant for nobody',
    reason: 'A listener that needs the secret would refuse every connection.',
    hint: 'Name SPIFFE IDs or groups, or remove the grant: then the proxies that use the secret get it.',
  },
  AP1523: {
    title: 'A grant without its secret, or a second one',
    reason: 'A misspelt name would leave the secret open to all proxies of the group.',
    hint: 'Correct the name, and write one grant for each secret.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
