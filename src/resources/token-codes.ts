import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** Codes of the file of the token service. */
export const TOKEN_CODES = {
  AP2101: {
    title: 'A name in the token configuration is unknown',
    reason: 'A client, audience, scope or issuer that nobody declares can never be meant.',
    hint: 'Correct the name, or declare it.',
  },
  AP2102: {
    title: 'A name is declared twice',
    reason: 'It would not be certain which of the two counts.',
    hint: 'Remove or rename one of them.',
  },
  AP2103: {
    title: 'A key set cannot be used',
    reason:
      'The file is missing, is no JWKS, or has a key that must not be in it; nothing could be verified with it.',
    hint: 'Correct the file: public keys only, each with `alg`.',
  },
  AP2104: {
    title: 'The issuer is not reached over TLS',
    reason: 'Tokens and credentials would travel in clear text.',
    hint: 'Use https; http is for loopback addresses only.',
  },
  AP2105: {
    title: 'A claim or template would let a proof say what only the token service may say',
    reason: 'Registered claims are set by the token service; a copied one could change who a token is for.',
    hint: 'Copy claims under names of your own; name claims in a template as {claim}.',
  },
  AP2106: {
    title: 'An exchange can give nothing',
    reason: 'None of its scopes belongs to any of its audiences.',
    hint: 'List scopes of the audiences, or leave `scopes` out for tokens without scopes.',
  },
  AP2107: {
    title: 'A proxy may have more than what requests bring',
    reason:
      'A client with `edge` proves nothing, so whatever it may have in its own name anybody could have.',
    hint: 'Remove audiences, scopes and introspects; say in `exchanges` what it may exchange.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
