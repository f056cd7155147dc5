import type { KeySets } from '../../src/pipeline/snapshot-pipeline.ts';

/** A pipeline that fetches no key sets. */
export const NO_KEY_SETS: KeySets = { assets: () => new Map(), want: () => Promise.resolve() };
