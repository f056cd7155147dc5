/** Cipher suites of BoringSSL up to TLS 1.2, by the names that Envoy takes. */
const CIPHER_SUITES: ReadonlySet<string> = new Set([
  'AES128-GCM-SHA256',
  'AES128-SHA',
  'AES256-GCM-SHA384',
  'AES256-SHA',
  'DES-CBC3-SHA',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-PSK-AES128-CBC-SHA',
  'ECDHE-PSK-AES256-CBC-SHA',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'PSK-AES128-CBC-SHA',
  'PSK-AES256-CBC-SHA',
]);
/** Groups of suites and standard (IETF) names, with the operators of OpenSSL; not looked into. */
const CIPHER_ALIAS = /^[-+!]?(?:ALL|[A-Z0-9]{2,12}(?:\+[A-Z0-9]{2,12})*|TLS_(?:ECDHE|RSA|PSK)_[A-Z0-9_]+)$/;
const CURVES: ReadonlySet<string> = new Set(['P-224', 'P-256', 'P-384', 'P-521', 'X25519', 'X25519MLKEM768']);

/** True for an entry of `cipher_suites`: a suite, or `[A|B]` for suites of equal preference. */
export function isCipherSuite(text: string): boolean {
  const group = /^\[(.+)\]$/.exec(text)?.[1];
  if (group !== undefined) return group.split('|').every(isCipherSuite);
  return CIPHER_SUITES.has(text.replace(/^[-+!]/, '')) || CIPHER_ALIAS.test(text);
}

/** True for an entry of `ecdh_curves`. */
export function isCurve(text: string): boolean {
  return CURVES.has(text);
}
