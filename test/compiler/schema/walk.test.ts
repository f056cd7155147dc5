import type { JsonValue } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { oneofString, stringField } from '../../../src/compiler/schema/plain-message.ts';
import { decodeStrict } from '../../../src/compiler/schema/strict-json.ts';
import type { WalkNode } from '../../../src/compiler/schema/visitor.ts';
import { walk } from '../../../src/compiler/schema/walk.ts';
import { formatPath } from '../../../src/resources/diagnostic.ts';
import { testSchema } from '../../support/schema.ts';

const schema = testSchema();

function nodes(typeName: string, json: JsonValue): WalkNode[] {
  const desc = schema.registry.getMessage(typeName);
  if (desc === undefined) throw new Error(`no ${typeName}`);
  const result = decodeStrict(schema, desc, json, ['listeners', 2]);
  if (result.kind === 'failed') throw new Error(result.issues[0]?.message);
  const seen: WalkNode[] = [];
  walk(result.decoded, ['listeners', 2], [{ enter: node => seen.push(node) }]);
  return seen;
}

const LISTENER: JsonValue = {
  name: 'l',
  per_connection_buffer_limit_bytes: 5,
  filter_chains: [
    {
      filters: [
        {
          name: 'hcm',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'h',
            stream_idle_timeout: '5s',
            rds: { route_config_name: 'r', config_source: { ads: {} } },
            http_filters: [
              {
                name: 'jwt',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
                  providers: {
                    'a.b': { remote_jwks: { http_uri: { uri: 'u', cluster: 'idp', timeout: '1s' } } },
                  },
                },
              },
            ],
          },
        },
      ],
    },
  ],
};

describe('walk', () => {
  it('enters every message, those inside Anys too, parents first', () => {
    const seen = nodes('envoy.config.listener.v3.Listener', LISTENER).map(node => node.desc.name);
    expect(seen).to.deep.equal([
      ...[
        'Listener',
        'FilterChain',
        'Filter',
        'HttpConnectionManager',
        'Rds',
        'ConfigSource',
        'AggregatedConfigSource',
      ],
      ...['HttpFilter', 'JwtAuthentication', 'JwtProvider', 'RemoteJwks', 'HttpUri'],
    ]);
  });

  it('gives a node its path in the document, its parent, field and key', () => {
    const uri = nodes('envoy.config.listener.v3.Listener', LISTENER).at(-1);
    if (uri === undefined) throw new Error('no node');
    const hcm = 'listeners[2].filter_chains[0].filters[0].typed_config';
    const provider = `${hcm}.http_filters[0].typed_config.providers["a.b"]`;
    expect(formatPath(uri.path)).to.equal(`${provider}.remote_jwks.http_uri`);
    expect(stringField(uri.message, 'uri')).to.equal('u');
    expect(oneofString(uri.message, 'httpUpstreamType', 'cluster')).to.equal('idp');
    const above: unknown[] = [];
    for (let node: WalkNode | undefined = uri; node !== undefined; node = node.parent) {
      above.push([node.desc.name, node.field?.name, node.key]);
    }
    expect(above.slice(0, 5)).to.deep.equal([
      ['HttpUri', 'http_uri', undefined],
      ['RemoteJwks', 'remote_jwks', undefined],
      ['JwtProvider', 'providers', 'a.b'],
      ['JwtAuthentication', 'typed_config', undefined],
      ['HttpFilter', 'http_filters', 0],
    ]);
  });

  it('leaves a message after all that is inside it', () => {
    const desc = schema.registry.getMessage('envoy.config.listener.v3.Listener');
    if (desc === undefined) throw new Error('no Listener');
    const result = decodeStrict(schema, desc, { filter_chains: [{}, {}] }, []);
    if (result.kind === 'failed') throw new Error(result.issues[0]?.message);
    const events: string[] = [];
    const enter = (node: WalkNode): unknown => events.push(`+${node.desc.name}`);
    const leave = (node: WalkNode): unknown => events.push(`-${node.desc.name}`);
    walk(result.decoded, [], [{ enter, leave }]);
    expect(events.join(' ')).to.equal(
      '+Listener +FilterChain -FilterChain +FilterChain -FilterChain -Listener',
    );
  });

  it('enters what a TypedStruct of a known type holds', () => {
    const seen = nodes('envoy.config.core.v3.TypedExtensionConfig', {
      name: 'x',
      typed_config: {
        '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
        type_url: 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
        value: { default_source_code: { inline_string: 'x' } },
      },
    });
    expect(seen.map(node => formatPath(node.path.slice(2)))).to.deep.equal([
      ...['', 'typed_config', 'typed_config.value', 'typed_config.value.default_source_code'],
    ]);
  });
});
