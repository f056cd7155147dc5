import { stringField } from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';
import { durationSeconds, fieldValue } from './message-fields.ts';
import { regularExpressionError } from './regular-expression.ts';

const DURATION = 'google.protobuf.Duration';
/** The longest duration that Envoy can turn into nanoseconds (292 years). */
const MAX_DURATION_SECONDS = 9_223_372_036;

/** AP1250: regular expressions that RE2 does not take. */
export const regexRules: MessageChecks = {
  'envoy.type.matcher.v3.RegexMatcher': checkRegex,
  'xds.type.matcher.v3.RegexMatcher': checkRegex,
};

const API_VERSION = 'envoy.config.core.v3.ApiVersion';
/** `ApiVersion.V2`. */
const V2 = 1;

function checkRegex(node: WalkNode, context: CheckContext): void {
  const regex = stringField(node.message, 'regex');
  const error = regularExpressionError(regex);
  if (error === undefined) return;
  context.report(node, ['regex'], {
    code: 'AP1250',
    message: `the regular expression is not valid in RE2: ${error}`,
  });
}

type FieldNames = readonly (readonly [localName: string, name: string])[];

const durationFields = new WeakMap<WalkNode['desc'], FieldNames>();
const apiVersionFields = new WeakMap<WalkNode['desc'], FieldNames>();

/** AP1262: the v2 API, whatever message it is named in; Envoy has removed it. */
export function checkApiVersions(node: WalkNode, context: CheckContext): void {
  let fields = apiVersionFields.get(node.desc);
  if (fields === undefined) {
    fields = node.desc.fields
      .filter(field => field.fieldKind === 'enum' && field.enum.typeName === API_VERSION)
      .map(field => [field.localName, field.name] as const);
    apiVersionFields.set(node.desc, fields);
  }
  for (const [localName, name] of fields) {
    if (node.message[localName] !== V2) continue;
    context.report(node, [name], { code: 'AP1262', message: `${name} must be V3` });
  }
}

/** AP1251: durations that Envoy refuses, whatever message they are in: negative, or too long for its clock. */
export function checkDurations(node: WalkNode, context: CheckContext): void {
  let fields = durationFields.get(node.desc);
  if (fields === undefined) {
    fields = node.desc.fields
      .filter(field => field.fieldKind === 'message' && field.message.typeName === DURATION)
      .map(field => [field.localName, field.name] as const);
    durationFields.set(node.desc, fields);
  }
  for (const [localName, name] of fields) {
    const seconds = durationSeconds(fieldValue(node, localName));
    if (seconds === undefined || (seconds >= 0 && seconds <= MAX_DURATION_SECONDS)) continue;
    const message = `${name} must be between 0s and ${MAX_DURATION_SECONDS}s, not ${seconds}s`;
    context.report(node, [name], { code: 'AP1251', message });
  }
}
