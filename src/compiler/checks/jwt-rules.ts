import {
  isPlainMessage,
  mapField,
  oneofMember,
  oneofMessage,
  oneofString,
  stringField,
} from '../schema/plain-message.ts';
import { nearName } from '../schema/near-name.ts';
import type { WalkNode } from '../schema/visitor.ts';
import { filtersAround, filterTypeOf, isBesideChain } from './beside-chain.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { checkJwks } from './jwks.ts';
import { ancestorOf, inlineBytes } from './message-fields.ts';

const JWT = 'envoy.extensions.filters.http.jwt_authn.v3';
const RBAC = 'envoy.extensions.filters.http.rbac.v3.RBAC';

/** Names inside a jwt_authn filter (AP1308, AP1309), key sets in it (AP1253, AP1610), and requirements that verify nothing (AP1607). */
export const jwtRules: MessageChecks = {
  [`${JWT}.JwtProvider`]: checkProvider,
  [`${JWT}.JwtRequirement`]: checkRequirement,
  [`${JWT}.RequirementRule`]: checkRule,
};

function checkProvider(node: WalkNode, context: CheckContext): void {
  const bytes = inlineBytes(oneofMessage(node.message, 'jwksSourceSpecifier', 'localJwks'));
  if (bytes === undefined) return;
  for (const issue of checkJwks(new TextDecoder().decode(bytes))) context.report(node, ['local_jwks'], issue);
}

function checkRequirement(node: WalkNode, context: CheckContext): void {
  const requirement = oneofMember(node.message, 'requiresType');
  if (requirement?.case === 'extractOnlyWithoutValidation') {
    const message = 'extract_only_without_validation takes the claims of tokens that nobody verified';
    context.report(node, ['extract_only_without_validation'], { code: 'AP1607', message });
  } else if (requirement?.case === 'allowMissingOrFailed') {
    warnOfFailedTokens(node, context);
  } else if (requirement?.case === 'providerName' && typeof requirement.value === 'string') {
    checkProviderName(node, ['provider_name'], requirement.value, context);
  } else if (requirement?.case === 'providerAndAudiences' && isPlainMessage(requirement.value)) {
    const name = stringField(requirement.value, 'providerName');
    checkProviderName(node, ['provider_and_audiences', 'provider_name'], name, context);
  }
}

/** A wrong token passes: something behind the filter must look at what was verified. Refused beside an auth chain. */
function warnOfFailedTokens(node: WalkNode, context: CheckContext): void {
  const filters = filtersAround(node);
  const own = filters.findIndex(filter => filterTypeOf(filter) === `${JWT}.JwtAuthentication`);
  if (own < 0 || filters.slice(own + 1).some(filter => filterTypeOf(filter) === RBAC)) return;
  const severity = isBesideChain(node) ? 'error' : 'warning';
  const message = 'requests with a wrong token pass, and no RBAC filter follows that looks at the claims';
  context.report(node, ['allow_missing_or_failed'], { code: 'AP1607', severity, message });
}

function checkProviderName(
  node: WalkNode,
  path: readonly string[],
  name: string,
  context: CheckContext,
): void {
  const filter = ancestorOf(node, `${JWT}.JwtAuthentication`);
  if (filter === undefined) return;
  const known = mapField(filter.message, 'providers').map(([provider]) => provider);
  if (known.includes(name)) return;
  const near = nearName(name, known);
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`;
  context.report(node, path, { code: 'AP1309', message: `unknown JWT provider "${name}"${suggestion}` });
}

function checkRule(node: WalkNode, context: CheckContext): void {
  const name = oneofString(node.message, 'requirementType', 'requirementName');
  const filter = ancestorOf(node, `${JWT}.JwtAuthentication`);
  if (name === undefined || filter === undefined) return;
  const known = mapField(filter.message, 'requirementMap').map(([requirement]) => requirement);
  if (known.includes(name)) return;
  const near = nearName(name, known);
  const suggestion = near === undefined ? '' : `; did you mean "${near}"?`;
  context.report(node, ['requirement_name'], {
    code: 'AP1308',
    message: `the filter has no requirement "${name}"${suggestion}`,
  });
}
