import { expect } from 'chai';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeEnvironment } from '../support/edge-environment.ts';
import { TRANSPORT_VARIANTS } from '../support/transport-variants.ts';
import { waitFor } from '../support/wait-for.ts';

interface BadEdit {
  readonly name: string;
  readonly code: string;
  /** Makes the directory bad; what it adds besides `edge.yaml` and the certificate is named `bad*`. */
  readonly make: (edge: EdgeEnvironment, text: string) => Promise<void>;
}

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...'bcdefghij'.split('').map((name, i) => {
    const before = 'abcdefghij'[i] ?? '';
    return `${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`;
  }),
].join('\n');

const write = (content: string) => (edge: EdgeEnvironment) => edge.snapshots.write('edge.yaml', content);
const replace = (from: string, to: string) => async (edge: EdgeEnvironment, text: string) => {
  expect(text).to.contain(from);
  await edge.snapshots.write('edge.yaml', text.replace(from, to));
};

/** Every one would harm the fleet if it were pushed. */
const BAD_EDITS: readonly BadEdit[] = [
  { name: 'an unknown field', code: 'AP1101', make: replace('"stat_prefix"', '"stat_prefixx"') },
  {
    name: 'a value of the wrong type',
    code: 'AP1102',
    make: replace('"connect_timeout": "1s"', '"connect_timeout": 1'),
  },
  { name: 'a route to no cluster', code: 'AP1301', make: replace('"cluster": "a"', '"cluster": "ghost"') },
  {
    name: 'a violated field rule',
    code: 'AP1201',
    make: replace('"stat_prefix": "edge"', '"stat_prefix": ""'),
  },
  { name: 'bad YAML', code: 'AP1001', make: write('listeners: [\n') },
  { name: 'a truncated save', code: 'AP1002', make: write('') },
  { name: 'a YAML bomb', code: 'AP1006', make: write(bomb) },
  {
    name: 'binary garbage',
    code: 'AP1008',
    make: edge =>
      writeFile(join(edge.snapshots.path, 'bad.yaml'), Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28])),
  },
  {
    name: 'a file of 100 MB',
    code: 'AP1003',
    make: async edge => {
      await writeFile(join(edge.snapshots.path, 'bad.yaml'), 'clusters:\n');
      await truncate(join(edge.snapshots.path, 'bad.yaml'), 100 << 20);
    },
  },
  {
    name: 'a link out of the directory',
    code: 'AP1005',
    make: async edge => {
      await writeFile(join(edge.directory, 'outside.yaml'), 'clusters: []\n');
      await symlink(join(edge.directory, 'outside.yaml'), join(edge.snapshots.path, 'bad.yaml'));
    },
  },
  {
    name: 'a directory in the place of a file',
    code: 'AP1004',
    make: async edge => {
      await mkdir(join(edge.snapshots.path, 'bad.yaml'));
    },
  },
  {
    name: 'a second definition of a cluster',
    code: 'AP1401',
    make: edge =>
      edge.snapshots.write('bad.yaml', {
        clusters: [
          { name: 'a', type: 'STATIC', connect_timeout: '1s', load_assignment: { cluster_name: 'a' } },
        ],
      }),
  },
  {
    name: 'the key of another certificate',
    code: 'AP1505',
    make: async edge => {
      await edge.snapshots.write(
        'certs/edge.key',
        edge.authority.issue({ dnsNames: ['other'] }).privateKeyPem,
      );
    },
  },
  {
    name: 'an expired certificate',
    code: 'AP1507',
    make: async edge => {
      const day = 86_400_000;
      const expired = edge.authority.issue({
        dnsNames: ['localhost'],
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() - day),
      });
      await edge.snapshots.writeCertificate('certs/edge', expired);
    },
  },
];

for (const variant of TRANSPORT_VARIANTS) {
  describe(`bad edits while a real Envoy serves over ${variant.name}`, function () {
    this.timeout(90_000);
    this.bail(true);
    let edge: EdgeEnvironment;
    before(async () => {
      edge = await EdgeEnvironment.start(variant);
    });
    after(() => edge[Symbol.asyncDispose]());

    // The edits meet the same loader whatever the transport: all of them once, one everywhere.
    const edits = variant.name === 'ADS delta' ? BAD_EDITS : BAD_EDITS.slice(0, 1);
    for (const edit of edits) {
      it(`refuse ${edit.name} and fail no request`, async () => {
        const text = await edge.snapshots.read('edge.yaml');
        await using load = await edge.startLoad();
        const from = edge.authplane.log.length;
        await edit.make(edge, text);
        const refusal = await edge.authplane.waitForLog(
          edit.code,
          entry => entry.event === 'snapshot.rejected' && entry['error_code'] === edit.code,
          from,
          15_000,
        );
        expect(refusal.msg).to.match(/^[\w./-]+:\d+:\d+ error .+ \[AP\d{4}\]/);
        await waitFor('the metric tells', async () =>
          (await edge.authplane.metrics()).includes('authplane_snapshot_last_load_successful 0'),
        );
        expect(await edge.authplane.readyStatus()).to.equal(200);
        expect((await edge.request()).status).to.equal(200);

        await restore(edge);
        await waitFor('the good files are taken again', async () =>
          (await edge.authplane.metrics()).includes('authplane_snapshot_last_load_successful 1'),
        );
        await load.stop();
        expect(load.failures).to.deep.equal([]);
        expect(load.handshakes, 'connections').to.equal(4);
        edge.envoy.assertClean();
      });
    }

    it('refuse an empty mount and fail no request', async () => {
      await using load = await edge.startLoad();
      const from = edge.authplane.log.length;
      await edge.snapshots.remove('edge.yaml');
      await edge.authplane.waitForLog('guarded', entry => entry.event === 'snapshot.guarded', from, 15_000);
      expect(await edge.authplane.readyStatus()).to.equal(200);
      await edge.change({});
      await waitFor('the file is taken again', async () =>
        (await edge.authplane.metrics()).includes('authplane_snapshot_last_load_successful 1'),
      );
      await load.stop();
      expect(load.failures).to.deep.equal([]);
      edge.envoy.assertClean();
    });
  });
}

async function restore(edge: EdgeEnvironment): Promise<void> {
  await rm(join(edge.snapshots.path, 'bad.yaml'), { recursive: true, force: true });
  await edge.issueCertificate('certs/edge');
  await edge.change({});
}
