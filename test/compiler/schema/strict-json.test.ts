import type { JsonValue } from '@bufbuild/protobuf';
import { toBinary } from '@bufbuild/protobuf';
import { expect } from 'chai';
import type { DecodedMessage } from '../../../src/compiler/schema/decoded-message.ts';
import { decodeStrict } from '../../../src/compiler/schema/strict-json.ts';
import type { Issue } from '../../../src/compiler/schema/visitor.ts';
import { formatPath } from '../../../src/resources/diagnostic.ts';
import { testSchema } from '../../support/schema.ts';

const schema = testSchema();
const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';
const HCM =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

function decode(typeName: string, json: JsonValue): ReturnType<typeof decodeStrict> {
  const desc = schema.registry.getMessage(typeName);
  if (desc === undefined) throw new Error(`no ${typeName}`);
  return decodeStrict(schema, desc, json, ['r', 0]);
}

function accepted(typeName: string, json: JsonValue): DecodedMessage {
  const result = decode(typeName, json);
  if (result.kind === 'failed') throw new Error(result.issues.map(issue => issue.message).join('; '));
  return result.decoded;
}

function issues(typeName: string, json: JsonValue): readonly Issue[] {
  const result = decode(typeName, json);
  return result.kind === 'failed' ? result.issues : [];
}

function bytes(typeName: string, json: JsonValue): string {
  const { desc, message } = accepted(typeName, json);
  return Buffer.from(toBinary(desc, message)).toString('hex');
}

/** A listener whose connection manager has the given HTTP filters. */
function listener(...filters: JsonValue[]): JsonValue {
  const hcm = { '@type': HCM, stat_prefix: 'h', http_filters: filters };
  return { name: 'l', filter_chains: [{ filters: [{ name: 'hcm', typed_config: hcm }] }] };
}

const HTTP_FILTERS = 'r[0].filter_chains[0].filters[0].typed_config.http_filters';

