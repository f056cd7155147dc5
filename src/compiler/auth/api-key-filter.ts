import type { Diagnostic } from '../../resources/diagnostic.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { ChainContext } from './chain-context.ts';
import { onlyWithHeader } from './conditional-filter.ts';
import { apiKeyHeader, authenticatorsOf, hasAlternatives, identityHeaders } from './credentials.ts';
import { httpFilter, NO_PART, type ChainPart } from './nested-filter.ts';
import { readTextAsset } from './read-asset.ts';

/** A StringMatcher (xds.type.matcher.v3) that every value fits. */
const ANY_VALUE = { safe_regex: { google_re2: {}, regex: '.*' } };

/** Shorter keys can be guessed. */
const MIN_KEY_LENGTH = 16;

/** Takes API keys (Envoy's api_key_auth). The key is removed from the request; its client goes into a header. */
export function apiKeyFilter({ chain, assets }: ChainContext): ChainPart {
  const [authenticator] = authenticatorsOf(chain.spec, 'apiKey');
  const headerName = apiKeyHeader(chain.spec);
  const clientHeader = identityHeaders(chain.spec).apiKeyClient;
  if (authenticator === undefined || headerName === undefined || clientHeader === undefined) return NO_PART;
  const place = chain.at(['authenticate', authenticator.index, 'api_key', 'file']);
  const read = readTextAsset(assets, chain.resolve(authenticator.spec.file), place);
  if (read.text === undefined) return { filters: [], diagnostics: [read.diagnostic] };
  const { credentials, problems } = readKeys(read.text);
  const diagnostics = problems.map((message): Diagnostic =>
    diagnosticAt(place, undefined, { code: 'AP1905', message }),
  );
  const filter = httpFilter(`${chain.spec.name}/api-key`, 'api_key_auth.v3.ApiKeyAuth', {
    credentials: credentials.map(({ key, client }) => ({ key, client })),
    key_sources: [{ header: headerName }],
    forwarding: { header: clientHeader, hide_credentials: true },
  });
  const filters = hasAlternatives(chain.spec) ? [onlyWithHeader(filter, headerName, ANY_VALUE)] : [filter];
  return { filters, diagnostics };
}

interface ApiKey {
  readonly client: string;
  readonly key: string;
}

/** Lines `client:key`. Messages name lines, never keys. */
function readKeys(text: string): {
  readonly credentials: readonly ApiKey[];
  readonly problems: readonly string[];
} {
  const credentials: ApiKey[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const match = /^([^:\s]+):(\S+)$/.exec(line);
    const [, client, key] = match ?? [];
    if (client === undefined || key === undefined)
      problems.push(`line ${index + 1} of the file is not client:key`);
    else if (key.length < MIN_KEY_LENGTH)
      problems.push(`the key in line ${index + 1} of the file is too short`);
    else if (seen.has(key)) problems.push(`the key in line ${index + 1} of the file stands before`);
    else credentials.push({ client, key });
    if (key !== undefined) seen.add(key);
  });
  if (credentials.length === 0 && problems.length === 0) problems.push('the file has no key');
  return { credentials, problems };
}
