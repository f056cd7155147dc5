import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { snapshotFileJsonSchema } from '../../../src/compiler/schema/json-schema.ts';
import { testSchema } from '../../support/schema.ts';

const document = snapshotFileJsonSchema(testSchema());
const definitions = document['$defs'] as Record<string, JsonObject>;

function property(message: string, field: string): JsonValue | undefined {
  return (definitions[message]?.['properties'] as JsonObject | undefined)?.[field];
}

function references(value: JsonValue): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(references);
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
}

const CLUSTER = 'envoy.config.cluster.v3.Cluster';

describe('snapshotFileJsonSchema', () => {
  it('starts at the snapshot file and defines every message that it refers to', () => {
    expect(document['$ref']).to.equal('#/$defs/authplane.v1.SnapshotFile');
    const missing = references(document).filter(
      reference => !(reference.replace('#/$defs/', '') in definitions),
    );
    expect(missing).to.deep.equal([]);
    expect(property('authplane.v1.SnapshotFile', 'clusters')).to.deep.equal({
      type: 'array',
      items: { $ref: `#/$defs/${CLUSTER}` },
    });
  });

  it('knows only the names of the proto file and refuses others', () => {
    expect(definitions[CLUSTER]?.['additionalProperties']).to.equal(false);
    expect(property(CLUSTER, 'connect_timeout')).to.include({ type: 'string' });
    expect(property(CLUSTER, 'connectTimeout')).to.equal(undefined);
  });

  const cases: [string, string, JsonValue][] = [
    ['lb_policy', 'enum', 'ROUND_ROBIN'],
    ['per_connection_buffer_limit_bytes', 'maximum', 4294967295],
    ['connect_timeout', 'pattern', '^-?[0-9]+(\\.[0-9]{1,9})?s$'],
    ['typed_extension_protocol_options', 'type', 'object'],
    ['name', 'type', 'string'],
  ];
  for (const [field, keyword, value] of cases) {
    it(`describes ${field}`, () => {
      const found = (property(CLUSTER, field) as JsonObject | undefined)?.[keyword];
      if (Array.isArray(found)) expect(found).to.include(value);
      else expect(found).to.equal(value);
    });
  }

  it('requires @type in an Any', () => {
    expect(property('envoy.config.core.v3.TypedExtensionConfig', 'typed_config')).to.deep.include({
      required: ['@type'],
    });
  });

  it('allows at most one member of a oneof, or demands one', () => {
    expect(definitions[CLUSTER]?.['allOf']).to.deep.include({
      oneOf: [
        { required: ['type'] },
        { required: ['cluster_type'] },
        { not: { anyOf: [{ required: ['type'] }, { required: ['cluster_type'] }] } },
      ],
    });
    expect(definitions['envoy.config.core.v3.SocketAddress']?.['allOf']).to.deep.equal([
      { oneOf: [{ required: ['port_value'] }, { required: ['named_port'] }] },
    ]);
  });

  it('names required fields', () => {
    expect(definitions['envoy.config.route.v3.Route']?.['required']).to.deep.equal(['match']);
  });
});
