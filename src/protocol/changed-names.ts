import type { TypeUrl } from '../resources/type-url.ts';

/**
 * Names, by type, that have had more than one content since this process began. What a returning client says to have of them is not believed: it
 * tells the version that it accepted last, and may run another one. An Envoy that rejects a response keeps what is good in it and goes on telling
 * the version before; when the content went back to that version meanwhile, nobody else would correct it.
 */
export type ChangedNames = ReadonlyMap<TypeUrl, ReadonlySet<string>>;

export const NOTHING_CHANGED: ChangedNames = new Map();
