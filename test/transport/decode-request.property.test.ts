import { expect } from 'chai';
import fc from 'fast-check';
import {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '../../src/gen/envoy/service/discovery/v3/discovery.ts';
import { decodeNode } from '../../src/transport/decode-node.ts';
import { decodeRequest, type RequestRules } from '../../src/transport/decode-request.ts';
import { NameLists } from '../../src/transport/name-lists.ts';
import { CLUSTER } from '../../src/resources/type-url.ts';

/** Of all runs: later ones find lists of earlier ones. */
const LISTS = new NameLists();

function rules(variant: 'sotw' | 'delta', overrides: Partial<RequestRules> = {}): RequestRules {
  return {
    variant,
    impliedTypeUrl: undefined,
    maxNames: 1_000,
    maxNameBytes: 4_096,
    lists: LISTS,
    ...overrides,
  };
}

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const names = fc.array(text, { maxLength: 20 });
const typeUrl = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 });
const error = fc.option(fc.record({ code: fc.nat(16), message: text }), { nil: undefined });
const node = fc.option(
  fc.record({
    id: text,
    cluster: text,
    userAgentName: text,
    metadata: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 5 }).filter(key => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 2 }).filter(value => !JSON.stringify(value).includes('__proto__')),
    ),
    extensions: fc.array(fc.record({ name: text, typeUrls: names }), { maxLength: 5 }),
  }),
  { nil: undefined },
);

describe('decodeRequest', () => {
  it('reads a SotW request as the generated code writes it', () => {
    fc.assert(
      fc.property(names, typeUrl, text, error, node, (resourceNames, url, nonce, errorDetail, sentNode) => {
        const message = DiscoveryRequest.fromPartial({
          versionInfo: 'v',
          node: sentNode,
          resourceNames,
          resourceLocators: [{ name: 'located', dynamicParameters: { key: 'value' } }],
          typeUrl: url,
          responseNonce: nonce,
          errorDetail,
        });
        const decoded = decodeRequest(DiscoveryRequest.encode(message).finish(), rules('sotw'));
        if (decoded.kind !== 'request') throw new Error(decoded.message);
        expect(decoded.request).to.deep.equal({
          variant: 'sotw',
          typeUrl: url,
          version: 'v',
          nonce,
          names: [...resourceNames, 'located'],
          ...(errorDetail === undefined ? {} : { rejection: errorDetail }),
        });
        expectNode(decoded.nodeBytes, sentNode);
      }),
    );
  });

  it('reads a delta request as the generated code writes it', () => {
    fc.assert(
      fc.property(
        names,
        names,
        typeUrl,
        text,
        error,
        node,
        (subscribe, unsubscribe, url, nonce, errorDetail, sentNode) => {
          const message = DeltaDiscoveryRequest.fromPartial({
            node: sentNode,
            typeUrl: url,
            resourceNamesSubscribe: subscribe,
            resourceNamesUnsubscribe: unsubscribe,
            resourceLocatorsSubscribe: [{ name: 's' }],
            resourceLocatorsUnsubscribe: [{ name: 'u' }],
            initialResourceVersions: { one: '1', two: '2', constructor: '3' },
            responseNonce: nonce,
            errorDetail,
          });
          const decoded = decodeRequest(DeltaDiscoveryRequest.encode(message).finish(), rules('delta'));
          if (decoded.kind !== 'request') throw new Error(decoded.message);
          expect(decoded.request).to.deep.equal({
            variant: 'delta',
            typeUrl: url,
            nonce,
            subscribe: [...subscribe, 's'],
            unsubscribe: [...unsubscribe, 'u'],
            initialVersions: new Map([
              ['one', '1'],
              ['two', '2'],
              ['constructor', '3'],
            ]),
            ...(errorDetail === undefined ? {} : { rejection: errorDetail }),
          });
          expectNode(decoded.nodeBytes, sentNode);
        },
      ),
    );
  });

  for (const variant of ['sotw', 'delta'] as const) {
    it(`answers any bytes with a ${variant} request or a status, never with an exception`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
          const decoded = decodeRequest(bytes, rules(variant));
          expect(decoded.kind).to.be.oneOf(['request', 'refused']);
          if (decoded.kind === 'refused') expect(decoded.reason).to.be.oneOf(['garbage', 'limit']);
        }),
        { numRuns: 2_000 },
      );
    });

    it(`reads a ${variant} request cut off anywhere, or refuses it`, () => {
      const message =
        variant === 'sotw'
          ? DiscoveryRequest.encode(
              DiscoveryRequest.fromPartial({
                typeUrl: CLUSTER,
                resourceNames: ['a', 'b'],
                node: { id: 'x' },
              }),
            ).finish()
          : DeltaDiscoveryRequest.encode(
              DeltaDiscoveryRequest.fromPartial({ typeUrl: CLUSTER, initialResourceVersions: { a: '1' } }),
            ).finish();
      for (let length = 0; length < message.length; length++) {
        expect(() => decodeRequest(message.subarray(0, length), rules(variant))).not.to.throw();
      }
    });
  }

  it('refuses too many names and names that are too long', () => {
    const encode = (resourceNames: string[]) =>
      DiscoveryRequest.encode(DiscoveryRequest.fromPartial({ typeUrl: CLUSTER, resourceNames })).finish();
    const limited = rules('sotw', { maxNames: 2, maxNameBytes: 60 });
    expect(decodeRequest(encode(['a', 'b']), limited).kind).to.equal('request');
    expect(decodeRequest(encode(['a', 'b', 'c']), limited)).to.include({ kind: 'refused', reason: 'limit' });
    expect(decodeRequest(encode(['x'.repeat(61)]), limited)).to.include({ kind: 'refused', reason: 'limit' });
  });
});

function expectNode(
  bytes: Uint8Array | undefined,
  sent: { id: string; cluster: string; userAgentName: string; metadata: Record<string, unknown> } | undefined,
): void {
  if (sent === undefined) {
    expect(bytes).to.equal(undefined);
    return;
  }
  const decoded = decodeNode(bytes ?? new Uint8Array());
  expect(decoded.id).to.equal(sent.id);
  expect(decoded.cluster).to.equal(sent.cluster);
  expect(decoded.userAgent ?? '').to.equal(sent.userAgentName);
  // JSON knows no negative zero.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  expect(plain(decoded.metadata)).to.deep.equal(plain(sent.metadata));
}
