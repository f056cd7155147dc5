import { AUTH_CODES } from './auth-codes.ts';
import { CERTIFICATE_CODES } from './certificate-codes.ts';
import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';
import { ENVOY_RULE_CODES } from './envoy-rule-codes.ts';
import { MESH_CODES } from './mesh-codes.ts';
import { REFERENCE_CODES } from './reference-codes.ts';
import { TOKEN_CODES } from './token-codes.ts';
import { TRAP_CODES } from './trap-codes.ts';

export type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/**
 * Every diagnostic about operators' files. Codes are stable: never reused, never renumbered.
 * 10xx files and YAML, 11xx schema, 12xx field rules, 13xx references, 14xx duplicates and conflicts,
 * 15xx certificates, 16xx accepted by Envoy although broken, 17xx loading, 18xx said by a real Envoy, 19xx auth chains, 20xx services and sidecars.
 */
export const DIAGNOSTIC_CODES = {
  AP1001: {
    title: 'The file is not valid YAML',
    reason: 'Nothing can be read from it.',
    hint: 'Correct the syntax at the position named.',
  },
  AP1002: {
    title: 'The file is empty',
    reason: 'An empty file is what a truncated save looks like.',
    hint: 'Write the file again, or delete it.',
  },
  AP1003: {
    title: 'The file is too large',
    reason: 'A file over the limit would block the control plane while it is read.',
    hint: 'Split the file; any number of files may describe one node group.',
  },
  AP1004: {
    title: 'The file cannot be read',
    reason: 'The operating system refused to open or read it.',
    hint: 'Check owner and mode of the file and its directories.',
  },
  AP1005: {
    title: 'The file is a link that leads out of the snapshot directory',
    reason: 'A link out of the directory would let whoever writes its target change what proxies run.',
    hint: 'Copy the file into the snapshot directory, or point --snapshots at the real one.',
  },
  AP1006: {
    title: 'The document expands too far',
    reason: 'Aliases or nesting make it larger or deeper than the limits allow, as a YAML bomb does.',
    hint: 'Write the values out, or split the file.',
  },
  AP1007: {
    title: 'The document is not a mapping',
    reason: 'A snapshot file is one YAML mapping of lists of resources.',
    hint: 'Start the file with keys such as `listeners:` and `clusters:`.',
  },
  AP1008: {
    title: 'The file is not text in UTF-8',
    reason: 'Bytes that are not UTF-8 would be replaced and change names silently.',
    hint: 'Save the file as UTF-8.',
  },
  AP1101: {
    title: 'Unknown field',
    reason: 'A misspelt field would be ignored by a lenient parser, and with it what it was to protect.',
    hint: 'Check the spelling against the message named; `authplane schema` gives editors completion.',
  },
  AP1102: {
    title: 'Wrong type of value',
    reason: 'The value does not fit the field.',
    hint: 'Write the value in the form the message names (canonical proto3 JSON).',
  },
  AP1103: {
    title: 'Unknown or missing @type',
    reason: 'A typed_config must name a message of the Envoy API this release knows.',
    hint: 'Write "@type": type.googleapis.com/ and the full message name.',
  },
  AP1104: {
    title: 'The resource has no name',
    reason: 'Proxies ask for resources by name; one without a name cannot be served.',
    hint: 'Set `name` (`cluster_name` for endpoints).',
  },
  AP1105: {
    title: 'The virtual host is not named after its route configuration',
    reason: 'Proxies ask for virtual hosts (VHDS) as `<route configuration>/<domain>`.',
    hint: 'Name it `<route configuration>/<name>`, with the route configuration that has `vhds`.',
  },
  AP1106: {
    title: 'The wrapped resource sets what authplane decides',
    reason:
      "Version, TTL and cache control in envoy.service.discovery.v3.Resource are the control plane's own.",
    hint: 'Write the resource itself with its "@type", without the wrapper.',
  },
  AP1201: {
    title: 'A field rule of the Envoy API is violated',
    reason: 'Envoy checks the same rule and would refuse the resource.',
    hint: 'Change the value so that it meets the rule.',
  },
  ...ENVOY_RULE_CODES,
  ...REFERENCE_CODES,
  ...CERTIFICATE_CODES,
  ...TRAP_CODES,
  AP1701: {
    title: 'The load would remove too many resources',
    reason:
      'More than 10 resources of a type and more than 30 % of them disappear at once, as after a half-finished copy.',
    hint: 'Restore the files, or confirm the removal with `authplane confirm HASH --state-dir DIR`.',
  },
  AP1702: {
    title: 'There is no snapshot file',
    reason:
      'An empty directory is what an unmounted disk looks like, so nothing is taken away from any proxy.',
    hint: 'Restore the files, or confirm the removal with `authplane confirm HASH --state-dir DIR`.',
  },
  AP1703: {
    title: 'It is not known which proxies the file is for',
    reason: 'The file is new and its `node:` cannot be read, so any node group may be incomplete without it.',
    hint: 'Correct the file, or delete it: until then every node group keeps what it has.',
  },
  AP1801: {
    title: 'A real Envoy refuses the configuration',
    reason:
      '`authplane validate --envoy` gave it to an Envoy in validate mode, which checks more than the API says.',
    hint: 'Correct what the message names; the place is that of the first resource in it.',
  },
  ...AUTH_CODES,
  ...MESH_CODES,
  ...TOKEN_CODES,
} as const satisfies Record<string, DiagnosticCodeEntry>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
