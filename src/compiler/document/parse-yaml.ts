import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { constructFromEvents, EVENT_ID, parseEvents, YAMLException, type Event } from 'js-yaml';
import { messageOf } from '../../platform/errors.ts';
import type { DiagnosticCode } from '../../resources/diagnostic-codes.ts';
import type { Diagnostic, DocumentPath, Position } from '../../resources/diagnostic.ts';
import type { SourceFile } from '../../resources/source-tree.ts';
import { EventPositions } from './event-positions.ts';
import { expandedSize } from './expanded-size.ts';
import { MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES } from './limits.ts';
import { LineIndex } from './line-index.ts';
import { SNAPSHOT_YAML } from './yaml-schema.ts';

/** A YAML mapping read, with the way back to its lines. */
export interface ParsedDocument {
  readonly kind: 'parsed';
  /** Values that aliases share are shared objects: treat as read-only. */
  readonly json: JsonObject;
  /**
   * Of the key (in a mapping) or the item (in a list) that a path leads to; proto field names also find their
   * camelCase form. The nearest ancestor if the path is not in the text. Never throws.
   */
  readonly positionOf: (path: DocumentPath) => Position;
}

/** What became of a text. */
export type ParseResult =
  ParsedDocument | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

const START: Position = { line: 1, column: 1 };

/**
 * Reads one YAML 1.2 document (core schema and merge keys) within the limits of `limits.ts`. Positions cost
 * nothing until they are asked for.
 */
export function parseYaml(file: Pick<SourceFile, 'path' | 'text'>): ParseResult {
  const { text } = file;
  const fail = (code: DiagnosticCode, message: string, at: Position = START): ParseResult => ({
    kind: 'failed',
    diagnostics: [{ file: file.path, ...at, severity: 'error', code, message }],
  });

  if (Buffer.byteLength(text) > MAX_FILE_BYTES)
    return fail('AP1003', `the file has more than ${MAX_FILE_BYTES} bytes`);
  if (separators(text) > MAX_NODES) return fail('AP1006', `the document has more than ${MAX_NODES} values`);
  let events: Event[];
  let documents: unknown[];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
    const second = secondDocument(text, events);
    if (second !== undefined) {
      return fail('AP1001', 'the file has more than one YAML document; write one file for each', second);
    }
    documents = constructFromEvents(events, {
      source: text,
      schema: SNAPSHOT_YAML,
      maxTotalMergeKeys: MAX_NODES,
    });
  } catch (thrown) {
    const problem = describeFailure(text, thrown);
    return fail(problem.code, problem.message, problem.at);
  }
  const json = documents[0] as JsonValue | undefined;
  if (json === undefined || json === null) return fail('AP1002', 'the file is empty');
  if (typeof json !== 'object' || Array.isArray(json))
    return fail('AP1007', `the document is not a mapping but ${kindOf(json)}`);
  const beyond = limitExceeded(events, json);
  if (beyond !== undefined) return fail('AP1006', `the document expands too far: ${beyond}`);
  if (Object.keys(json).length === 0) return fail('AP1002', 'the file is empty');
  return { kind: 'parsed', json, positionOf: positionFinder(text, events) };
}

function positionFinder(text: string, events: readonly Event[]): (path: DocumentPath) => Position {
  const positions = new EventPositions(text, events);
  let lines: LineIndex | undefined;
  return path => (lines ??= new LineIndex(text)).positionOf(positions.offsetOf(path));
}

/** A lower bound of the nodes, so that a huge text is refused before the parser turns it into a huge list of events. */
function separators(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x0a || char === 0x2c) count++;
  }
  return count;
}

function limitExceeded(events: readonly Event[], json: JsonValue): string | undefined {
  const size = events.some(event => event.type === EVENT_ID.ALIAS)
    ? expandedSize(json)
    : { kind: 'within' as const, nodes: events.filter(event => event.type !== EVENT_ID.POP).length - 1 };
  if (size.kind === 'beyond') return size.reason;
  return size.nodes > MAX_NODES ? `it has more than ${MAX_NODES} values` : undefined;
}

/** Where a second document begins, if there is one. */
function secondDocument(text: string, events: readonly Event[]): Position | undefined {
  const second = events.findIndex((event, index) => index > 0 && event.type === EVENT_ID.DOCUMENT);
  if (second < 0) return undefined;
  for (const event of events.slice(second)) {
    const offset = 'start' in event ? event.start : 'valueStart' in event ? event.valueStart : -1;
    if (offset >= 0) return new LineIndex(text).positionOf(offset);
  }
  return START;
}

interface Failure {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly at: Position;
}

/** What js-yaml threw, in our words. It throws other errors than its own, too. */
function describeFailure(text: string, thrown: unknown): Failure {
  if (!(thrown instanceof YAMLException))
    return { code: 'AP1001', message: `not valid YAML: ${messageOf(thrown)}`, at: START };
  const { reason, mark } = thrown;
  const at = mark === undefined ? START : { line: mark.line + 1, column: mark.column + 1 };
  if (/maxDepth|maxTotalMergeKeys/.test(reason))
    return { code: 'AP1006', message: `the document expands too far: ${reason}`, at };
  if (reason.startsWith('duplicated')) return duplicatedKey(text, at);
  if (reason.includes('complex keys'))
    return { code: 'AP1001', message: 'a mapping or list cannot be a key', at };
  return { code: 'AP1001', message: `not valid YAML: ${reason}`, at };
}

/** Names the key that stands at the position for the second time; js-yaml points behind its quote. */
function duplicatedKey(text: string, { line, column }: Position): Failure {
  const written = text.split('\n', line)[line - 1] ?? '';
  const key = /^([\w.@/ :-]{1,80}?)["']?\s*:/.exec(written.slice(column - 1))?.[1];
  const quoted = /["']/.test(written.charAt(column - 2));
  const message = `not valid YAML: duplicated mapping key${key === undefined ? '' : ` "${key}"`}`;
  return { code: 'AP1001', message, at: { line, column: quoted ? column - 1 : column } };
}

function kindOf(json: JsonValue): string {
  if (Array.isArray(json)) return 'a list';
  return typeof json === 'string' ? 'a text' : `a ${typeof json}`;
}
