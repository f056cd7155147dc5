import type { AuthDeclarations } from './auth-entry.ts';

/** The absolute paths of the files that auth chains and providers name: key sets, CAs, API keys, htpasswd files. */
export function authAssetPaths(declarations: AuthDeclarations): readonly string[] {
  const paths: string[] = [];
  for (const entry of declarations.jwtProviders) {
    const { spec } = entry;
    if (spec.jwks.source.case === 'file') paths.push(entry.resolve(spec.jwks.source.value));
    if (spec.jwks.trustedCa !== '') paths.push(entry.resolve(spec.jwks.trustedCa));
  }
  for (const entry of declarations.authChains) {
    for (const { kind } of entry.spec.authenticate) {
      if (kind.case === 'apiKey' || kind.case === 'basic') paths.push(entry.resolve(kind.value.file));
    }
  }
  return paths;
}
