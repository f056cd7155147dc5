import { join, resolve } from 'node:path';

/** The root of the repository: what relative paths in examples and bootstrap files are relative to. */
export const REPOSITORY = resolve(import.meta.dirname, '..');

/** What commands make and may be deleted at any time. Not committed. */
export const CACHE = join(REPOSITORY, '.cache');
