import type { JsonValue } from '@bufbuild/protobuf';
import { expect } from 'chai';
import { fieldRulesOf, fieldRuleVisitor } from '../../../src/compiler/schema/field-rules.ts';
import { messageOfTypeUrl } from '../../../src/compiler/schema/registry.ts';
import { decodeStrict } from '../../../src/compiler/schema/strict-json.ts';
import type { Issue } from '../../../src/compiler/schema/visitor.ts';
import { walk } from '../../../src/compiler/schema/walk.ts';
import { formatPath } from '../../../src/resources/diagnostic.ts';
import { testSchema } from '../../support/schema.ts';

const schema = testSchema();

/** `path: problem` of every violated rule. */
function violations(typeName: string, json: JsonValue): string[] {
  const desc = messageOfTypeUrl(schema, typeName);
  if (desc === undefined) throw new Error(`no ${typeName}`);
  const result = decodeStrict(schema, desc, json, []);
  if (result.kind === 'failed') throw new Error(result.issues[0]?.message);
  const issues: Issue[] = [];
  walk(result.decoded, [], [fieldRuleVisitor(schema, issue => issues.push(issue))]);
  expect(issues.every(issue => issue.code === 'AP1201' && issue.severity === 'error')).to.equal(true);
  return issues.map(
    issue =>
      `${formatPath(issue.path)}: ${issue.message.replace(/^"[^"]*" /, '').replace(/ \([\w.]*\)$/, '')}`,
  );
}

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

describe('field rules', () => {
  it('are supported, every one of every message', () => {
    const unsupported = schema.messageNames.flatMap(name => {
      const desc = messageOfTypeUrl(schema, name);
      return desc === undefined
        ? [`no ${name}`]
        : fieldRulesOf(schema, desc).unsupported.map(rule => `${name} ${rule}`);
    });
    expect(unsupported).to.deep.equal([]);
    expect(schema.messageNames.length).to.be.greaterThan(1500);
  });

  const good: [string, string, JsonValue][] = [
    ['a cluster', 'envoy.config.cluster.v3.Cluster', { name: 'c', connect_timeout: '1s', type: 'EDS' }],
    [
      'a prefix route: required members of a oneof that are not set say nothing',
      'envoy.config.route.v3.RouteMatch',
      { prefix: '/' },
    ],
    [
      'zero and one millisecond of an inverted range',
      'envoy.config.core.v3.QuicKeepAliveSettings',
      { initial_interval: '0s' },
    ],
    [
      'the upper part of an inverted range',
      'envoy.config.core.v3.QuicKeepAliveSettings',
      { initial_interval: '0.001s' },
    ],
    ['an optional number that is not set', 'envoy.config.cluster.v3.Cluster.RingHashLbConfig', {}],
    ['header names', 'envoy.config.core.v3.HeaderValue', { key: ':authority', value: 'a\tb' }],
    [
      'an Any whose content is right',
      'envoy.config.listener.v3.Filter',
      {
        name: 'x',
        typed_config: {
          '@type': `type.googleapis.com/${HCM}`,
          stat_prefix: 'h',
          rds: { route_config_name: 'r', config_source: { ads: {} } },
        },
      },
    ],
  ];
  for (const [what, type, json] of good) {
    it(`accept ${what}`, () => {
      expect(violations(type, json)).to.deep.equal([]);
    });
  }

  const bad: [string, string, JsonValue, string[]][] = [
    [
      'an empty name and a timeout of zero',
      'envoy.config.cluster.v3.Cluster',
      { connect_timeout: '0s' },
      ['name: must not be empty', 'connect_timeout: must be greater than 0s'],
    ],
    [
      'a number that an enum does not define',
      'envoy.config.cluster.v3.Cluster',
      { name: 'c', dns_lookup_family: 77 },
      ['dns_lookup_family: is a number that the enum does not define'],
    ],
    [
      'a port beyond 65535',
      'envoy.config.core.v3.SocketAddress',
      { address: 'a', port_value: 70000 },
      ['port_value: must be at most 65535'],
    ],
    [
      'a oneof without member',
      'envoy.config.core.v3.SocketAddress',
      { address: 'a' },
      [': needs one of port_value, named_port'],
    ],
    ['a missing message', 'envoy.config.route.v3.Route', { redirect: {} }, ['match: is required']],
    [
      'a list that is too short',
      'envoy.config.route.v3.VirtualHost',
      { name: 'v' },
      ['domains: must not be empty'],
    ],
    [
      'a list item',
      'envoy.config.route.v3.VirtualHost',
      { name: 'v', domains: ['a', 'b\n'] },
      ['domains[1]: must be a valid HTTP header value'],
    ],
    [
      'a wrapper',
      'envoy.config.core.v3.Http2ProtocolOptions',
      { initial_stream_window_size: 1 },
      ['initial_stream_window_size: must be at least 65535 and at most 2147483647'],
    ],
    [
      'the middle of an inverted range',
      'envoy.config.core.v3.QuicKeepAliveSettings',
      { initial_interval: '0.0005s' },
      ['initial_interval: must be at least 0.001s or at most 0s'],
    ],
    [
      'a scalar member of a oneof that is set',
      'envoy.config.route.v3.RouteAction',
      { cluster: '' },
      ['cluster: must not be empty'],
    ],
    [
      'a map that must not be empty',
      'envoy.config.rbac.v3.Policy',
      {},
      ['permissions: must not be empty', 'principals: must not be empty'],
    ],
    [
      'a pattern',
      'authplane.v1.TrustBundle',
      { name: 'x', trusted_ca: 'a', spiffe_trust_domain: 'A B' },
      ['spiffe_trust_domain: must match ^[a-z0-9._-]{0,255}$'],
    ],
    ['a bool constant in a oneof', 'envoy.config.rbac.v3.Principal', { any: false }, ['any: must be true']],
    [
      'a rule inside an Any',
      'envoy.config.listener.v3.Filter',
      { name: 'x', typed_config: { '@type': `type.googleapis.com/${HCM}` } },
      [
        'typed_config: needs one of rds, route_config, scoped_routes',
        'typed_config.stat_prefix: must not be empty',
      ],
    ],
    [
      'a rule inside a TypedStruct',
      'envoy.config.core.v3.TypedExtensionConfig',
      {
        name: 'x',
        typed_config: {
          '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
          type_url: `type.googleapis.com/${HCM}`,
          value: { rds: { config_source: { ads: {} } } },
        },
      },
      ['typed_config.value.stat_prefix: must not be empty'],
    ],
  ];
  for (const [what, type, json, expected] of bad) {
    it(`refuse ${what}`, () => {
      expect(violations(type, json)).to.have.members(expected);
    });
  }
});
