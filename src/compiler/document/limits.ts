/** Bytes of one snapshot file; the loader refuses a larger one before it reads it. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** Collections inside collections, aliases included. */
export const MAX_DEPTH = 100;

/** Scalars, lists and mappings of one file after every alias is written out. */
export const MAX_NODES = 2_000_000;
