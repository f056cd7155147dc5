import { expect } from 'chai';
import { Node } from '../../src/gen/envoy/config/core/v3/base.ts';
import { decodeNode } from '../../src/transport/decode-node.ts';

describe('decodeNode', () => {
  it('joins the name and the build version of the user agent', () => {
    const node = Node.fromPartial({
      id: 'edge-1',
      cluster: 'edge',
      metadata: { region: 'eu', tier: 1, tags: ['a', { b: null }] },
      userAgentName: 'envoy',
      userAgentVersionType: {
        $case: 'userAgentBuildVersion',
        value: { version: { majorNumber: 1, minorNumber: 40, patch: 0 } },
      },
    });
    expect(decodeNode(Node.encode(node).finish())).to.deep.equal({
      id: 'edge-1',
      cluster: 'edge',
      metadata: { region: 'eu', tier: 1, tags: ['a', { b: null }] },
      userAgent: 'envoy/1.40.0',
    });
  });

  it('takes a plain version, as gRPC clients send it', () => {
    const node = Node.fromPartial({
      id: 'x',
      userAgentName: 'gRPC Go',
      userAgentVersionType: { $case: 'userAgentVersion', value: '1.85.0' },
    });
    expect(decodeNode(Node.encode(node).finish()).userAgent).to.equal('gRPC Go/1.85.0');
  });

  it('sees that an Envoy has no filter_chain, and presumes nothing of a client that lists no extensions', () => {
    const extension = (typeUrl: string) => ({
      name: 'x',
      category: 'envoy.filters.http',
      typeUrls: [typeUrl],
    });
    const lua = extension('envoy.extensions.filters.http.lua.v3.Lua');
    const chain = extension('envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig');
    const decoded = (extensions: readonly ReturnType<typeof extension>[]) =>
      decodeNode(Node.encode(Node.fromPartial({ id: 'x', extensions: [...extensions] })).finish());
    expect(decoded([lua]).lacksFilterChain).to.equal(true);
    expect(decoded([lua, chain, lua])).not.to.have.property('lacksFilterChain');
    expect(decoded([])).not.to.have.property('lacksFilterChain');
  });

  it('refuses bytes that are no message', () => {
    expect(() => decodeNode(Buffer.from([0x0a, 0x7f, 1]))).to.throw();
  });
});
