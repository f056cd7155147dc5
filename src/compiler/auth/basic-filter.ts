import { diagnosticAt } from '../resource-group.ts';
import type { ChainContext } from './chain-context.ts';
import { onlyWithHeader } from './conditional-filter.ts';
import { authenticatorsOf, hasAlternatives, identityHeaders } from './credentials.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';
import { readTextAsset } from './read-asset.ts';

/** Base64 of a SHA-1 hash. */
const HASH = /^[A-Za-z0-9+/]{27}=$/;

/** Takes a name and a password (Envoy's basic_auth). The name goes into a header for the upstream. */
export function basicFilter({ chain, assets }: ChainContext): ChainPart {
  const [authenticator] = authenticatorsOf(chain.spec, 'basic');
  const userHeader = identityHeaders(chain.spec).basicUser;
  if (authenticator === undefined || userHeader === undefined) return NO_PART;
  const place = chain.at(['authenticate', authenticator.index, 'basic', 'file']);
  const read = readTextAsset(assets, chain.resolve(authenticator.spec.file), place);
  if (read.text === undefined) return { filters: [], diagnostics: [read.diagnostic] };
  const { users, problems } = readUsers(read.text);
  const { realm } = authenticator.spec;
  const filter = httpFilter(`${chain.spec.name}/basic`, 'basic_auth.v3.BasicAuth', {
    users: { inline_string: users.join('\n') },
    forward_username_header: userHeader,
    ...(realm === '' ? {} : { realm }),
  });
  const match = { prefix: 'basic ', ignore_case: true };
  return {
    filters: hasAlternatives(chain.spec) ? [onlyWithHeader(filter, 'authorization', match)] : [filter],
    diagnostics: problems.map(message => diagnosticAt(place, undefined, { code: 'AP1906', message })),
  };
}

/** Lines `name:{SHA}hash`. Messages name lines, never hashes. */
function readUsers(text: string): {
  readonly users: readonly string[];
  readonly problems: readonly string[];
} {
  const users: string[] = [];
  const problems: string[] = [];
  const names = new Set<string>();
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const [, name, hash] = /^([^:\s]+):\{SHA\}(.*)$/.exec(line) ?? [];
    if (name === undefined || hash === undefined || !HASH.test(hash)) {
      problems.push(`line ${index + 1} of the file is not name:{SHA}hash`);
    } else if (names.has(name)) {
      problems.push(`the name in line ${index + 1} of the file stands before`);
    } else {
      names.add(name);
      users.push(line);
    }
  });
  if (users.length === 0 && problems.length === 0) problems.push('the file has no user');
  return { users, problems };
}
