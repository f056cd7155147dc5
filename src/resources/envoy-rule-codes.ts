import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** What Envoy refuses although no field rule says so (125x, 126x). */
export const ENVOY_RULE_CODES = {
  AP1250: {
    title: 'Not a regular expression of RE2',
    reason: 'Envoy refuses the resource.',
    hint: 'Use the syntax of RE2 (https://github.com/google/re2/wiki/Syntax): no look-around, no back references.',
  },
  AP1251: {
    title: 'A duration out of range',
    reason: 'Envoy refuses the resource.',
    hint: 'Write a duration of 0s or more.',
  },
  AP1252: {
    title: 'A TLS context or certificate is incomplete',
    reason: 'Envoy refuses the resource.',
    hint: 'Add what the message names.',
  },
  AP1253: {
    title: 'A key set (JWKS) cannot be used',
    reason: 'Envoy refuses the filter, or no token can be verified.',
    hint: 'Copy the key set of the issuer as it is: {"keys": [...]}.',
  },
  AP1254: {
    title: 'A filter chain does not end with its terminal filter',
    reason: 'Envoy refuses the listener.',
    hint: 'Put the terminal filter (for HTTP: the router) last, and only there.',
  },
  AP1255: {
    title: 'A route that Envoy refuses or that no request can match',
    reason: 'Envoy checks routes further than the field rules say.',
    hint: 'Change what the message names.',
  },
  AP1256: {
    title: 'A cluster that Envoy refuses',
    reason: 'Fields of the cluster do not fit its type.',
    hint: 'Change what the message names.',
  },
  AP1257: {
    title: 'Endpoints that Envoy refuses',
    reason: 'Envoy checks endpoints further than the field rules say.',
    hint: 'Change what the message names.',
  },
  AP1258: {
    title: 'A listener that Envoy refuses',
    reason: 'Envoy checks listeners further than the field rules say.',
    hint: 'Change what the message names.',
  },
  AP1259: {
    title: 'An extension that Envoy does not have there, or one without configuration',
    reason: 'Envoy refuses the resource.',
    hint: 'Write typed_config with the @type of an extension for this place.',
  },
  AP1260: {
    title: 'A format string is not valid',
    reason: 'Envoy refuses the resource.',
    hint: 'Use the command operators of the access log format; write %% for a percent sign.',
  },
  AP1261: {
    title: 'A filter for authentication that Envoy refuses',
    reason: 'Envoy checks it further than the field rules say.',
    hint: 'Change what the message names.',
  },
  AP1262: {
    title: 'The v2 API is named',
    reason: 'Envoy has removed it and refuses the resource.',
    hint: 'Write V3.',
  },
  AP1263: {
    title: 'An expression (CEL) that Envoy cannot evaluate',
    reason: 'Envoy refuses the filter.',
    hint: 'Correct the expression tree at the place named.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
