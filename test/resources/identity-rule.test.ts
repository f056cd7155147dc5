import { expect } from 'chai';
import fc from 'fast-check';
import { identityProblem, templateProblem, type IdentityRule } from '../../src/resources/identity-rule.ts';

const SPIFFE: IdentityRule = { kind: 'spiffe', template: 'spiffe://example.org/{cluster}/{id}' };
const DNS: IdentityRule = { kind: 'dns', template: '{id}.{cluster}.example.org' };
const node = { id: 'edge-1', cluster: 'edge' };
const uris = (...list: readonly string[]) => ({ uris: list, dnsNames: [] });
const dnsNames = (...list: readonly string[]) => ({ uris: [], dnsNames: list });

describe('an identity rule', () => {
  it('takes the holder of the name of a node for this node', () => {
    expect(identityProblem(SPIFFE, uris('spiffe://example.org/edge/edge-1'), node)).to.equal(undefined);
    const names = dnsNames('other.example.org', 'Edge-1.edge.example.org');
    expect(identityProblem(DNS, names, node)).to.equal(undefined);
  });

  it('takes no other name, no name of the other kind, no wildcard and no second URI', () => {
    const wrong: readonly [IdentityRule, Parameters<typeof identityProblem>[1]][] = [
      [SPIFFE, uris()],
      [SPIFFE, uris('spiffe://example.org/edge/edge-2')],
      [SPIFFE, uris('spiffe://example.org/other/edge-1')],
      [SPIFFE, uris('spiffe://example.com/edge/edge-1')],
      [SPIFFE, uris('spiffe://example.org/edge/edge-1/')],
      [SPIFFE, uris('SPIFFE://example.org/edge/edge-1')],
      [SPIFFE, uris('spiffe://example.org/edge/edge-1', 'spiffe://example.org/edge/edge-2')],
      [SPIFFE, dnsNames('edge-1.edge.example.org', 'spiffe://example.org/edge/edge-1')],
      [DNS, uris('edge-1.edge.example.org')],
      [DNS, dnsNames('*.edge.example.org')],
      [DNS, dnsNames('edge-1.other.example.org')],
      [DNS, dnsNames('edge-1.edge.example.org.')],
    ];
    for (const [rule, names] of wrong) {
      expect(identityProblem(rule, names, node), JSON.stringify(names)).to.be.a('string');
    }
  });

  it('refuses node ids and clusters that would be more or less than their part of the name', () => {
    for (const id of ['', 'a/b', '.', '..', 'a b', 'a%2fb', 'é', 'a\0', '{cluster}', '$&']) {
      const names = uris(`spiffe://example.org/edge/${id}`, `spiffe://example.org/${id}/edge-1`);
      expect(identityProblem(SPIFFE, names, { ...node, id }), id).to.contain('node.id');
      expect(identityProblem(SPIFFE, names, { ...node, cluster: id }), id).to.contain('node.cluster');
    }
    for (const id of ['', 'a.b', 'EDGE-1', '-a', 'a-', '*', 'a'.repeat(64)]) {
      const names = dnsNames(`${id}.edge.example.org`);
      expect(identityProblem(DNS, names, { ...node, id }), id).to.contain('node.id');
    }
  });

  it('never takes one name for two nodes', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'B', '.', '/', '-', '{', '}', '*'), maxLength: 5 }),
      fc.constantFrom('{id}', '{cluster}', 'example', 'org', 'edge'),
    );
    const anyNode = fc.record({ id: text, cluster: text });
    const rule = fc.oneof(
      fc
        .constantFrom('{id}.{cluster}', '{cluster}.{id}', 'a.{id}.b.{cluster}', 'b.{cluster}.{id}.a')
        .map((template): IdentityRule => ({ kind: 'dns', template })),
      fc
        .constantFrom('a/{cluster}/{id}', 'a/{id}/{cluster}', 'a/b/{id}/a/{cluster}')
        .map((path): IdentityRule => ({ kind: 'spiffe', template: `spiffe://${path}` })),
    );
    fc.assert(
      fc.property(rule, anyNode, anyNode, (chosen, one, other) => {
        expect(templateProblem(chosen)).to.equal(undefined);
        const name = chosen.template.replace('{id}', () => one.id).replace('{cluster}', () => one.cluster);
        const names = { uris: [name], dnsNames: [name] };
        const taken = [one, other].filter(claimed => identityProblem(chosen, names, claimed) === undefined);
        if (taken.length === 2) expect(one).to.deep.equal(other);
      }),
      { numRuns: process.env['PROVE'] === '1' ? 100_000 : 2_000 },
    );
  });

  it('wants a template with both parts, each whole', () => {
    for (const rule of [SPIFFE, DNS]) expect(templateProblem(rule)).to.equal(undefined);
    const bad: readonly IdentityRule[] = [
      { kind: 'spiffe', template: '' },
      { kind: 'spiffe', template: 'spiffe://example.org/{id}' },
      { kind: 'spiffe', template: 'spiffe://example.org/{cluster}-{id}' },
      { kind: 'spiffe', template: 'spiffe://example.org/{cluster}/{id}/{id}' },
      { kind: 'spiffe', template: 'spiffe://{cluster}/{id}' },
      { kind: 'spiffe', template: 'spiffe://Example.org/{cluster}/{id}' },
      { kind: 'spiffe', template: 'https://example.org/{cluster}/{id}' },
      { kind: 'spiffe', template: 'spiffe://example.org//{cluster}/{id}' },
      { kind: 'dns', template: '{id}{cluster}.example.org' },
      { kind: 'dns', template: '{id}.{cluster}.*.org' },
      { kind: 'dns', template: '{id}.example.org' },
    ];
    for (const rule of bad)
      expect(templateProblem(rule), rule.template).to.contain('needs a template such as');
  });
});
