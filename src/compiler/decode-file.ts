import { AuthplaneError } from '../platform/errors.ts';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { SourceFile } from '../resources/source-tree.ts';
import { parseYaml } from './document/parse-yaml.ts';
import { FileReport } from './file-report.ts';
import { fieldRuleVisitor } from './schema/field-rules.ts';
import type { PlainMessage } from './schema/plain-message.ts';
import type { Schema } from './schema/registry.ts';
import { decodeStrict } from './schema/strict-json.ts';
import { walk } from './schema/walk.ts';

/** A file that is one message, or everything that is wrong with it. */
export type DecodedFile =
  | { readonly kind: 'read'; readonly message: PlainMessage; readonly report: FileReport }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

/**
 * Decodes a file that as a whole is one message of ours, as strictly as a snapshot file: unknown fields and broken field rules are errors with their line. Pure.
 * @throws AuthplaneError INTERNAL when the schema lacks the message.
 */
export function decodeFile(
  schema: Schema,
  messageName: string,
  file: Pick<SourceFile, 'path' | 'text'>,
): DecodedFile {
  const desc = schema.registry.getMessage(messageName);
  if (desc === undefined) throw new AuthplaneError('INTERNAL', `the schema lacks ${messageName}`);
  const document = parseYaml(file);
  if (document.kind === 'failed') return document;
  const report = new FileReport(file.path, document.positionOf);
  const result = decodeStrict(schema, desc, document.json, []);
  if (result.kind === 'failed') {
    for (const issue of result.issues) report.report(issue);
    return { kind: 'failed', diagnostics: report.diagnostics() };
  }
  walk(result.decoded, [], [fieldRuleVisitor(schema, report.report)]);
  const diagnostics = report.diagnostics();
  if (diagnostics.length > 0) return { kind: 'failed', diagnostics };
  return { kind: 'read', message: result.decoded.message, report };
}
