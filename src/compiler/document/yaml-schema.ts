import { CORE_SCHEMA, defineScalarTag, intCoreTag, mergeTag, type Schema } from 'js-yaml';

const DECIMAL = /^[-+]?\d+$/;

/**
 * Integers as in the YAML 1.2 core schema, except that a decimal one that a double cannot hold stays a string of
 * digits: proto3 JSON writes 64-bit integers so, and nothing is rounded silently.
 */
const exactIntTag = defineScalarTag<number | string>(intCoreTag.tagName, {
  ...intCoreTag,
  resolve: (source, isExplicit, tagName) => {
    const value = intCoreTag.resolve(source, isExplicit, tagName);
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !DECIMAL.test(source)) return value;
    return BigInt(source).toString();
  },
});

/** The YAML 1.2 core schema with merge keys (`<<`): no dates, no binary, no types of a language. */
export const SNAPSHOT_YAML: Schema = CORE_SCHEMA.withTags(mergeTag, exactIntTag);
