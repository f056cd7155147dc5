import { expect } from 'chai';
import fc from 'fast-check';
import { AuthplaneError } from '../../src/platform/errors.ts';
import { makeResource } from '../../src/resources/frame.ts';
import type { ReferenceKind } from '../../src/resources/reference.ts';
import { ResourceSet } from '../../src/resources/resource-set.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { makeSnapshot, type Snapshot } from '../../src/resources/snapshot.ts';
import { CLUSTER, SECRET, VIRTUAL_HOST, type TypeUrl } from '../../src/resources/type-url.ts';
import { decodeGroup, encodeGroup } from '../../src/store/group-codec.ts';
import { sealFile } from '../../src/store/sealed-file.ts';

const path = fc.array(fc.oneof(fc.string(), fc.nat()), { maxLength: 3 });
const reference = fc.record({
  kind: fc.constantFrom<ReferenceKind>(
    'endpoints',
    'cluster',
    'route',
    'secret',
    'extension',
    'virtualHosts',
  ),
  name: fc.string(),
  path,
});
const origin = fc.record({ file: fc.string(), line: fc.nat(), column: fc.nat(), path });
const resource = fc
  .record({
    typeUrl: fc.constantFrom<TypeUrl>(CLUSTER, SECRET, VIRTUAL_HOST),
    name: fc.string({ unit: 'binary' }).filter(name => name.isWellFormed()),
    aliases: fc.array(fc.string(), { maxLength: 2 }),
    body: fc.uint8Array({ maxLength: 300 }),
    references: fc.array(reference, { maxLength: 2 }),
    origin,
  })
  .map(makeResource);

function snapshotOf(
  files: readonly string[],
  resources: readonly Resource[],
  pinned: string | undefined,
): Snapshot {
  const sets = new Map<TypeUrl, ResourceSet>();
  for (const typeUrl of [CLUSTER, SECRET, VIRTUAL_HOST]) {
    const ofType = resources.filter(entry => entry.typeUrl === typeUrl);
    if (ofType.length > 0) sets.set(typeUrl, ResourceSet.of(ofType));
  }
  return makeSnapshot(files, sets, { pinnedVersion: pinned });
}

const snapshots = fc
  .tuple(
    fc.array(fc.string(), { maxLength: 3 }),
    fc.array(resource, { maxLength: 5 }),
    fc.option(fc.string(), { nil: undefined }),
  )
  .map(parts => snapshotOf(...parts));

/** A snapshot without what it remembers by itself. */
function plain({ nodeGroup, files, version, pinnedVersion, resources }: Snapshot): unknown {
  const sets = [...resources].map(([typeUrl, set]) => [
    typeUrl,
    [...set.byName.values()].map(entry => ({
      ...entry,
      sotwFrame: Buffer.from(entry.sotwFrame).toString('hex'),
      deltaFrame: Buffer.from(entry.deltaFrame).toString('hex'),
    })),
  ]);
  return { nodeGroup, files, version, pinnedVersion, sets };
}

function refusal(bytes: Uint8Array): AuthplaneError {
  try {
    decodeGroup('x.group', bytes);
  } catch (thrown) {
    if (thrown instanceof AuthplaneError && thrown.code === 'STATE_CORRUPT') return thrown;
    throw thrown;
  }
  throw new Error('the file was not refused');
}

describe('the file of a group', () => {
  it('gives back any snapshot as it was', () => {
    fc.assert(
      fc.property(snapshots, snapshot => {
        const bytes = encodeGroup(snapshot);
        const decoded = decodeGroup('x.group', bytes);
        expect(plain(decoded)).to.deep.equal(plain(snapshot));
        expect(encodeGroup(decoded)).to.deep.equal(bytes);
      }),
    );
  });

  it('is refused with any byte changed', () => {
    const flip = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      mask: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(snapshots, flip, (snapshot, { at, mask }) => {
        const bytes = encodeGroup(snapshot);
        const index = Math.floor(at * bytes.length);
        bytes.writeUInt8(bytes.readUInt8(index) ^ mask, index);
        refusal(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused at any length but its own', () => {
    const bytes = encodeGroup(
      snapshotOf(['a.yaml'], [makeResource({ typeUrl: CLUSTER, name: 'c', body: Buffer.from('b') })], 'r1'),
    );
    for (let length = 0; length < bytes.length; length++) refusal(bytes.subarray(0, length));
    refusal(Buffer.concat([bytes, Buffer.alloc(1)]));
  });

  it('is refused when it is of another format or kind', () => {
    const bytes = encodeGroup(snapshotOf([], [], undefined));
    const other = Buffer.from(bytes.toString('latin1').replace(' 1 group', ' 2 group'), 'latin1');
    expect(refusal(other).message).to.contain('format 2');
    expect(refusal(sealFile('index', Buffer.from('{}'))).message).to.contain('kind index');
  });

  it('is refused when a version is not the hash of the content, although the checksum fits', () => {
    const version = makeResource({ typeUrl: CLUSTER, name: 'c', body: Buffer.from('body') }).version;
    const bytes = encodeGroup(
      snapshotOf([], [makeResource({ typeUrl: CLUSTER, name: 'c', body: Buffer.from('body') })], undefined),
    );
    const payload = bytes.subarray(bytes.indexOf(0x0a) + 1);
    const forged = Buffer.from(payload.toString('latin1').replace(version, '0123456789abcdef'), 'latin1');
    expect(refusal(sealFile('group', forged)).message).to.contain('version');
  });

  it('is refused when its description has another form, although the checksum fits', () => {
    for (const description of [
      '{',
      '[]',
      '{}',
      '{"resources":[{}],"files":[]}',
      '{"resources":[],"files":[1]}',
    ]) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(description.length);
      refusal(sealFile('group', Buffer.concat([length, Buffer.from(description)])));
    }
    refusal(sealFile('group', Buffer.from([1])));
  });

  it('is never quoted in the message that refuses it', () => {
    const canary = 'canary-key-material';
    const body = Buffer.from(canary);
    const bytes = encodeGroup(
      snapshotOf(['a.yaml'], [makeResource({ typeUrl: SECRET, name: canary, body })], canary),
    );
    for (let index = 0; index < bytes.length; index += 7) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(index) ^ 1, index);
      expect(refusal(damaged).message).not.to.contain(canary);
    }
    const payload = bytes.subarray(bytes.indexOf(0x0a) + 1);
    for (let index = 0; index < payload.length; index++) {
      const damaged = Buffer.from(payload);
      damaged.writeUInt8(damaged.readUInt8(index) ^ 1, index);
      let message = '';
      try {
        decodeGroup('x.group', sealFile('group', damaged));
      } catch (thrown) {
        message = String(thrown);
      }
      expect(message).not.to.contain(canary);
    }
  });

  it('shares one object between groups that have the same resource', () => {
    const shared = new Map<string, Resource>();
    const make = (): Resource => makeResource({ typeUrl: CLUSTER, name: 'c', body: Buffer.from('b') });
    const first = decodeGroup('1.group', encodeGroup(snapshotOf(['a'], [make()], undefined)), shared);
    const second = decodeGroup('2.group', encodeGroup(snapshotOf(['b'], [make()], undefined)), shared);
    expect(first.resources.get(CLUSTER)?.find('c')).to.equal(second.resources.get(CLUSTER)?.find('c'));
  });
});
