import { readFileSync } from 'node:fs';

/** The `version` of package.json, which stands beside the sources in every form authplane is shipped in. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
