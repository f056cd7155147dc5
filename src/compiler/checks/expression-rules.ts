import {
  isPlainMessage,
  messageField,
  messagesField,
  oneofMember,
  stringField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';

/** Operators of CEL by the names that they have in an expression tree, with the number of their arguments. */
const OPERATORS: Readonly<Record<string, number>> = {
  '_==_': 2,
  '_!=_': 2,
  '_<_': 2,
  '_<=_': 2,
  '_>_': 2,
  '_>=_': 2,
  '_&&_': 2,
  '_||_': 2,
  '_+_': 2,
  '_-_': 2,
  '_*_': 2,
  '_/_': 2,
  '_%_': 2,
  '_[_]': 2,
  '@in': 2,
  _in_: 2,
  in: 2,
  '_?_:_': 3,
  '!_': 1,
  '-_': 1,
  '@not_strictly_false': 1,
  __not_strictly_false__: 1,
};

/** Functions of CEL's standard library, and those that Envoy adds. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `bool bytes contains double duration dyn endsWith getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear
  getHours getMilliseconds getMinutes getMonth getSeconds int lowerAscii matches replace size split startsWith string
  timestamp type uint upperAscii`.split(/\s+/),
);

/** AP1263: expression trees (the `condition` of an RBAC policy) that Envoy cannot evaluate. */
export const expressionRules: MessageChecks = {
  'google.api.expr.v1alpha1.Expr': checkExpression,
  'cel.expr.Expr': checkExpression,
};

function checkExpression(node: WalkNode, context: CheckContext): void {
  const kind = oneofMember(node.message, 'exprKind');
  const error =
    kind === undefined || !isPlainMessage(kind.value)
      ? 'the expression is empty'
      : expressionError(kind.case, kind.value);
  if (error !== undefined) context.report(node, [], { code: 'AP1263', message: error });
}

function expressionError(kind: string, value: PlainMessage): string | undefined {
  switch (kind) {
    case 'constExpr':
      return oneofMember(value, 'constantKind') === undefined ? 'the constant has no value' : undefined;
    case 'identExpr':
      return stringField(value, 'name') === '' ? 'the name is empty' : undefined;
    case 'selectExpr':
      if (messageField(value, 'operand') === undefined) return 'nothing is given to select a field of';
      return stringField(value, 'field') === '' ? 'the field to select is empty' : undefined;
    case 'callExpr':
      return callError(value);
    default:
      return undefined;
  }
}

function callError(call: PlainMessage): string | undefined {
  const name = stringField(call, 'function');
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (operator === undefined) return FUNCTIONS.has(name) ? undefined : `there is no function "${name}"`;
  const given = messagesField(call, 'args').length;
  return given === operator ? undefined : `"${name}" takes ${operator} arguments, not ${given}`;
}
