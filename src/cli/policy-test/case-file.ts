import type { PolicyTestFile } from './policy-case.ts';
import { decodeFile } from '../../compiler/decode-file.ts';
import type { Schema } from '../../compiler/schema/registry.ts';
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
  const decoded = decodeFile(schema, 'authplane.v1.PolicyTestFile', { path, text });
  if (decoded.kind === 'failed') return decoded;
  // The schema says what the message is.
  const content = decoded.message as PolicyTestFile;
  const origins = content.cases.map((_, index) => decoded.report.originOf(['cases', index]));
  return { kind: 'read', path, content, origins };
}
