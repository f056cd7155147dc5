import type { DocumentPath, Severity } from '../../resources/diagnostic.ts';
import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { VisitedResource, WalkNode } from '../schema/visitor.ts';
import type { FactBuilder } from './fact-builder.ts';

/** What the checks of one resource share. */
export interface CheckContext {
  readonly resource: VisitedResource;
  readonly facts: FactBuilder;
  /** Reports a problem at `path` below the node: proto field names, list indexes, map keys. */
  report(node: WalkNode, path: DocumentPath, problem: Problem): void;
}

/** A problem of one message. */
interface Problem {
  readonly code: DiagnosticCode;
  readonly message: string;
  /** Default: `error`. */
  readonly severity?: Severity;
  readonly hint?: string;
}

/** Looks at one message. Called for every message of the types that it is registered for. */
export type MessageCheck = (node: WalkNode, context: CheckContext) => void;

/** Full message names with the check for each. */
export type MessageChecks = Readonly<Record<string, MessageCheck>>;
