import { readFileSync } from 'node:fs';
import { loadSchema, type Schema } from '../../src/compiler/schema/registry.ts';

let loaded: Schema | undefined;

/** The schema of the generated descriptor image; read once for all tests. */
export function testSchema(): Schema {
  return (loaded ??= loadSchema(readFileSync(new URL('../../src/gen/descriptors.binpb', import.meta.url))));
}
