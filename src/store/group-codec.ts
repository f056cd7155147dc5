import { makeResource } from '../resources/frame.ts';
import type { Grant } from '../resources/grant.ts';
import type { Reference, ReferenceKind } from '../resources/reference.ts';
import { ResourceSet } from '../resources/resource-set.ts';
import type { Origin, Resource } from '../resources/resource.ts';
import { makeSnapshot, type Snapshot } from '../resources/snapshot.ts';
import type { TypeUrl } from '../resources/type-url.ts';
import { authJson, readAuth } from './auth-codec.ts';
import { JsonShape } from './json-shape.ts';
import { corrupt, sealFile, unsealFile } from './sealed-file.ts';

const LENGTH_BYTES = 4;

const REFERENCE_KINDS = {
  endpoints: true,
  cluster: true,
  route: true,
  secret: true,
  extension: true,
  scopedRoutes: true,
  virtualHosts: true,
  runtime: true,
} as const satisfies Record<ReferenceKind, true>;

/**
 * The file of one group: the length of a description (4 bytes, big endian), the description as JSON, then the bodies
 * of all resources. The description has everything but the bodies, which hold secrets and are never text. Equal
 * snapshots give equal bytes.
 */
export function encodeGroup(snapshot: Snapshot): Buffer {
  const all = [...snapshot.resources.values()].flatMap(set => [...set.byName.values()]);
  const { files, version, pinnedVersion } = snapshot;
  const auth = snapshot.auth && authJson(snapshot.auth);
  const grants = [...snapshot.grants].map(([name, grant]) => ({ name, ...grant }));
  const head = JSON.stringify({ files, version, pinnedVersion, auth, grants });
  const resources = all.map(describeResource).join(',');
  const description = Buffer.from(`${head.slice(0, -1)},"resources":[${resources}]}`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(description.length);
  return sealFile('group', Buffer.concat([length, description, ...all.map(({ body }) => body)]));
}

/** Of each resource, once: of a snapshot that follows another one most resources are the same objects. */
const descriptions = new WeakMap<Resource, string>();

/** All of a resource but its body, as JSON. */
function describeResource(resource: Resource): string {
  let known = descriptions.get(resource);
  if (known === undefined) {
    const { typeUrl: type, name, aliases, version, references, origin, body } = resource;
    known = JSON.stringify({ type, name, aliases, version, references, origin, length: body.length });
    descriptions.set(resource, known);
  }
  return known;
}

/**
 * Rebuilds a snapshot; every version is computed again and must be what was written. `shared` gives groups that
 * have the same resource one object.
 * @throws AuthplaneError STATE_CORRUPT.
 */
export function decodeGroup(
  name: string,
  bytes: Uint8Array,
  shared: Map<string, Resource> = new Map(),
): Snapshot {
  const payload = unsealFile(name, 'group', bytes);
  const shape = new JsonShape(name);
  const bodiesStart = payload.length < LENGTH_BYTES ? Infinity : LENGTH_BYTES + payload.readUInt32BE();
  if (bodiesStart > payload.length) throw corrupt(name, 'its description is cut off');
  const description = shape.parse(payload.toString('utf8', LENGTH_BYTES, bodiesStart));
  const resources = new Map<TypeUrl, Resource[]>();
  let offset = bodiesStart;
  shape.list(description['resources'], 'list of resources', entry => {
    const fields = shape.object(entry, 'resource');
    const end = offset + shape.count(fields['length'], 'length of a resource');
    if (end > payload.length) throw corrupt(name, 'a resource is cut off');
    const resource = share(shared, decodeResource(name, shape, fields, payload.subarray(offset, end)));
    offset = end;
    const list = resources.get(resource.typeUrl);
    if (list === undefined) resources.set(resource.typeUrl, [resource]);
    else list.push(resource);
  });
  if (offset !== payload.length) throw corrupt(name, 'bytes are left over');
  const sets = new Map([...resources].map(([typeUrl, list]) => [typeUrl, ResourceSet.of(list)]));
  const files = shape.texts(description['files'], 'list of files');
  const snapshot = makeSnapshot(files, sets, {
    pinnedVersion: shape.optionalText(description['pinnedVersion'], 'pinned version'),
    auth: readAuth(shape, description['auth'], value => decodeOrigin(shape, value)),
    grants: readGrants(shape, description['grants']),
  });
  if (snapshot.version !== description['version'])
    throw corrupt(name, 'its version is not that of its content');
  return snapshot;
}

function decodeResource(
  file: string,
  shape: JsonShape,
  fields: Readonly<Record<string, unknown>>,
  body: Uint8Array,
): Resource {
  const resource = makeResource({
    typeUrl: shape.text(fields['type'], 'type URL') as TypeUrl,
    name: shape.text(fields['name'], 'name of a resource'),
    aliases: shape.texts(fields['aliases'], 'list of aliases'),
    body,
    references: shape.list(fields['references'], 'list of references', entry =>
      decodeReference(file, shape, entry),
    ),
    origin: decodeOrigin(shape, fields['origin']),
  });
  if (resource.version !== fields['version']) {
    throw corrupt(file, 'the version of a resource is not that of its content');
  }
  return resource;
}

/** None for a state that was written before there were grants. */
function readGrants(shape: JsonShape, value: unknown): ReadonlyMap<string, Grant> {
  if (value === undefined) return new Map();
  const grants = shape.list(value, 'list of grants', entry => {
    const { name, spiffe, groups } = shape.object(entry, 'grant');
    const grant = { spiffe: shape.texts(spiffe, 'grant'), groups: shape.texts(groups, 'grant') };
    return [shape.text(name, 'name of a secret'), grant] as const;
  });
  return new Map(grants);
}

function decodeReference(file: string, shape: JsonShape, value: unknown): Reference {
  const { kind, name, path } = shape.object(value, 'reference');
  const text = shape.text(kind, 'kind of a reference');
  if (!isReferenceKind(text)) throw corrupt(file, 'it has a reference of an unknown kind');
  return { kind: text, name: shape.text(name, 'name of a reference'), path: decodePath(shape, path) };
}

function isReferenceKind(text: string): text is ReferenceKind {
  return Object.hasOwn(REFERENCE_KINDS, text);
}

function decodeOrigin(shape: JsonShape, value: unknown): Origin {
  const { file, line, column, path } = shape.object(value, 'origin');
  return {
    file: shape.text(file, 'file of an origin'),
    line: shape.count(line, 'line'),
    column: shape.count(column, 'column'),
    path: decodePath(shape, path),
  };
}

function decodePath(shape: JsonShape, value: unknown): readonly (string | number)[] {
  return shape.list(value, 'path', part => (typeof part === 'number' ? part : shape.text(part, 'path')));
}

/** One object for resources that are equal and were written in the same place. */
function share(shared: Map<string, Resource>, resource: Resource): Resource {
  const { typeUrl, name, version, origin, references } = resource;
  const key = JSON.stringify([typeUrl, name, version, origin, references]);
  const known = shared.get(key);
  if (known !== undefined) return known;
  shared.set(key, resource);
  return resource;
}
