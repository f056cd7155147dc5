import { expect } from 'chai';
import { PROXY_EXPECTED_MS } from '../../src/tokens/keys/key-holder.ts';
import { combineHolders, REPLICA_GONE_MS } from '../../src/token-service/replica-holders.ts';
import type { ReplicaReport } from '../../src/token-service/token-stores.ts';
import type { SigningKey } from '../../src/tokens/keys/signing-key.ts';

const NOW_MS = 10_000_000;
const KEY: SigningKey = { kid: 'k', use: 'jwt', algorithm: 'ES256', state: 'pending', createdMs: 0 };
const report = (fields: Partial<ReplicaReport>): ReplicaReport => ({
  id: 'a',
  seenMs: NOW_MS,
  isStopped: false,
  heldUpBy: { k: [] },
  proxies: [],
  ...fields,
});
const BEHIND = { k: [{ reason: 'not accepted', nodes: ['edge-1'] }] };
const holders = (...reports: readonly ReplicaReport[]) => combineHolders([KEY], reports, NOW_MS).get('k');
const AWAY = 'the proxy was connected to a replica that has stopped, did not have the key, and is not back';

describe('combineHolders', () => {
  it('joins what running replicas say, and waits for one that has not seen the key', () => {
    expect(holders(report({ heldUpBy: BEHIND }), report({ id: 'b', heldUpBy: {} }))).to.deep.equal([
      ...BEHIND.k,
      { reason: 'replica b has not seen the key yet', nodes: [] },
    ]);
    expect(holders(report({}), report({ id: 'b' }))).to.deep.equal([]);
  });

  for (const [title, fields] of [
    ['was stopped', { isStopped: true }],
    ['was killed', { seenMs: NOW_MS - REPLICA_GONE_MS - 1 }],
  ] as const) {
    it(`waits for proxies of a replica that ${title}, which did not have the key, until they are back`, () => {
      const gone = report({ ...fields, heldUpBy: BEHIND, proxies: ['edge-1', 'edge-2'] });
      expect(holders(gone)).to.deep.equal([{ reason: AWAY, nodes: ['edge-1'] }]);
      expect(holders(gone, report({ id: 'b', proxies: ['edge-1'] }))).to.deep.equal([]);
      expect(holders({ ...gone, heldUpBy: { k: [] } })).to.deep.equal([]);
      expect(holders({ ...gone, heldUpBy: {} })).to.deep.equal([
        { reason: AWAY, nodes: ['edge-1', 'edge-2'] },
      ]);
    });
  }

  it('waits for them no longer than ten minutes', () => {
    const gone = report({ heldUpBy: BEHIND, proxies: ['edge-1'], isStopped: true });
    expect(holders({ ...gone, seenMs: NOW_MS - PROXY_EXPECTED_MS })).to.have.length(1);
    expect(holders({ ...gone, seenMs: NOW_MS - PROXY_EXPECTED_MS - 1 })).to.deep.equal([]);
  });

  it('waits for all of them when the list of those without the key was cut', () => {
    const nodes = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const proxies = [...nodes, 'n20'];
    const gone = report({ isStopped: true, heldUpBy: { k: [{ reason: 'x', nodes }] }, proxies });
    const back = report({ id: 'b', proxies: nodes });
    expect(holders(gone, back)).to.deep.equal([{ reason: AWAY, nodes: ['n20'] }]);
  });
});
