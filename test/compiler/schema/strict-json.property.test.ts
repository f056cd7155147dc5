import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect } from 'chai';
import { decodeStrict } from '../../../src/compiler/schema/strict-json.ts';
import { testSchema } from '../../support/schema.ts';

const schema = testSchema();

const GOOD: JsonValue = {
  name: 'c',
  type: 'EDS',
  connect_timeout: '5s',
  lb_policy: 'RING_HASH',
  health_checks: [
    { timeout: '1s', interval: '2s', unhealthy_threshold: 3, http_health_check: { path: '/' } },
  ],
  metadata: { filter_metadata: { 'envoy.lb': { zone: 'a', list: [1, { x: null }] } } },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 7 } },
    },
  },
};

const junk: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(
  null,
  '',
  'x',
  '5s',
  '5sx',
  -1,
  0,
  1.5,
  2 ** 40,
  true,
  [],
  [null],
  [[]],
  {},
  { a: 1 },
  { '@type': 'x' },
  { '@type': 5 },
  { value: 1 },
);

/** The value with something else at the n-th place, counted over all places. */
function mutate(value: JsonValue, at: { left: number }, replacement: JsonValue, key: string): JsonValue {
  if (at.left-- === 0) return replacement;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(item => mutate(item, at, replacement, key));
  const entries = Object.entries(value).map(([name, inner]) => {
    const renamed = at.left-- === 0 ? key : name;
    return [renamed, mutate(inner, at, replacement, key)] as const;
  });
  return Object.fromEntries(entries);
}

describe('decodeStrict on mutated clusters', () => {
  it('refuses whatever protobuf-es refuses and always names a place for it', () => {
    const desc = schema.registry.getMessage('envoy.config.cluster.v3.Cluster');
    if (desc === undefined) throw new Error('no Cluster');
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat(60), junk, fc.constantFrom('nmae', 'name', 'connectTimeout', 'type', '@type')),
          { minLength: 1, maxLength: 3 },
        ),
        mutations => {
          const json = mutations.reduce<JsonValue>(
            (value, [left, replacement, key]) => mutate(value, { left }, replacement, key),
            GOOD,
          );
          let refused = false;
          try {
            fromJson(desc, json, { registry: schema.registry });
          } catch {
            refused = true;
          }
          const result = decodeStrict(schema, desc, json, []);
          if (refused) expect(result.kind).to.equal('failed');
          if (result.kind === 'failed') {
            expect(result.issues).to.not.be.empty;
            for (const issue of result.issues)
              expect(issue.message).to.not.match(/does not fit|cannot decode/);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
