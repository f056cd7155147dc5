import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** Names that lead nowhere (13xx), duplicates and conflicts (14xx). */
export const REFERENCE_CODES = {
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
  AP1306: {
    title: 'A secret without sds_config',
    reason:
      'Without it Envoy looks in its bootstrap only, and refuses the resource when it finds nothing there.',
    hint: 'Add `sds_config: {ads: {}, resource_api_version: V3}`.',
  },
  AP1307: {
    title: 'The named resource is of another type',
    reason: 'Envoy would refuse it where it is used, or wait for ever.',
    hint: 'Name a resource of the right type, or correct `type_urls`.',
  },
  AP1308: {
    title: 'Unknown JWT requirement',
    reason: 'Envoy takes the route and then answers 403 to every request.',
    hint: 'Use a name of the requirement_map of the filter.',
  },
  AP1309: {
    title: 'Unknown JWT provider',
    reason: 'A requirement that names no provider cannot be met as it was meant.',
    hint: 'Use a name of the providers of the filter.',
  },
  AP1310: {
    title: 'Endpoints that no cluster asks for',
    reason: 'Envoy never asks for them; the name is probably misspelt.',
    hint: 'Correct the name on one side, or remove them.',
  },
  AP1311: {
    title: 'A route configuration that nothing asks for',
    reason: 'Envoy never asks for it; the name is probably misspelt.',
    hint: 'Correct the name on one side, or remove it.',
  },
  AP1312: {
    title: 'An extension configuration that nothing asks for',
    reason: 'Envoy never asks for it; the name is probably misspelt.',
    hint: 'Correct the name on one side, or remove it.',
  },
  AP1313: {
    title: 'A secret that no proxy gets',
    reason:
      'Secrets go to the proxies whose resources refer to them, or to whom they are granted; here there is none.',
    hint: 'Correct the name on one side, remove it, or write a `grant` for proxies that name it in their bootstrap.',
  },
  AP1401: {
    title: 'A resource is defined twice',
    reason:
      'Two definitions of one name in one node group: which one proxies run would depend on the order of files.',
    hint: 'Remove or rename one of the two.',
  },
  AP1402: {
    title: 'Files of one node group set different versions',
    reason: 'A node group has one version.',
    hint: 'Set `version` in one file only, or to the same value.',
  },
  AP1403: {
    title: 'Two listeners have the same address',
    reason: 'Envoy refuses the second one.',
    hint: 'Give one of them another address or port.',
  },
  AP1404: {
    title: 'A listener on all addresses overlaps with one on a single address',
    reason:
      'Which of them gets a connection is up to the operating system, and on some systems the second cannot listen.',
    hint: 'Use different ports, or one listener.',
  },
  AP1405: {
    title: 'Different config sources for one name',
    reason: 'Envoy keeps two subscriptions under one name, and the second one may wait for ever.',
    hint: 'Write the same config source everywhere: `{ads: {}, resource_api_version: V3}`.',
  },
  AP1406: {
    title: 'A name or domain stands twice in a route configuration',
    reason: 'Envoy refuses it: which one applies would depend on the order.',
    hint: 'Remove or rename one of the two.',
  },
  AP1407: {
    title: 'Two filters of a chain have the same name',
    reason: 'Routes configure filters by name, so one of them could not be told from the other.',
    hint: 'Give each filter a name of its own.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
