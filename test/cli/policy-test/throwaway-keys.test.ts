import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compileGroup } from '../../../src/compiler/compile-group.ts';
import { ThrowawayKeys } from '../../../src/cli/policy-test/throwaway-keys.ts';
import { REPOSITORY } from '../../../scripts/paths.ts';
import { asset, checked, linesOf } from '../../support/compile.ts';
import { testSchema } from '../../support/schema.ts';

describe('throw-away keys', () => {
  it('take the place of every file of a sidecar, with the identity of its service', () => {
    const files = ['services.yaml', 'orders.yaml'].map(name =>
      checked(name, readFileSync(join(REPOSITORY, 'examples', 'mesh', name), 'utf8')),
    );
    const assets = new ThrowawayKeys().assets(files, [], new Map());
    const input = { files, assets, nowMs: Date.now(), schema: testSchema() };
    expect(linesOf(compileGroup(input))).to.deep.equal([]);
  });

  it('take the place of ticket keys, other secrets and CAs, in a form that can be served', () => {
    const text = `
session_ticket_keys: [{name: tickets, keys: [a.key, b.key], grant: {groups: [x]}}]
generic_secrets: [{name: oauth, file: secret, grant: {groups: [x]}}]
trust_bundles: [{name: ca, spiffe_bundles: [{trust_domain: a.test, trusted_ca: ca.pem}], grant: {groups: [x]}}]
`;
    const files = [checked('a.yaml', text)];
    const assets = new ThrowawayKeys().assets(
      files,
      [],
      new Map([['/snapshots/secret', asset('the real one')]]),
    );
    const input = { files, assets, nowMs: Date.now(), schema: testSchema() };
    expect(linesOf(compileGroup(input))).to.deep.equal([]);
    expect(JSON.stringify([...assets.values()])).to.not.contain(
      Buffer.from('the real one').toJSON().data.join(),
    );
  });
});
