import type { PolicyTestFile } from './policy-case.ts';
import { parseYaml } from '../../compiler/document/parse-yaml.ts';
import { FileReport } from '../../compiler/file-report.ts';
import { fieldRuleVisitor } from '../../compiler/schema/field-rules.ts';
import type { Schema } from '../../compiler/schema/registry.ts';
import { decodeStrict } from '../../compiler/schema/strict-json.ts';
import { walk } from '../../compiler/schema/walk.ts';
import { AuthplaneError } from '../../platform/errors.ts';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';

/** A file of cases, read; or what is wrong with it. */
export type CaseFile =
  | {
      readonly kind: 'read';
      readonly path: string;
      readonly content: PolicyTestFile;
      /** Where each case begins. */
      readonly origins: readonly Origin[];
    }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

/** Decodes a file of cases (authplane.v1.PolicyTestFile) as strictly as a snapshot file. */
export function readCaseFile(schema: Schema, path: string, text: string): CaseFile {
  const desc = schema.registry.getMessage('authplane.v1.PolicyTestFile');
  if (desc === undefined) throw new AuthplaneError('INTERNAL', 'the schema lacks PolicyTestFile');
  const document = parseYaml({ path, text });
  if (document.kind === 'failed') return { kind: 'failed', diagnostics: document.diagnostics };
  const report = new FileReport(path, document.positionOf);
  const result = decodeStrict(schema, desc, document.json, []);
  if (result.kind === 'failed') {
    for (const issue of result.issues) report.report(issue);
    return { kind: 'failed', diagnostics: report.diagnostics() };
  }
  walk(result.decoded, [], [fieldRuleVisitor(schema, report.report)]);
  const diagnostics = report.diagnostics();
  if (diagnostics.length > 0) return { kind: 'failed', diagnostics };
  // The schema says what the message is.
  const content = result.decoded.message as PolicyTestFile;
  const origins = content.cases.map((_, index) => report.originOf(['cases', index]));
  return { kind: 'read', path, content, origins };
}
