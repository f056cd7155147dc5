import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** What Envoy accepts although it is broken or open (16xx). */
export const TRAP_CODES = {
  AP1601: {
    title: 'Per-route configuration for a filter that the listener does not have',
    reason: 'Envoy ignores it without a word: what it was to protect is open.',
    hint: 'Use the name that the filter has in http_filters.',
  },
  AP1602: {
    title: 'A filter by ECDS without a default that denies at once',
    reason: 'Until the filter is delivered the listener refuses connections or answers 500.',
    hint: 'Set default_config to a filter that denies, and apply_default_config_without_warming: true.',
  },
  AP1603: {
    title: 'No TLS version is left',
    reason:
      'Envoy takes the context, and then every handshake fails. An upstream context ends at TLS 1.2 by default.',
    hint: 'Set tls_maximum_protocol_version: TLSv1_3 as well.',
  },
  AP1604: {
    title: 'A reverse tunnel without inner TLS',
    reason:
      'Envoy drops the TLS of the dial after the handshake: requests would cross the network in the clear.',
    hint: 'Add a TLS transport_socket to the filter chain of the rc:// listener and to the reverse-connection cluster.',
  },
  AP1605: {
    title: 'A reverse tunnel takes the node id as claimed',
    reason: 'Any node with a valid certificate could take over the traffic of another.',
    hint: 'Set validation.node_id_format to a value of the certificate: %DOWNSTREAM_PEER_DNS_SAN%.',
  },
  AP1606: {
    title: 'A client can choose the host of a cluster',
    reason: 'The cluster picks its host by a request header that the route does not set.',
    hint: 'Set the header in the route: request_headers_to_add with append_action OVERWRITE_IF_EXISTS_OR_ADD.',
  },
  AP1607: {
    title: 'Tokens are read without being verified',
    reason: 'Anybody can write such a token.',
    hint: 'Require a provider; for optional tokens use allow_missing.',
  },
  AP1608: {
    title: 'One set of CAs for several SPIFFE trust domains',
    reason: 'The CA of one domain could sign for an identity of another.',
    hint: 'Use the SPIFFE validator (envoy.tls.cert_validator.spiffe) with one bundle for each domain.',
  },
  AP1609: {
    title: 'Requests pass when the service fails',
    reason: 'Whoever can slow the service down gets around it.',
    hint: 'Remove failure_mode_allow.',
  },
  AP1610: {
    title: 'A key that others could sign with',
    reason:
      'The configuration is not secret enough for a key that signs, and a key without alg leaves the choice to the token.',
    hint: 'Use public keys only, each with its alg.',
  },
  AP1611: {
    title: 'A router inside a filter chain',
    reason: 'Envoy takes it, and the filters after it never run.',
    hint: 'Remove it; the router of the listener stands after the chain.',
  },
  AP1612: {
    title: 'A filter chain that lets everything pass',
    reason: 'Envoy takes a FilterChainConfig without default_filter_chain, and it does nothing.',
    hint: 'Set default_filter_chain.',
  },
  AP1613: {
    title: 'Filters of their own for upgrades',
    reason: 'Envoy takes them, and upgrades (WebSocket) go around the filters of the listener.',
    hint: 'Remove `filters` from upgrade_configs.',
  },
  AP1616: {
    title: 'Client certificates are demanded but not verified',
    reason: 'Envoy takes any certificate, also one that the client made itself.',
    hint: 'Add a validation context with a trusted CA.',
  },
  AP1617: {
    title: 'Certificate verification is weakened',
    reason: 'Certificates are taken that nobody vouches for any more.',
    hint: 'Remove the setting.',
  },
  AP1618: {
    title: 'The upstream is not verified',
    reason: 'Whoever can answer on the address of the upstream gets the requests.',
    hint: 'Add a validation context with a trusted CA and names.',
  },
  AP1619: {
    title: 'The default of a filter by ECDS does not deny',
    reason: 'Requests would pass until the filter is delivered.',
    hint: 'Use rules: {action: ALLOW, policies: {}}, which denies everything.',
  },
  AP1620: {
    title: 'An RBAC filter without rules',
    reason: 'Every request passes it.',
    hint: 'Add rules, or remove the filter.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
