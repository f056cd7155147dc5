import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from '../../scripts/child-process.ts';
import { REPOSITORY } from '../../scripts/paths.ts';
import { freePort } from '../../src/cli/policy-test/free-port.ts';
import { runCli } from '../support/cli.ts';
import { SnapshotDirectory } from '../support/snapshot-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { tlsOptions, tlsRequest } from '../support/tls-client.ts';
import { waitFor } from '../support/wait-for.ts';

describe('npm run mesh', function () {
  this.timeout(60_000);

  it('runs examples/mesh: the calls that it prints are allowed and denied, also after the CA was replaced', async () => {
    await using directory = await temporaryDirectory();
    const snapshots = new SnapshotDirectory(join(directory.path, 'mesh'));
    for (const name of ['services.yaml', 'orders.yaml', 'web.yaml']) {
      await cp(join(REPOSITORY, 'examples', 'mesh', name), join(snapshots.path, name));
    }
    const ports: Record<string, number> = {};
    for (const port of ['15443', '15444', '18091', '18092']) {
      ports[port] = await freePort();
      await snapshots.edit('services.yaml', `port: ${port}`, `port: ${ports[port]}`);
    }
    const local = await freePort();
    await snapshots.edit('web.yaml', 'local_port: 15001', `local_port: ${local}`);
    const child = Child.start(
      process.execPath,
      [
        join(REPOSITORY, 'scripts', 'mesh.ts'),
        ...['--snapshots', snapshots.path, '--work-dir', join(directory.path, 'work')],
      ],
      { cwd: REPOSITORY },
    );
    try {
      const last = await waitFor(
        'the example to run',
        () => child.stdout.find(line => line.startsWith('Ctrl-C')),
        40_000,
      );
      expect(last).to.contain('ends everything');
      const call = async (): Promise<number> => (await fetch(`http://127.0.0.1:${local}/orders/7`)).status;
      const intruder = async (): Promise<number> => {
        const file = (name: string): string => join(snapshots.path, 'generated', name);
        const files = {
          trust: file('ca/trust.pem'),
          certificate: file('intruder.pem'),
          privateKey: file('intruder.key'),
        };
        const options = { ...(await tlsOptions(files)), checkServerIdentity: () => undefined };
        return (await tlsRequest(ports['15443'] ?? 0, options)).status;
      };
      expect([await call(), await intruder()]).to.deep.equal([200, 403]);
      const rotate = child.stdout.find(line => line.startsWith('npx authplane ca rotate')) ?? '';
      const flags = rotate.split(' ').slice(2);
      const rotated = await runCli(flags, { workingDirectory: REPOSITORY });
      expect(rotated.code, rotated.stderr).to.equal(0);
      expect([await call(), await intruder()]).to.deep.equal([200, 403]);
    } catch (thrown) {
      throw new Error(child.tail(40), { cause: thrown });
    } finally {
      await child.stop('SIGTERM');
    }
  });
});
