import {
  booleanField,
  messageField,
  messagesField,
  numberField,
  oneofMember,
  oneofMessage,
  stringField,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { inlineBytes } from './message-fields.ts';

const HTTP = 'envoy.extensions.filters.http';
/** `OAuth2Config.AuthType.TLS_CLIENT_AUTH`. */
const TLS_CLIENT_AUTH = 2;
const MAX_PORT = 65_535;
/** Base64 of a SHA-1 hash. */
const SHA_LENGTH = 28;

/** What Envoy refuses in filters, for authentication most of all, beside the field rules: AP1261. */
export const authFilterRules: MessageChecks = {
  [`${HTTP}.api_key_auth.v3.ApiKeyAuth`]: checkApiKeys,
  [`${HTTP}.api_key_auth.v3.ApiKeyAuthPerRoute`]: checkApiKeys,
  [`${HTTP}.api_key_auth.v3.KeySource`]: (node, context) => {
    const set = ['header', 'query', 'cookie'].filter(field => stringField(node.message, field) !== '');
    if (set.length === 1) return;
    refuse(node, [], 'exactly one of header, query and cookie must be set', context);
  },
  [`${HTTP}.basic_auth.v3.BasicAuth`]: checkUsers,
  [`${HTTP}.basic_auth.v3.BasicAuthPerRoute`]: checkUsers,
  [`${HTTP}.jwt_authn.v3.JwtClaimToHeader`]: (node, context) => {
    const byName = stringField(node.message, 'claimName') !== '';
    const byPath = messagesField(node.message, 'claimPath').length > 0;
    if (byName !== byPath) return;
    refuse(node, [], 'exactly one of claim_name and claim_path must be set', context);
  },
  [`${HTTP}.jwt_authn.v3.RemoteJwks`]: (node, context) => {
    const uri = messageField(node.message, 'httpUri');
    if (uri !== undefined) checkUrl(node, ['http_uri', 'uri'], stringField(uri, 'uri'), context);
  },
  [`${HTTP}.oauth2.v3.OAuth2Config`]: checkOAuth2,
  [`${HTTP}.ext_proc.v3.ExternalProcessor`]: (node, context) => {
    const services = ['grpcService', 'httpService'].filter(
      field => messageField(node.message, field) !== undefined,
    );
    if (services.length === 1) return;
    refuse(node, [], 'exactly one of grpc_service and http_service must be set', context);
  },
  [`${HTTP}.header_to_metadata.v3.Config.Rule`]: (node, context) => {
    const sources = ['header', 'cookie'].filter(field => stringField(node.message, field) !== '');
    if (sources.length !== 1) refuse(node, [], 'exactly one of header and cookie must be set', context);
    const actions = ['onHeaderPresent', 'onHeaderMissing'];
    if (actions.some(field => messageField(node.message, field) !== undefined)) return;
    refuse(node, [], 'on_header_present or on_header_missing must be set', context);
  },
  'envoy.config.rbac.v3.Permission': (node, context) => {
    const range = oneofMessage(node.message, 'rule', 'destinationPortRange');
    if (range === undefined) return;
    const start = numberField(range, 'start') ?? 0;
    const end = numberField(range, 'end') ?? 0;
    if (start >= 0 && start < end && end <= MAX_PORT + 1) return;
    refuse(
      node,
      ['destination_port_range'],
      `there is no port from ${start} up to, but not including, ${end}`,
      context,
    );
  },
  'envoy.config.route.v3.FilterConfig': (node, context) => {
    if (messageField(node.message, 'config') !== undefined || booleanField(node.message, 'disabled') === true)
      return;
    refuse(node, [], 'an empty FilterConfig says nothing; set disabled or config', context);
  },
};

function refuse(
  node: WalkNode,
  path: readonly (string | number)[],
  message: string,
  context: CheckContext,
): void {
  context.report(node, path, { code: 'AP1261', message });
}

function checkApiKeys(node: WalkNode, context: CheckContext): void {
  const seen = new Set<string>();
  messagesField(node.message, 'credentials').forEach((credential, index) => {
    const key = stringField(credential, 'key');
    // The key itself is a secret and must not be in the message.
    if (seen.has(key)) refuse(node, ['credentials', index], 'another credential has the same key', context);
    seen.add(key);
  });
}

/** Lines `name:{SHA}hash` (htpasswd -s); the content is a secret and must not be in the message. */
function checkUsers(node: WalkNode, context: CheckContext): void {
  const users = messageField(node.message, 'users');
  if (users === undefined || oneofMember(users, 'specifier') === undefined) {
    refuse(node, ['users'], 'the list of users is missing', context);
    return;
  }
  const bytes = inlineBytes(users);
  if (bytes === undefined) return;
  const lines = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map(line => line.trim());
  const used = lines.filter(line => line !== '' && !line.startsWith('#'));
  if (bytes.length === 0) refuse(node, ['users'], 'the list of users is empty', context);
  const names = new Set<string>();
  used.forEach((line, index) => {
    const match = /^([^:]+):\{SHA\}(.*)$/.exec(line);
    if (match?.[2]?.length !== SHA_LENGTH) {
      refuse(node, ['users'], `user ${index + 1} is not in the form name:{SHA}hash`, context);
    } else if (names.has(match[1] ?? '')) {
      refuse(node, ['users'], `user ${index + 1} has a name that stands before`, context);
    }
    names.add(match?.[1] ?? '');
  });
}

function checkOAuth2(node: WalkNode, context: CheckContext): void {
  checkUrl(node, ['authorization_endpoint'], stringField(node.message, 'authorizationEndpoint'), context);
  const credentials = messageField(node.message, 'credentials');
  if (credentials === undefined || messageField(credentials, 'tokenSecret') !== undefined) return;
  if (numberField(node.message, 'authType') === TLS_CLIENT_AUTH) return;
  refuse(node, ['credentials', 'token_secret'], 'token_secret is missing', context);
}

function checkUrl(node: WalkNode, path: readonly string[], text: string, context: CheckContext): void {
  if (/^https?:\/\/[^/?#\s]+/i.test(text)) return;
  refuse(node, path, `"${text}" is not an absolute URL`, context);
}
