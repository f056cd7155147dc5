import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import type { DecodedMessage } from './decoded-message.ts';
import { isWellKnown, partsOf, valueOf, type MessagePart } from './message-parts.ts';
import { isPlainMessage, type PlainMessage } from './plain-message.ts';
import type { ResourceVisitor, WalkNode } from './visitor.ts';

/** A node whose path is put together only when it is asked for. */
class Node implements WalkNode {
  readonly desc: DescMessage;
  readonly message: PlainMessage;
  readonly parent: Node | undefined;
  readonly field: DescField | undefined;
  readonly key: string | number | undefined;
  /** What the node adds to the path of its parent. */
  readonly #parts: DocumentPath;

  constructor(
    desc: DescMessage,
    message: PlainMessage,
    parts: DocumentPath,
    parent?: Node,
    field?: DescField,
    key?: string | number,
  ) {
    this.desc = desc;
    this.message = message;
    this.#parts = parts;
    this.parent = parent;
    this.field = field;
    this.key = key;
  }

  get typeName(): string {
    return this.desc.typeName;
  }

  get path(): DocumentPath {
    return this.parent === undefined ? this.#parts : [...this.parent.path, ...this.#parts];
  }
}

/** Leads all visitors through a message and what its Anys contain. `path` is that of the message in the document. */
export function walk(
  decoded: DecodedMessage,
  path: DocumentPath,
  visitors: readonly ResourceVisitor[],
): void {
  new Walk(decoded, visitors).visit(new Node(decoded.desc, decoded.message, path));
}

class Walk {
  readonly #contents: DecodedMessage['contents'];
  readonly #visitors: readonly ResourceVisitor[];

  constructor(decoded: DecodedMessage, visitors: readonly ResourceVisitor[]) {
    this.#contents = decoded.contents;
    this.#visitors = visitors;
  }

  visit(node: Node): void {
    for (const visitor of this.#visitors) visitor.enter(node);
    if (!isWellKnown(node.desc)) {
      for (const part of partsOf(node.desc)) this.#visitPart(node, part);
      this.#visitTypedStruct(node);
    }
    for (const visitor of this.#visitors) visitor.leave?.(node);
  }

  #visitPart(node: Node, part: MessagePart): void {
    if (part.content === 'leaf' || part.content === 'json') return;
    const value = valueOf(node.message, part);
    if (value === undefined) return;
    const { name } = part.field;
    if (part.shape === 'single') {
      this.#visitValue(node, part, value, [name], undefined);
    } else if (part.shape === 'list') {
      for (const [index, item] of (value as unknown[]).entries())
        this.#visitValue(node, part, item, [name, index], index);
    } else {
      for (const [key, item] of Object.entries(value as Record<string, unknown>))
        this.#visitValue(node, part, item, [name, key], key);
    }
  }

  #visitValue(
    node: Node,
    part: MessagePart,
    value: unknown,
    parts: DocumentPath,
    key: string | number | undefined,
  ): void {
    if (!isPlainMessage(value) || part.desc === undefined) return;
    if (part.content === 'any') {
      const content = this.#contents.get(value);
      if (content !== undefined)
        this.visit(new Node(content.desc, content.message, parts, node, part.field, key));
    } else if (!isWellKnown(part.desc)) {
      this.visit(new Node(part.desc, value, parts, node, part.field, key));
    }
  }

  /** The content of a TypedStruct stands below its `value`. */
  #visitTypedStruct(node: Node): void {
    const content = this.#contents.get(node.message);
    if (content === undefined) return;
    this.visit(new Node(content.desc, content.message, ['value'], node, node.desc.field['value']));
  }
}
