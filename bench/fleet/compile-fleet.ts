import { loadDirectory } from '../../src/cli/load-directory.ts';
import { compileGroup } from '../../src/compiler/compile-group.ts';
import { bytesField, stringField } from '../../src/resources/frame.ts';
import { resourcesOf, type Snapshot } from '../../src/resources/snapshot.ts';
import { ENDPOINTS, EXTENSION_CONFIG, ROUTE, SECRET } from '../../src/resources/type-url.ts';
import type { FleetNames } from './fleet-names.ts';

/** The snapshot that authplane serves for a directory of one group. @throws an Error with the first diagnostic when there is none. */
export async function compileFleet(directory: string): Promise<Snapshot> {
  const { tree, files, schema, nowMs } = await loadDirectory(directory, Date.now());
  const compiled = compileGroup({ files, assets: tree.assets, nowMs, schema });
  if (compiled.ok) return compiled.value;
  throw new Error(`the fleet does not compile: ${JSON.stringify(compiled.diagnostics[0])}`);
}

/** What each proxy asks for by name: everything, so that all proxies ask for the same. */
export function namesIn(snapshot: Snapshot): FleetNames {
  const types = [ENDPOINTS, SECRET, ROUTE, EXTENSION_CONFIG];
  return Object.fromEntries(
    types.map(typeUrl => [typeUrl, [...resourcesOf(snapshot, typeUrl).byName.keys()]]),
  );
}

/** The resources as length-delimited google.protobuf.Any messages, for a server that is not ours. */
export function anyMessages(snapshot: Snapshot): Buffer {
  const resources = [...snapshot.resources.values()].flatMap(set => [...set.byName.values()]);
  return Buffer.concat(
    resources.map(({ typeUrl, body }) => {
      // What `bytesField` puts before the bytes is their tag, one byte here, and their length.
      const any = Buffer.concat([stringField(1, typeUrl), bytesField(2, body)]);
      return bytesField(1, any).subarray(1);
    }),
  );
}
