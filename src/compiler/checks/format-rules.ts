import type { DocumentPath } from '../../resources/diagnostic.ts';
import {
  messageField,
  messagesField,
  oneofMember,
  oneofString,
  stringField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { inlineBytes } from './message-fields.ts';
import { substitutionFormatError } from './substitution-format.ts';

/** AP1260: format strings with commands that Envoy does not know. */
export const formatRules: MessageChecks = {
  'envoy.config.core.v3.HeaderValueOption': (node, context) => {
    const header = messageField(node.message, 'header');
    if (header !== undefined) check(node, ['header', 'value'], stringField(header, 'value'), context);
  },
  'envoy.config.core.v3.SubstitutionFormatString': checkSubstitution,
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': (node, context) => {
    const format = oneofMember(node.message, 'accessLogFormat');
    if (format?.case === 'format' && typeof format.value === 'string')
      check(node, ['format'], format.value, context);
    else if (format?.case === 'jsonFormat') checkJson(node, ['json_format'], format.value, context);
  },
  'envoy.extensions.filters.http.oauth2.v3.OAuth2Config': (node, context) => {
    check(node, ['redirect_uri'], stringField(node.message, 'redirectUri'), context);
  },
  'envoy.extensions.filters.network.reverse_tunnel.v3.Validation': (node, context) => {
    check(node, ['node_id_format'], stringField(node.message, 'nodeIdFormat'), context);
    check(node, ['cluster_id_format'], stringField(node.message, 'clusterIdFormat'), context);
    check(node, ['tenant_id_format'], stringField(node.message, 'tenantIdFormat'), context);
  },
  'envoy.extensions.clusters.reverse_connection.v3.ReverseConnectionClusterConfig': (node, context) => {
    check(node, ['host_id_format'], stringField(node.message, 'hostIdFormat'), context);
    check(node, ['tenant_id_format'], stringField(node.message, 'tenantIdFormat'), context);
  },
};

function checkSubstitution(node: WalkNode, context: CheckContext): void {
  // Extensions bring commands of their own.
  if (messagesField(node.message, 'formatters').length > 0) return;
  const format = oneofMember(node.message, 'format');
  if (format?.case === 'jsonFormat') checkJson(node, ['json_format'], format.value, context);
  const text = oneofString(node.message, 'format', 'textFormat');
  if (text !== undefined) check(node, ['text_format'], text, context);
  if (format?.case !== 'textFormatSource') return;
  const bytes = inlineBytes(format.value as PlainMessage);
  if (bytes !== undefined) check(node, ['text_format_source'], new TextDecoder().decode(bytes), context);
}

function checkJson(node: WalkNode, path: DocumentPath, value: unknown, context: CheckContext): void {
  if (typeof value === 'string') check(node, path, value, context);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) checkJson(node, [...path, key], inner, context);
  }
}

function check(node: WalkNode, path: DocumentPath, format: string, context: CheckContext): void {
  const error = substitutionFormatError(format);
  if (error !== undefined)
    context.report(node, path, { code: 'AP1260', message: `the format is not valid: ${error}` });
}
