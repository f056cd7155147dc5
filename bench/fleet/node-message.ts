import { bytesField, stringField } from '../../src/resources/frame.ts';

/** As many as an Envoy 1.40 lists. */
const EXTENSIONS = 560;

/**
 * An encoded `Node` (envoy/config/core/v3/base.proto) of the size of an Envoy's, about 60 kB: nearly all of it are extensions with their
 * categories and type URLs.
 */
export function nodeMessage(id: string): Buffer {
  const head = Buffer.concat([stringField(1, id), stringField(2, 'fleet'), stringField(6, 'envoy')]);
  return Buffer.concat([head, EXTENSION_FIELDS]);
}

const FILTER_CHAIN = 'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';

/** `extensions` (9) of the node: Extension with name 1, category 2, type_urls 6. */
const EXTENSION_FIELDS = Buffer.concat(
  Array.from({ length: EXTENSIONS }, (_, index) => {
    const url =
      index === 0 ? FILTER_CHAIN : `envoy.extensions.filters.http.extension_${index}.v3.ExtensionConfig`;
    const parts = [
      stringField(1, `envoy.filters.http.extension_${index}`),
      stringField(2, 'envoy.filters.http'),
    ];
    return bytesField(9, Buffer.concat([...parts, stringField(6, url)]));
  }),
);
