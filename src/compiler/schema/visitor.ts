import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { DocumentPath, Severity } from '../../resources/diagnostic.ts';
import type { TypeUrl } from '../../resources/type-url.ts';
import type { FactCollector } from '../facts.ts';
import type { PlainMessage } from './plain-message.ts';

/** A problem in a document before its line is looked up. */
export interface Issue {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** From the root of the document, with the names of proto fields. */
  readonly path: DocumentPath;
  /** What is wrong, with the names involved; never a secret value. */
  readonly message: string;
  /** Default: the hint of the code. */
  readonly hint?: string;
}

/**
 * One message on the way through a resource. The content of an Any (and of a TypedStruct whose type is known) is a
 * node of its own, a child of the message that holds the Any; the Any itself, wrappers, Struct, Duration and the like
 * are values of their message and never nodes.
 */
export interface WalkNode {
  /** The full name without prefix: `envoy.config.core.v3.ConfigSource`. */
  readonly typeName: string;
  readonly desc: DescMessage;
  readonly message: PlainMessage;
  /** From the root of the document; computed when asked for. A field of the message is at `[...path, 'field_name']`. */
  readonly path: DocumentPath;
  /** The message that holds this one; undefined for the resource itself. */
  readonly parent: WalkNode | undefined;
  /** The field of the parent that holds this message or the Any around it; undefined for the resource itself. */
  readonly field: DescField | undefined;
  /** The list index or map key inside `field`; undefined for a singular field. */
  readonly key: string | number | undefined;
}

/** Sees every message of one resource, parents before children, fields in the order of the proto file. */
export interface ResourceVisitor {
  enter(node: WalkNode): void;
  /** After all children of the node. */
  leave?(node: WalkNode): void;
}

/** The resource that visitors are about to see. */
export interface VisitedResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  /** Of the resource in the document, e.g. `['clusters', 3]`. */
  readonly path: DocumentPath;
}

/** Makes the visitors for one resource; called once for each, so a visitor may keep state. */
export type ResourceVisitors = (
  report: (issue: Issue) => void,
  collect: FactCollector,
  resource: VisitedResource,
) => readonly ResourceVisitor[];
