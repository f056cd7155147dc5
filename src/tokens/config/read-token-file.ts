import { dirname, isAbsolute, join } from 'node:path/posix';
import { parseYaml } from '../../compiler/document/parse-yaml.ts';
import { FileReport } from '../../compiler/file-report.ts';
import { fieldRuleVisitor } from '../../compiler/schema/field-rules.ts';
import type { Schema } from '../../compiler/schema/registry.ts';
import { decodeStrict } from '../../compiler/schema/strict-json.ts';
import { walk } from '../../compiler/schema/walk.ts';
import { AuthplaneError } from '../../platform/errors.ts';
import type { Checked, Diagnostic } from '../../resources/diagnostic.ts';
import type { Asset, SourceFile } from '../../resources/source-tree.ts';
import { compileTokenConfig } from './compile-token-config.ts';
import type { TokenConfig } from './token-config.ts';
import type { TokenFileSpec } from './token-file-spec.ts';
import type { TokenFile } from './token-file.ts';

export type TokenFileResult =
  | { readonly kind: 'read'; readonly file: TokenFile }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

const MESSAGE = 'authplane.v1.TokenServiceFile';

/** Reads the YAML strictly: unknown fields and broken field rules are errors with their line. Pure. @param file its `path` is absolute. */
export function readTokenFile(schema: Schema, file: Pick<SourceFile, 'path' | 'text'>): TokenFileResult {
  const desc = schema.registry.getMessage(MESSAGE);
  if (desc === undefined) throw new AuthplaneError('INTERNAL', `the descriptor image lacks ${MESSAGE}`);
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
  const resolve = (path: string): string => (isAbsolute(path) ? join(path) : join(dirname(file.path), path));
  // The schema says what its messages are.
  return { kind: 'read', file: { spec: result.decoded.message as TokenFileSpec, report, resolve } };
}

/** The absolute paths of the files that it names. */
export function tokenAssetPaths({ spec, resolve }: TokenFile): readonly string[] {
  return [
    ...spec.clients.flatMap(({ authentication }) =>
      authentication.case === 'privateKeyJwt' ? [resolve(authentication.value.jwks)] : [],
    ),
    ...spec.trustedIssuers.flatMap(({ jwks: { source } }) =>
      source.case === 'file' ? [resolve(source.value)] : [],
    ),
  ];
}

/** What it declares, or everything that is wrong with it. Pure. @param assets by absolute path. */
export function checkTokenFile(file: TokenFile, assets: ReadonlyMap<string, Asset>): Checked<TokenConfig> {
  const value = compileTokenConfig(file, assets);
  const diagnostics = file.report.diagnostics();
  if (diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics };
  return { ok: true, value, warnings: diagnostics };
}
