/** What docs/errors.md says about one code. */
export interface DiagnosticCodeEntry {
  /** One line: what is wrong. */
  readonly title: string;
  /** Why authplane refuses it or warns. */
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}

/**
 * Every diagnostic about operators' files. Codes are stable: never reused, never renumbered.
 * 10xx files and YAML, 11xx schema, 12xx field rules, 13xx references, 14xx duplicates and conflicts,
 * 15xx certificates, 16xx accepted by Envoy although broken, 17xx loading.
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
  AP1201: {
    title: 'A field rule of the Envoy API is violated',
    reason: 'Envoy checks the same rule and would refuse the resource.',
    hint: 'Change the value so that it meets the rule.',
  },
  AP1301: {
    title: 'Unknown cluster',
    reason: 'Requests to it would be answered 503; a filter that needs it would fail.',
    hint: 'Define the cluster in a file that the same nodes match, or correct the name.',
  },
  AP1302: {
    title: 'Unknown endpoints',
    reason: 'An EDS cluster without a ClusterLoadAssignment keeps Envoy warming until its fetch timeout.',
    hint: 'Add an entry to `endpoints:` with this cluster_name (it may have no endpoints).',
  },
  AP1303: {
    title: 'Unknown route configuration',
    reason: 'The listener would wait for it and then answer 404.',
    hint: 'Add the RouteConfiguration to `routes:` or correct the name.',
  },
  AP1304: {
    title: 'Unknown secret',
    reason: 'Envoy would wait for it and then reset every connection.',
    hint: 'Add it to `secrets:`, `certificates:` or `trust_bundles:`, or correct the name.',
  },
  AP1305: {
    title: 'Unknown extension configuration',
    reason: 'Without it Envoy answers 500 after the fetch timeout.',
    hint: 'Add it to `extension_configs:` or correct the name.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
