import type { Diagnostic, DocumentPath } from '../../resources/diagnostic.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { AuthChainSpec } from './auth-spec.ts';
import type { ChainContext } from './chain-context.ts';
import { apiKeyHeader, authenticatorsOf, identityHeaders } from './credentials.ts';
import { jwtProviderNames } from './jwt-filter.ts';
import { ID_TOKEN_HEADER } from './oauth2-filter.ts';

/** Headers that no chain may set: they decide where a request goes and who sent it. */
const FORBIDDEN =
  /^(:.*|host|authorization|cookie|connection|content-length|transfer-encoding|te|upgrade|x-forwarded-.*|x-envoy-.*)$/;

/** Request headers that a chain sets itself, lower-cased: nobody outside may send them. */
export function headersSetBy(chain: AuthChainSpec): readonly string[] {
  const { apiKeyClient, basicUser } = identityHeaders(chain);
  const identity = [apiKeyClient, basicUser].filter(name => name !== undefined);
  const idToken = authenticatorsOf(chain, 'oauth2').some(({ spec }) => spec.verify === 1);
  const external = chain.authorize?.external?.http?.upstreamHeaders ?? [];
  const login = idToken ? [ID_TOKEN_HEADER] : [];
  return [...identity, ...login, ...chain.setHeaders.map(({ name }) => name), ...external].map(name =>
    name.toLowerCase(),
  );
}

/** AP1928: headers that a chain must not set, or sets twice. */
export function chainHeaderProblems({ chain, providers }: ChainContext): readonly Diagnostic[] {
  const problems: Diagnostic[] = [];
  const setters = new Map<string, string>();
  const note = (name: string, setter: string, path: DocumentPath): void => {
    const header = name.toLowerCase();
    const other = setters.get(header);
    setters.set(header, setter);
    const isCredential = header === apiKeyHeader(chain.spec);
    if (FORBIDDEN.test(header) || isCredential) {
      const message = `header "${name}" must not be set by ${setter}`;
      problems.push(diagnosticAt(chain.at(path), undefined, { code: 'AP1928', message }));
    } else if (other !== undefined) {
      const message = `header "${name}" is set by ${other} and by ${setter}`;
      problems.push(diagnosticAt(chain.at(path), undefined, { code: 'AP1928', message }));
    }
  };
  const { apiKeyClient, basicUser } = identityHeaders(chain.spec);
  for (const name of jwtProviderNames({ chain })) {
    // Only one of the providers verifies a request, so two of them may set one header.
    const headers = new Set(providers.get(name)?.headers.map(header => header.toLowerCase()));
    for (const header of headers)
      if (setters.get(header) !== 'a claim') note(header, 'a claim', ['authenticate']);
  }
  for (const { index } of authenticatorsOf(chain.spec, 'apiKey').slice(0, 1)) {
    if (apiKeyClient !== undefined) note(apiKeyClient, 'the API key', ['authenticate', index, 'api_key']);
  }
  for (const { index } of authenticatorsOf(chain.spec, 'basic').slice(0, 1)) {
    if (basicUser !== undefined) note(basicUser, 'the password', ['authenticate', index, 'basic']);
  }
  chain.spec.setHeaders.forEach(({ name }, index) => {
    note(name, 'set_headers', ['set_headers', index, 'name']);
  });
  (chain.spec.authorize?.external?.http?.upstreamHeaders ?? []).forEach((name, index) => {
    note(name, 'the external service', ['authorize', 'external', 'http', 'upstream_headers', index]);
  });
  return problems;
}
