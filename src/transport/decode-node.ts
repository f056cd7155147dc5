import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { BuildVersion } from '../gen/envoy/config/core/v3/base.ts';
import { Struct } from '../gen/google/protobuf/struct.ts';
import type { NodeIdentity } from '../resources/node.ts';

/** In `type_urls` of the extension, without a prefix. */
const FILTER_CHAIN = 'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';

/**
 * Reads the part of `envoy.config.core.v3.Node` that authplane uses: id, cluster, metadata and user agent.
 * An Envoy lists over 500 extensions in it (60 kB); they are only searched for the one that auth chains need.
 * @throws Error when the bytes are not a message.
 */
export function decodeNode(bytes: Uint8Array): NodeIdentity {
  const reader = new BinaryReader(bytes);
  let id = '';
  let cluster = '';
  let metadata: Readonly<Record<string, unknown>> = {};
  let agentName = '';
  let agentVersion = '';
  let extensions: 'none' | 'others' | 'filter_chain' = 'none';
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    switch (wireType === WireType.LengthDelimited ? fieldNumber : 0) {
      case 1:
        id = reader.string();
        break;
      case 2:
        cluster = reader.string();
        break;
      case 3:
        metadata = Struct.unwrap(Struct.decode(reader.bytes()));
        break;
      case 6:
        agentName = reader.string();
        break;
      case 7:
        agentVersion = reader.string();
        break;
      case 8:
        agentVersion = formatBuildVersion(BuildVersion.decode(reader.bytes()));
        break;
      case 9: {
        const bytes = reader.bytes();
        const isFilterChain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(
          FILTER_CHAIN,
        );
        if (isFilterChain) extensions = 'filter_chain';
        else if (extensions === 'none') extensions = 'others';
        break;
      }
      default:
        reader.skip(wireType, fieldNumber);
    }
  }
  const userAgent = [agentName, agentVersion].filter(part => part !== '').join('/');
  return {
    id,
    cluster,
    metadata,
    ...(userAgent === '' ? {} : { userAgent }),
    ...(extensions === 'others' ? { lacksFilterChain: true } : {}),
  };
}

function formatBuildVersion(build: BuildVersion): string {
  const { version } = build;
  return version === undefined ? '' : `${version.majorNumber}.${version.minorNumber}.${version.patch}`;
}
