import { dirname, isAbsolute, join } from 'node:path/posix';
import { decodeFile } from '../../compiler/decode-file.ts';
import type { Schema } from '../../compiler/schema/registry.ts';
import type { Checked, Diagnostic } from '../../resources/diagnostic.ts';
import type { Asset, SourceFile } from '../../resources/source-tree.ts';
import { compileTokenConfig } from './compile-token-config.ts';
import type { TokenConfig } from './token-config.ts';
import type { TokenFileSpec } from './token-file-spec.ts';
import type { TokenFile } from './token-file.ts';

export type TokenFileResult =
  | { readonly kind: 'read'; readonly file: TokenFile }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

/** Reads the YAML strictly: unknown fields and broken field rules are errors with their line. Pure. @param file its `path` is absolute. */
export function readTokenFile(schema: Schema, file: Pick<SourceFile, 'path' | 'text'>): TokenFileResult {
  const decoded = decodeFile(schema, 'authplane.v1.TokenServiceFile', file);
  if (decoded.kind === 'failed') return decoded;
  const resolve = (path: string): string => (isAbsolute(path) ? join(path) : join(dirname(file.path), path));
  // The schema says what its messages are.
  return { kind: 'read', file: { spec: decoded.message as TokenFileSpec, report: decoded.report, resolve } };
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
