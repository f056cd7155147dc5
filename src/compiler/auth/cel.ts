import { parse } from '@bufbuild/cel';
import { ParsedExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { toJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { messageOf } from '../../platform/errors.ts';
import { regularExpressionError } from '../checks/regular-expression.ts';
import { nearName } from '../schema/near-name.ts';
import { CLAIMS_KEY, JWT_METADATA } from './auth-names.ts';

/** An expression as Envoy takes it (google.api.expr.v1alpha1.Expr in proto3 JSON), or why it does not. */
export type CelResult =
  | { readonly kind: 'parsed'; readonly expression: JsonObject }
  | { readonly kind: 'unreadable' | 'unsupported'; readonly message: string };

/** Envoy's attributes, by their first name; undefined: any field (docs of Envoy, "Attributes"). */
const ATTRIBUTES: Readonly<Record<string, readonly string[] | undefined>> = {
  request:
    words(`path url_path host scheme method headers referer useragent time id protocol query duration size
    total_size`),
  connection: words(`mtls requested_server_name tls_version subject_local_certificate subject_peer_certificate
    dns_san_local_certificate dns_san_peer_certificate uri_san_local_certificate uri_san_peer_certificate
    sha256_peer_certificate_digest id termination_details transport_failure_reason`),
  source: words('address port'),
  destination: words('address port'),
  metadata: ['filter_metadata'],
  filter_state: undefined,
  xds: words(`node cluster_name cluster_metadata listener_metadata listener_direction route_name route_metadata
    upstream_host_metadata filter_chain_name virtual_host_name virtual_host_metadata`),
};

/** Functions that Envoy's evaluator has without further configuration. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  words(`bool bytes contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear
    getHours getMilliseconds getMinutes getMonth getSeconds int matches size startsWith string timestamp type uint`),
);

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** Parses a CEL expression (github.com/google/cel-spec) and makes sure that Envoy can run it. `claims` is the claims of the token. */
export function compileCel(text: string): CelResult {
  let parsed: JsonObject;
  try {
    parsed = toJson(ParsedExprSchema, parse(text)) as JsonObject;
  } catch (thrown) {
    return { kind: 'unreadable', message: messageOf(thrown).replace(/^<input>:/, '') };
  }
  const problems: string[] = [];
  const expression = translate(parsed['expr'] as JsonObject, problems);
  const [message] = problems;
  return message === undefined ? { kind: 'parsed', expression } : { kind: 'unsupported', message };
}

/** `!(expression)`. */
export function celNot(expression: JsonObject): JsonObject {
  return { callExpr: { function: '!_', args: [expression] } };
}

function translate(expression: JsonObject, problems: string[]): JsonObject {
  // Beside it stands only the id of the node, which nothing here refers to.
  const [name = '', value] = Object.entries(expression).find(([key]) => key !== 'id') ?? [];
  const fields = (value ?? {}) as JsonObject;
  switch (name) {
    case 'identExpr':
      return translateName(textOf(fields['name']), problems);
    case 'selectExpr':
      return translateSelect(fields, problems);
    case 'callExpr':
      return translateCall(fields, problems);
    case 'comprehensionExpr':
      problems.push('Envoy has no comprehensions (all, exists, exists_one, map, filter)');
      return {};
    case 'structExpr':
      problems.push('Envoy cannot make maps and messages');
      return {};
    case 'listExpr': {
      const elements = (fields['elements'] ?? []) as JsonObject[];
      return { listExpr: { elements: elements.map(element => translate(element, problems)) } };
    }
    default:
      return { [name]: fields };
  }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function translateName(name: string, problems: string[]): JsonObject {
  if (name === 'claims') return claimsExpression();
  if (!Object.hasOwn(ATTRIBUTES, name)) {
    const near = nearName(name, [...Object.keys(ATTRIBUTES), 'claims']);
    problems.push(`Envoy has no attribute "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }
  return { identExpr: { name } };
}

/** `metadata.filter_metadata['envoy.filters.http.jwt_authn']['claims']`. */
function claimsExpression(): JsonObject {
  const metadata = select({ identExpr: { name: 'metadata' } }, 'filter_metadata');
  return index(index(metadata, JWT_METADATA), CLAIMS_KEY);
}

function select(operand: JsonObject, field: string): JsonObject {
  return { selectExpr: { operand, field } };
}

function index(operand: JsonObject, key: string): JsonObject {
  return { callExpr: { function: '_[_]', args: [operand, { constExpr: { stringValue: key } }] } };
}

function translateSelect(fields: JsonObject, problems: string[]): JsonObject {
  const operand = fields['operand'] as JsonObject;
  const field = textOf(fields['field']);
  const root = textOf((operand['identExpr'] as JsonObject | undefined)?.['name']);
  const known = Object.hasOwn(ATTRIBUTES, root) ? ATTRIBUTES[root] : undefined;
  if (known?.includes(field) === false) {
    const near = nearName(field, known);
    const guess = near === undefined ? '' : `; did you mean "${near}"?`;
    problems.push(`Envoy has no attribute "${root}.${field}"${guess}`);
  }
  return { selectExpr: { ...fields, operand: translate(operand, problems) } };
}

function translateCall(fields: JsonObject, problems: string[]): JsonObject {
  const name = textOf(fields['function']);
  if (/^[A-Za-z]/.test(name) && name !== 'in' && !FUNCTIONS.has(name)) {
    const near = nearName(name, FUNCTIONS);
    problems.push(`Envoy has no function "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }
  const args = ((fields['args'] ?? []) as JsonObject[]).map(argument => translate(argument, problems));
  const { target } = fields;
  if (name === 'matches') checkPattern(args, problems);
  return {
    callExpr: {
      function: name,
      ...(target === undefined ? {} : { target: translate(target as JsonObject, problems) }),
      args,
    },
  };
}

/** The pattern of `matches`, when it is written out: a wrong one would be false for every request. */
function checkPattern(args: readonly JsonObject[], problems: string[]): void {
  const constant = args.at(-1)?.['constExpr'] as Record<string, JsonValue> | undefined;
  const pattern = constant?.['stringValue'];
  const error = typeof pattern === 'string' ? regularExpressionError(pattern) : undefined;
  if (error !== undefined) problems.push(error);
}
