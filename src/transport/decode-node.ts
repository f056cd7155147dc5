import { BuildVersion } from '../gen/envoy/config/core/v3/base.ts';
import { Struct } from '../gen/google/protobuf/struct.ts';
import type { NodeIdentity } from '../resources/node.ts';
import { LENGTH_DELIMITED, MessageCursor } from './message-cursor.ts';

/** In `type_urls` of the extension, without a prefix. */
const FILTER_CHAIN = 'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';

interface NodeFields {
  id: string;
  cluster: string;
  metadata: Readonly<Record<string, unknown>>;
  agentName: string;
  agentVersion: string;
  hasExtensions: boolean;
  hasFilterChain: boolean;
}

/**
 * Reads the part of `envoy.config.core.v3.Node` that authplane uses: id, cluster, metadata and user agent.
 * An Envoy lists over 500 extensions in it (60 kB); they are only searched for the one that auth chains need.
 * @throws Error when the bytes are not a message.
 */
export function decodeNode(bytes: Uint8Array): NodeIdentity {
  const { id, cluster, metadata, agentName, agentVersion, hasExtensions, hasFilterChain } = readFields(
    new MessageCursor(bytes),
  );
  const userAgent = [agentName, agentVersion].filter(part => part !== '').join('/');
  return {
    id,
    cluster,
    metadata,
    ...(userAgent === '' ? {} : { userAgent }),
    ...(hasExtensions && !hasFilterChain ? { lacksFilterChain: true } : {}),
  };
}

function readFields(cursor: MessageCursor): NodeFields {
  const fields: NodeFields = {
    id: '',
    cluster: '',
    metadata: {},
    agentName: '',
    agentVersion: '',
    hasExtensions: false,
    hasFilterChain: false,
  };
  // Once for all extensions: an older Envoy has none that must be looked at.
  const mayHaveFilterChain = cursor.bytes.includes(FILTER_CHAIN);
  while (!cursor.isAtEnd) {
    const tag = cursor.tag();
    if ((tag & 7) !== LENGTH_DELIMITED) {
      cursor.skip(tag);
      continue;
    }
    switch (tag >>> 3) {
      case 1:
        fields.id = cursor.text();
        break;
      case 2:
        fields.cluster = cursor.text();
        break;
      case 3:
        fields.metadata = Struct.unwrap(Struct.decode(cursor.view()));
        break;
      case 6:
        fields.agentName = cursor.text();
        break;
      case 7:
        fields.agentVersion = cursor.text();
        break;
      case 8:
        fields.agentVersion = formatBuildVersion(BuildVersion.decode(cursor.view()));
        break;
      case 9:
        fields.hasExtensions = true;
        if (mayHaveFilterChain && !fields.hasFilterChain) {
          fields.hasFilterChain = cursor.view().includes(FILTER_CHAIN);
        } else cursor.skip(tag);
        break;
      default:
        cursor.skip(tag);
    }
  }
  return fields;
}

function formatBuildVersion(build: BuildVersion): string {
  const { version } = build;
  return version === undefined ? '' : `${version.majorNumber}.${version.minorNumber}.${version.patch}`;
}
