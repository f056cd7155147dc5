import type { DiagnosticCodeEntry } from './diagnostic-code-entry.ts';

/** JWT providers, auth chains, policies, and what routes say about them (19xx). */
export const AUTH_CODES = {
  AP1901: {
    title: 'A provider, chain or policy that is named does not exist',
    reason: 'Whatever was to be protected by it would be protected by nothing.',
    hint: 'Check the spelling, and that the file with the entry is for the same proxies.',
  },
  AP1902: {
    title: 'Two providers, chains or policies of one name',
    reason: 'Nobody could tell which of them protects a route.',
    hint: 'Rename or remove one of them.',
  },
  AP1903: {
    title: 'A file that an auth chain or provider names cannot be read',
    reason: 'Without its keys or users nobody could be verified.',
    hint: 'Check that the path is right, relative to the snapshot file, and that authplane may read the file.',
  },
  AP1904: {
    title: 'A key set cannot be used',
    reason:
      'Symmetric keys let whoever sees the configuration sign tokens; a key without alg lets the token choose the algorithm; a set without keys verifies nothing.',
    hint: 'Publish asymmetric public keys, each with kid, alg and use: sig.',
  },
  AP1905: {
    title: 'A file with API keys has a line that is not client:key',
    reason: 'The key would be refused, or be taken for another.',
    hint: 'Write `client:key` in each line; a key stands once, and has 16 characters or more.',
  },
  AP1906: {
    title: 'An htpasswd file has a line that Envoy does not take',
    reason: 'Envoy reads SHA-1 entries only, and refuses a file with any other.',
    hint: 'Make the entries with `htpasswd -s`: name:{SHA}hash, each name once.',
  },
  AP1907: {
    title: 'A policy says nothing',
    reason: 'A policy whose conditions were emptied would match everybody.',
    hint: 'Say who is meant; `any_authenticated: true` is everybody whom the chain has authenticated.',
  },
  AP1908: {
    title: 'A chain lists policies of which none allows anything',
    reason: 'Nothing matched is denied, so the chain would refuse every request.',
    hint: 'Add a policy with `effect: allow` and `mode: enforce`.',
  },
  AP1909: {
    title: 'A CEL expression cannot be read',
    reason: 'Envoy gets the parsed expression.',
    hint: 'Correct the syntax at the position named.',
  },
  AP1910: {
    title: 'A CEL expression that Envoy cannot run',
    reason: 'Envoy evaluates CEL without comprehensions and knows only its own attributes and functions.',
    hint: 'Use the attributes of Envoy, or leave the decision to an external service (`authorize.external`).',
  },
  AP1911: {
    title: 'More policies than Envoy handles well',
    reason:
      'Envoy tries them one after the other, at about 0.15 µs for each and 0.7 µs with `when`, for every request.',
    hint: 'Split the chain by route, put values of one kind into one policy, or use `authorize.external`.',
  },
  AP1912: {
    title: 'A policy denies paths',
    reason:
      'Upstreams may read a path differently (case, encoding, `;`), so a list of what is denied has gaps.',
    hint: 'Allow the paths that are meant instead: what nothing allows is denied.',
  },
  AP1913: {
    title: 'A connection manager with an auth chain has its routes inline',
    reason: 'Every change of a route would change the listener and drain its connections.',
    hint: 'Move the route configuration to `routes:` and name it in `rds`.',
  },
  AP1914: {
    title: 'A setting of a connection manager weakens its auth chain',
    reason:
      'Paths that are not normalised, escaped slashes, and client certificates taken from headers get around policies.',
    hint: 'Remove the setting; authplane sets the safe value.',
  },
  AP1915: {
    title: 'A filter after the auth chain may change the route',
    reason: 'The request would go where nobody has authorized it to go.',
    hint: 'Put the filter before the AuthChain filter.',
  },
  AP1916: {
    title: 'A public route is wider than it looks',
    reason: 'A prefix that does not end with `/` also matches longer names: `/public` opens `/public-admin`.',
    hint: 'Use `path` or `path_separated_prefix`, or end the prefix with `/`.',
  },
  AP1917: {
    title: 'A route configuration is used with and without an auth chain',
    reason: 'Its protected routes would be open through the other listener, or follow a chain by chance.',
    hint: 'Give every connection manager that uses the routes the same AuthChain filter, or a route configuration of its own.',
  },
  AP1918: {
    title: 'An auth chain is selected where it has no effect',
    reason: 'Envoy takes it from route configurations, virtual hosts and routes only.',
    hint: 'Write AuthChainPerRoute at the route, under the name of the AuthChain filter of the listener.',
  },
  AP1919: {
    title: 'A name that authplane keeps for itself',
    reason: 'By these names the guard of a listener tells which requests have passed their chain.',
    hint: 'Use another name: not the metadata namespace `authplane`, not filters or resources that start with `authplane/`.',
  },
  AP1920: {
    title: 'More auth chains than there are slots',
    reason: 'Half of the slots stay free, so that chains can be exchanged without refusing a request.',
    hint: 'Raise `--auth-slots`, or split the node group.',
  },
  AP1921: {
    title: 'A chain takes client certificates that the listener does not verify',
    reason: 'Only a certificate that the listener has verified counts, so no caller could get in with one.',
    hint: 'Give the TLS context of the listener a validation context with a CA.',
  },
  AP1922: {
    title: 'Not a network in CIDR form',
    reason: 'Envoy would refuse the chain.',
    hint: 'Write an address and a length, such as 10.0.0.0/8 or 2001:db8::/32.',
  },
  AP1923: {
    title: 'The keys of a provider have not been fetched yet',
    reason: 'Until they are, chains that need them deny every request.',
    hint: 'Check that the URL answers; authplane goes on trying.',
  },
  AP1924: {
    title: 'The edit makes a route less protected',
    reason: 'Most doors are left open by an edit that was meant to do something else.',
    hint: 'If it is meant, add an entry to `posture_waivers` with a reason and an expiry.',
  },
  AP1925: {
    title: 'A waiver lets an edit pass that makes a route less protected',
    reason: 'Whoever reads the log should know.',
    hint: 'Remove the waiver once the edit is live.',
  },
  AP1926: {
    title: 'A connection manager has filters beside its auth chain',
    reason: 'Requests that take them would never meet the chain.',
    hint: 'Use one AuthChain filter, and no filters in upgrade_configs.',
  },
  AP1927: {
    title: 'A policy asks for what the chain does not authenticate',
    reason: 'It can never match in this chain.',
    hint: 'Add the way of authentication to the chain, or remove the policy from it.',
  },
  AP1928: {
    title: 'A chain sets or reads a header that it must not',
    reason: 'Two parts of a chain would overwrite each other, or credentials could be forged.',
    hint: 'Give each of them a header of its own.',
  },
  AP1929: {
    title: 'A key set would be fetched over a connection that anybody can change',
    reason: 'Whoever changes the answer could sign tokens.',
    hint: 'Use https; http is for loopback addresses only.',
  },
  AP1930: {
    title: 'An exchange needs a provider of the token service',
    reason:
      'What the token service gives is verified with its own keys; another provider would refuse all of it.',
    hint: 'Name an entry of jwt_providers with `jwks: {token_service: true}`.',
  },
} as const satisfies Record<string, DiagnosticCodeEntry>;
