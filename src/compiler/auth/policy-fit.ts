import type { Diagnostic } from '../../resources/diagnostic.ts';
import { diagnosticAt } from '../resource-group.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import type { AuthChainSpec, PolicySpec } from './auth-spec.ts';
import { authenticatorsOf } from './credentials.ts';

/** AP1927: policies that can never match, because the chain does not authenticate what they ask for. */
export function policyFitProblems(
  chain: DeclaredEntry<AuthChainSpec>,
  policies: readonly DeclaredEntry<PolicySpec>[],
): readonly Diagnostic[] {
  const providers = new Set([
    ...authenticatorsOf(chain.spec, 'jwt').map(({ spec }) => spec.provider),
    ...authenticatorsOf(chain.spec, 'oauth2').map(({ spec }) => spec.provider),
    ...authenticatorsOf(chain.spec, 'exchange').map(({ spec }) => spec.provider),
  ]);
  const has = {
    apiKey: authenticatorsOf(chain.spec, 'apiKey').length > 0,
    basic: authenticatorsOf(chain.spec, 'basic').length > 0,
  };
  return policies.flatMap(policy => {
    const { principals, name } = policy.spec;
    const missing: (readonly [what: string, field: string])[] = [];
    if (principals.jwt !== undefined && providers.size === 0) missing.push(['tokens', 'jwt']);
    const provider = principals.jwt?.provider ?? '';
    if (provider !== '' && providers.size > 0 && !providers.has(provider)) {
      missing.push([`tokens of provider "${provider}"`, 'jwt']);
    }
    if (principals.apiKeyClients.length > 0 && !has.apiKey) missing.push(['API keys', 'api_key_clients']);
    if (principals.basicUsers.length > 0 && !has.basic) missing.push(['passwords', 'basic_users']);
    return missing.map(([what, field]) => {
      const message = `policy "${name}" asks for ${what}, which chain "${chain.spec.name}" does not take`;
      return diagnosticAt(policy.at(['principals', field]), undefined, { code: 'AP1927', message });
    });
  });
}