describe('decodeStrict', () => {
  it('accepts snake_case, camelCase, durations, wrappers, enums by name and number, and null', () => {
    const { message } = accepted(CLUSTER, {
      name: 'c',
      connectTimeout: '0.25s',
      lb_policy: 'MAGLEV',
      dns_lookup_family: 2,
      per_connection_buffer_limit_bytes: 5,
      health_checks: null,
    });
    expect(message).to.deep.include({ name: 'c', perConnectionBufferLimitBytes: 5 });
  });

  const cases: [what: string, type: string, json: JsonValue, code: string, path: string, text: string][] = [
    ['a misspelt field', CLUSTER, { nmae: 'x' }, 'AP1101', 'r[0].nmae', 'did you mean "name"'],
    ['a field of another message', CLUSTER, { domains: [] }, 'AP1101', 'r[0].domains', `in ${CLUSTER}`],
    [
      'a number for a text',
      CLUSTER,
      { name: 5 },
      'AP1102',
      'r[0].name',
      'must be a text, found a number; put it in quotes',
    ],
    [
      'a text for a number',
      CLUSTER,
      { per_connection_buffer_limit_bytes: 'much' },
      'AP1102',
      'r[0].per_connection_buffer_limit_bytes',
      'integer from 0 to 4294967295',
    ],
    [
      'a negative number',
      CLUSTER,
      { per_connection_buffer_limit_bytes: -1 },
      'AP1102',
      'r[0].per_connection_buffer_limit_bytes',
      'found a negative number',
    ],
    [
      'a fraction',
      CLUSTER,
      { per_connection_buffer_limit_bytes: 1.5 },
      'AP1102',
      'r[0].per_connection_buffer_limit_bytes',
      'with a fraction',
    ],
    [
      'a text for a boolean',
      CLUSTER,
      { ignore_health_on_host_removal: 'yes' },
      'AP1102',
      'r[0].ignore_health_on_host_removal',
      'true or false',
    ],
    [
      'a duration without unit',
      CLUSTER,
      { connect_timeout: '5' },
      'AP1102',
      'r[0].connect_timeout',
      'a duration in seconds',
    ],
    [
      'a duration as a number',
      CLUSTER,
      { connect_timeout: 5 },
      'AP1102',
      'r[0].connect_timeout',
      'a duration in seconds',
    ],
    [
      'a duration in milliseconds',
      CLUSTER,
      { connect_timeout: '5ms' },
      'AP1102',
      'r[0].connect_timeout',
      'a duration in seconds',
    ],
    [
      'a duration with text behind it',
      CLUSTER,
      { connect_timeout: '5sec' },
      'AP1102',
      'r[0].connect_timeout',
      'a duration in seconds',
    ],
    [
      'a duration that is too fine',
      CLUSTER,
      { connect_timeout: '1.1234567890s' },
      'AP1102',
      'r[0].connect_timeout',
      'a duration in seconds',
    ],
    [
      'an unknown enum value',
      CLUSTER,
      { lb_policy: 'MAGLEF' },
      'AP1102',
      'r[0].lb_policy',
      'did you mean MAGLEV?',
    ],
    [
      'a list for a mapping',
      CLUSTER,
      { eds_cluster_config: [] },
      'AP1102',
      'r[0].eds_cluster_config',
      'a mapping',
    ],
    [
      'a mapping for a list',
      CLUSTER,
      { health_checks: {} },
      'AP1102',
      'r[0].health_checks',
      'must be a list, found a mapping',
    ],
    [
      'a list for a map',
      CLUSTER,
      { typed_extension_protocol_options: [] },
      'AP1102',
      'r[0].typed_extension_protocol_options',
      'a mapping',
    ],
    ['null in a list', CLUSTER, { health_checks: [null] }, 'AP1102', 'r[0].health_checks[0]', 'found null'],
    [
      'null in a map',
      CLUSTER,
      { typed_extension_protocol_options: { a: null } },
      'AP1102',
      'r[0].typed_extension_protocol_options.a',
      'found null',
    ],
    [
      'a field in both spellings',
      CLUSTER,
      { connect_timeout: '1s', connectTimeout: '2s' },
      'AP1102',
      'r[0].connectTimeout',
      'the same field',
    ],
    [
      'two members of a oneof',
      CLUSTER,
      { type: 'EDS', cluster_type: { name: 'x' } },
      'AP1102',
      'r[0].cluster_type',
      '"cluster_type" and "type" exclude each other',
    ],
    [
      'bad base64',
      'envoy.config.core.v3.DataSource',
      { inline_bytes: '***' },
      'AP1102',
      'r[0].inline_bytes',
      'base64',
    ],
    ['a message that is no mapping', CLUSTER, 'text', 'AP1102', 'r[0]', CLUSTER],
    ['null for a message', CLUSTER, null, 'AP1102', 'r[0]', 'found null'],
    [
      'an unknown field inside an Any',
      LISTENER,
      listener({ nam: 'x' }),
      'AP1101',
      `${HTTP_FILTERS}[0].nam`,
      'did you mean "name"',
    ],
    [
      'an Any without @type',
      LISTENER,
      listener({ name: 'x', typed_config: { rules: {} } }),
      'AP1103',
      `${HTTP_FILTERS}[0].typed_config`,
      'has no "@type"',
    ],
    [
      'an empty Any',
      LISTENER,
      listener({ name: 'x', typed_config: {} }),
      'AP1103',
      `${HTTP_FILTERS}[0].typed_config`,
      'has no "@type"',
    ],
    [
      'a misspelt @type',
      LISTENER,
      listener({
        name: 'x',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACS' },
      }),
      'AP1103',
      `${HTTP_FILTERS}[0].typed_config.@type`,
      'did you mean "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"',
    ],
    [
      'an @type of a wrong package',
      LISTENER,
      listener({ name: 'x', typed_config: { '@type': 'type.googleapis.com/envoy.JwtAuthentication' } }),
      'AP1103',
      `${HTTP_FILTERS}[0].typed_config.@type`,
      'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    ],
    [
      'an Any in an Any',
      LISTENER,
      listener({
        name: 'x',
        typed_config: { '@type': 'type.googleapis.com/google.protobuf.Any', value: {} },
      }),
      'AP1103',
      `${HTTP_FILTERS}[0].typed_config`,
      'another Any',
    ],
  ];

  for (const [what, type, json, code, path, text] of cases) {
    it(`refuses ${what}`, () => {
      const found = issues(type, json);
      expect(found.map(issue => [issue.code, formatPath(issue.path)])).to.deep.equal([[code, path]]);
      expect(found[0]?.message).to.include(text);
    });
  }

  it('lists all problems, at any depth', () => {
    const jwt = {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
      providers: { 'p 1': { isuer: 'x', forward: 'maybe' } },
    };
    const found = issues(LISTENER, listener({ name: 'a', typed_config: jwt }, { name: 'b', disabled: 1 }));
    expect(found.map(issue => formatPath(issue.path))).to.deep.equal([
      `${HTTP_FILTERS}[0].typed_config.providers["p 1"].isuer`,
      `${HTTP_FILTERS}[0].typed_config.providers["p 1"].forward`,
      `${HTTP_FILTERS}[1].disabled`,
    ]);
  });

  it('never repeats a value in a message', () => {
    const secret = {
      generic_secret: { secret: { inline_string: 31337, inline_bytes: 'hunter2!' } },
      name: ['hunter2!'],
    };
    const texts = issues('envoy.extensions.transport_sockets.tls.v3.Secret', secret)
      .map(issue => issue.message)
      .join('\n');
    expect(texts)
      .to.include('inline_string')
      .and.not.match(/31337|hunter2/);
  });

  it('checks a TypedStruct against the type that it names, and leaves unknown types alone', () => {
    const struct = (typeName: string): JsonValue =>
      listener({
        name: 'lua',
        typed_config: {
          '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
          type_url: `type.googleapis.com/${typeName}`,
          value: { default_source_code: { inline_strin: 'x' } },
        },
      });
    const found = issues(LISTENER, struct('envoy.extensions.filters.http.lua.v3.Lua'));
    expect(found.map(issue => [issue.code, formatPath(issue.path)])).to.deep.equal([
      ['AP1101', `${HTTP_FILTERS}[0].typed_config.value.default_source_code.inline_strin`],
    ]);
    expect(issues(LISTENER, struct('example.Unknown'))).to.deep.equal([]);
  });

  it('gives equal bytes to maps and structs in any order, also inside Anys', () => {
    const cluster = (keys: readonly string[]): JsonValue => ({
      name: 'c',
      metadata: {
        filter_metadata: { m: Object.fromEntries(keys.map(key => [key, { b: 1, [key]: [{ y: 1, x: 2 }] }])) },
      },
      typed_extension_protocol_options: Object.fromEntries(
        keys.map(key => [
          key,
          {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
            providers: Object.fromEntries(keys.map(name => [name, { issuer: name }])),
          },
        ]),
      ),
    });
    const forwards = bytes(CLUSTER, cluster(['a', 'b', 'c', '10', '9', '__proto__']));
    expect(bytes(CLUSTER, cluster(['__proto__', '9', '10', 'c', 'b', 'a']))).to.equal(forwards);
  });
});
