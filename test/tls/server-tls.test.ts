import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ServerTls, type TlsEvent, type TlsFiles } from '../../src/tls/server-tls.ts';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import type { IssuedCertificate } from '../../src/authority/certificate-request.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';

async function writePair(files: TlsFiles, pair: Partial<IssuedCertificate>): Promise<void> {
  if (pair.chainPem !== undefined) await writeFile(files.certPath, pair.chainPem);
  if (pair.privateKeyPem !== undefined) await writeFile(files.keyPath, pair.privateKeyPem);
}

interface Scene extends AsyncDisposable {
  readonly authority: CertificateAuthority;
  readonly files: TlsFiles;
  readonly events: TlsEvent[];
  readonly clock: FakeClock;
  readonly parts: { readonly clock: FakeClock; readonly observe: (event: TlsEvent) => void };
}

async function newScene(): Promise<Scene> {
  const directory = await temporaryDirectory();
  const events: TlsEvent[] = [];
  const clock = new FakeClock();
  return {
    authority: CertificateAuthority.create(),
    files: { certPath: join(directory.path, 'tls.crt'), keyPath: join(directory.path, 'tls.key') },
    events,
    clock,
    parts: { clock, observe: event => void events.push(event) },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('ServerTls', () => {
  it('takes a new pair and tells until when it is valid', async () => {
    await using scene = await newScene();
    const { authority, events, files, parts } = scene;
    await writePair(files, authority.issue());
    using identity = await ServerTls.load(parts, { title: 'a port', files, pollMs: 1_000 });
    const notAfter = new Date('2050-01-01T00:00:00Z');
    await writePair(files, authority.issue({ notAfter }));
    await identity.reload();
    expect(events.map(event => event.kind)).to.deep.equal(['tlsLoaded', 'tlsLoaded']);
    expect(events[1]).to.include({ notAfterMs: notAfter.getTime() });
  });

  it('does nothing when the files say the same', async () => {
    await using scene = await newScene();
    const { authority, events, files, parts } = scene;
    const pair = authority.issue();
    await writePair(files, pair);
    using identity = await ServerTls.load(parts, { title: 'a port', files, pollMs: 1_000 });
    await writePair(files, pair);
    await identity.reload();
    expect(events).to.have.length(1);
  });

  it('keeps the pair it has while half of a new one is there, tells it once, and takes the whole', async () => {
    await using scene = await newScene();
    const { authority, events, files, parts } = scene;
    await writePair(files, authority.issue());
    using identity = await ServerTls.load(parts, { title: 'a port', files, pollMs: 1_000 });
    const next = authority.issue();
    await writePair(files, { chainPem: next.chainPem });
    await identity.reload();
    await identity.reload();
    await writePair(files, { privateKeyPem: next.privateKeyPem });
    await identity.reload();
    expect(events.map(event => event.kind)).to.deep.equal(['tlsLoaded', 'tlsRefused', 'tlsLoaded']);
    expect(events[1]).to.deep.include({ message: `${files.keyPath} is not the key of ${files.certPath}` });
  });

  for (const [title, content] of [
    ['empty', ''],
    ['no PEM', 'hello'],
    ['cut off', '-----BEGIN PRIVATE KEY-----\nMIGHAgEA'],
  ] as const) {
    it(`keeps the pair it has when the key file is ${title}, and says nothing of its content`, async () => {
      await using scene = await newScene();
      const { authority, events, files, parts } = scene;
      await writePair(files, authority.issue());
      using identity = await ServerTls.load(parts, { title: 'a port', files, pollMs: 1_000 });
      await writeFile(files.keyPath, content);
      await identity.reload();
      const refused = events.at(-1);
      expect(refused?.kind).to.equal('tlsRefused');
      if (content !== '') expect(JSON.stringify(refused)).not.to.contain(content.slice(0, 5));
    });
  }

  it('reads the files at every poll and at every hint, until it is disposed', async () => {
    await using scene = await newScene();
    const { authority, clock, events, files, parts } = scene;
    await writePair(files, authority.issue());
    const hints: (() => void)[] = [];
    const watch = (_: readonly string[], onHint: () => void): Disposable => {
      hints.push(onHint);
      return { [Symbol.dispose]: () => void hints.pop() };
    };
    const identity = await ServerTls.load({ ...parts, watch }, { title: 'a port', files, pollMs: 1_000 });
    await writePair(files, authority.issue());
    clock.advance(1_000);
    await waitFor('the poll', () => events.length === 2);
    await writePair(files, authority.issue());
    for (const hint of hints) hint();
    await waitFor('the hint', () => events.length === 3);
    await waitFor('the next timer', () => clock.pending === 1);
    identity[Symbol.dispose]();
    expect(clock.pending).to.equal(0);
    expect(hints).to.deep.equal([]);
  });

  it('does not start without usable files', async () => {
    await using scene = await newScene();
    const { authority, files, parts } = scene;
    expect(await failure(ServerTls.load(parts, { title: 'a port', files, pollMs: 1_000 }))).to.include({
      code: 'TLS_FILES_INVALID',
    });
    await writePair(files, { ...authority.issue(), privateKeyPem: authority.issue().privateKeyPem });
    expect(await failure(ServerTls.load(parts, { title: 'a port', files, pollMs: 1_000 }))).to.include({
      code: 'TLS_FILES_INVALID',
    });
  });
});
