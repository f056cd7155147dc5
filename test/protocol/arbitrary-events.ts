import fc from 'fast-check';
import type { ChangedNames } from '../../src/protocol/changed-names.ts';
import type { StreamEvent } from '../../src/protocol/event.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  ROUTE,
  SECRET,
  type TypeUrl,
  typeUrlOf,
  VIRTUAL_HOST,
} from '../../src/resources/type-url.ts';
import { arbitrarySnapshot } from './arbitrary-fleet.ts';

const names = fc.array(fc.constantFrom('a', 'b', 'r1', 'l1', '*', '', 'ghost'), { maxLength: 4 });
const fuzzTypes: readonly TypeUrl[] = [
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  ROUTE,
  SECRET,
  EXTENSION_CONFIG,
  VIRTUAL_HOST,
  typeUrlOf('x.Unknown'),
];
const typeUrls = fc.constantFrom(...fuzzTypes);
const nonces = fc.constantFrom('', '1', '2', '3', '4', '9', 'x');
const rejection = fc.option(fc.constant({ code: 13, message: 'no' }), { nil: undefined });

const changed: fc.Arbitrary<ChangedNames> = fc
  .dictionary(typeUrls, fc.array(fc.constantFrom('a', 'b', 'gone'), { maxLength: 2 }), { maxKeys: 2 })
  .map(entries => new Map(Object.entries(entries).map(([key, list]) => [key as TypeUrl, new Set(list)])));

/** Anything that can happen to a stream, whether a client would do it or not. */
export function arbitraryEvent(variant: 'sotw' | 'delta'): fc.Arbitrary<StreamEvent> {
  const sotw = fc.record({
    variant: fc.constant('sotw' as const),
    typeUrl: typeUrls,
    nonce: nonces,
    version: fc.constantFrom('', 'v1', ResourceSet.EMPTY.version),
    names,
  });
  const delta = fc.record({
    variant: fc.constant('delta' as const),
    typeUrl: typeUrls,
    nonce: nonces,
    subscribe: names,
    unsubscribe: names,
    initialVersions: fc
      .dictionary(fc.constantFrom('a', 'gone'), fc.constantFrom('v', ''))
      .map(map => new Map(Object.entries(map))),
  });
  const request = fc
    .tuple(variant === 'sotw' ? sotw : delta, rejection)
    .map(([base, rejected]): StreamEvent => ({
      kind: 'request',
      request: rejected === undefined ? base : { ...base, rejection: rejected },
    }));
  return fc.oneof(
    { weight: 5, arbitrary: request },
    {
      weight: 2,
      arbitrary: fc
        .tuple(arbitrarySnapshot(true), fc.array(arbitrarySnapshot(true), { maxLength: 2 }), changed)
        .map(([snapshot, then, changed]): StreamEvent => ({ kind: 'snapshot', snapshot, then, changed })),
    },
    { weight: 1, arbitrary: typeUrls.map((typeUrl): StreamEvent => ({ kind: 'holdExpired', typeUrl })) },
  );
}
