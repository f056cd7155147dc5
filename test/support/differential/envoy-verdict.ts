import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { validateWithEnvoy } from '../../../src/cli/envoy-validate.ts';
import { HTTP2 } from './base-parts.ts';
import { envoyBinary } from '../envoy-binary.ts';

/**
 * What `envoy --mode validate` says about the listeners and clusters of snapshot files, given as static resources beside an
 * ADS cluster: why it refuses them, or undefined when it takes them. What they name over ADS is not asked for.
 */
export async function envoyVerdict(files: readonly JsonObject[]): Promise<string | undefined> {
  try {
    const verdict = await validateWithEnvoy(await envoyBinary(), bootstrapOf(files));
    return verdict.kind === 'accepted' ? undefined : verdict.reason;
  } catch (thrown) {
    // Some configurations crash Envoy, which is worse than a refusal.
    const cause =
      thrown instanceof Error ? (thrown.cause as { readonly signal?: string } | undefined) : undefined;
    if (cause?.signal !== undefined) return `crashed with ${cause.signal}`;
    throw thrown;
  }
}

function bootstrapOf(files: readonly JsonObject[]): JsonObject {
  const all = (field: string): JsonValue[] =>
    files.flatMap(file => {
      const list = file[field];
      return Array.isArray(list) ? list : [];
    });
  const ads = {
    name: 'ads',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: 'ads' },
  };
  return {
    node: { id: 'n', cluster: 'c' },
    bootstrap_extensions: [
      socketInterface('upstream', 'Upstream'),
      socketInterface('downstream', 'Downstream'),
    ],
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'ads' } }],
      },
    },
    static_resources: {
      listeners: all('listeners'),
      clusters: [{ ...ads, typed_extension_protocol_options: HTTP2 }, ...all('clusters')],
    },
  };
}

/** Reverse tunnels need both in the bootstrap. */
function socketInterface(direction: string, prefix: string): JsonObject {
  const type = `envoy.extensions.bootstrap.reverse_tunnel.${direction}_socket_interface.v3.${prefix}ReverseConnectionSocketInterface`;
  return {
    name: `envoy.bootstrap.reverse_tunnel.${direction}_socket_interface`,
    typed_config: { '@type': `type.googleapis.com/${type}` },
  };
}

/** A case that Envoy refuses, with what it says. */
export interface Refusal<T> {
  readonly case: T;
  readonly verdict: string;
}

/**
 * The cases that an Envoy refuses when it gets them alone. Many are given to one Envoy at a time; where it refuses, the guilty
 * ones are found by halving.
 */
export async function refusedByEnvoy<T extends { readonly file: JsonObject }>(
  cases: readonly T[],
): Promise<readonly Refusal<T>[]> {
  const [only] = cases;
  if (only === undefined) return [];
  const verdict = await envoyVerdict(cases.map(entry => entry.file));
  if (verdict === undefined) return [];
  if (cases.length === 1) return [{ case: only, verdict }];
  const middle = Math.ceil(cases.length / 2);
  const halves = [cases.slice(0, middle), cases.slice(middle)];
  return (await Promise.all(halves.map(half => refusedByEnvoy(half)))).flat();
}
