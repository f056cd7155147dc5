import { createHash } from 'node:crypto';
import { checkFile } from '../../src/compiler/check-file.ts';
import type { CheckedFile } from '../../src/compiler/checked-file.ts';
import { resourceVisitors } from '../../src/compiler/checks/resource-checks.ts';
import { compileGroup } from '../../src/compiler/compile-group.ts';
import { formatDiagnostic, type Checked, type Diagnostic } from '../../src/resources/diagnostic.ts';
import type { Snapshot } from '../../src/resources/snapshot.ts';
import type { Asset } from '../../src/resources/source-tree.ts';
import { testSchema } from './schema.ts';

/** Where the files of `compile` stand: `../certs/a.pem` in `a.yaml` is `/certs/a.pem`. */
export const SNAPSHOT_DIRECTORY = '/snapshots';

/** Options of `compile`. */
export interface CompileOptions {
  /** Text or bytes by absolute path. */
  readonly assets?: Readonly<Record<string, string | Uint8Array>>;
  /** Default: now. */
  readonly nowMs?: number;
  readonly previous?: Snapshot;
  /** Default: as the server. */
  readonly authSlots?: number;
}

/** Checks one file with all visitors. */
export function checked(path: string, text: string): CheckedFile {
  const hash = createHash('sha256').update(text).digest('hex');
  return checkFile(
    { path, hash, text },
    { schema: testSchema(), snapshotDirectory: SNAPSHOT_DIRECTORY, visitors: resourceVisitors },
  );
}

/** Compiles files (YAML by path, or one text) into a snapshot, as the server does. */
export function compile(
  files: string | Readonly<Record<string, string>>,
  options: CompileOptions = {},
): Checked<Snapshot> {
  const texts = typeof files === 'string' ? { 'a.yaml': files } : files;
  return compileGroup({
    files: Object.entries(texts).map(([path, text]) => checked(path, text)),
    assets: new Map(Object.entries(options.assets ?? {}).map(([path, text]) => [path, asset(text)])),
    nowMs: options.nowMs ?? Date.now(),
    previous: options.previous,
    schema: testSchema(),
    ...(options.authSlots === undefined ? {} : { authSlots: options.authSlots }),
  });
}

/** A file as read. */
export function asset(content: string | Uint8Array): Asset {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { kind: 'read', hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

/** All diagnostics of a result, errors and warnings. */
export function diagnosticsOf(result: Checked<Snapshot>): readonly Diagnostic[] {
  return result.ok ? result.warnings : result.diagnostics;
}

/** The printed lines of a result. */
export function linesOf(result: Checked<Snapshot>): readonly string[] {
  return diagnosticsOf(result).map(formatDiagnostic);
}

/** The codes of a result, in order. */
export function codesOf(result: Checked<Snapshot>): readonly string[] {
  return diagnosticsOf(result).map(diagnostic => diagnostic.code);
}

/** The snapshot of a result without errors. @throws Error with the lines otherwise. */
export function snapshotOf(result: Checked<Snapshot>): Snapshot {
  if (!result.ok) throw new Error(linesOf(result).join('\n'));
  return result.value;
}
