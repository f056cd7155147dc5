import { expect } from 'chai';
import { MAX_REASON_LENGTH, redactReason } from '../../src/fleet/redact-reason.ts';

/** What Envoy 1.40 sends, and what must be left of it. */
const KEPT_WHOLE = [
  "Error adding/updating listener(s) x: route: unknown cluster 'ghost'",
  "Error adding/updating listener(s) x: error adding listener: 'x' has duplicate address '127.0.0.1:21520' as existing listener, to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener",
  'Error adding/updating listener(s) edge-https: Only a single wildcard domain is permitted in route main',
  'missing ]: [a',
  'Error adding/updating listener(s) x: Error: non-terminal filter named envoy.filters.http.rbac of type envoy.filters.http.rbac is the last filter in a http filter chain.',
  "Error adding/updating listener(s) x: Didn't find a registered implementation for 'envoy.filters.network.http_connection_manager' with type URL: 'envoy.extensions.filters.network.nope.v3.Nope'",
  'Error adding/updating listener(s) x: Unknown static secret: nostatic',
  'Error adding/updating listener(s) x: No TLS certificates found for server context',
  'Error adding/updating listener(s) od: On demand certificates are not integrated with session resumption support.',
  'Proto constraint validation failed (OAuth2ValidationError.Config: embedded message failed validation | caused by OAuth2ConfigValidationError.AuthorizationEndpoint: value length must be at least 1 characters)',
  "Provider 'idp' in jwt_authn config has invalid local jwks: Jwks EC [x] and [y] fields have a parse error.",
  "Error adding/updating cluster(s) c1: malformed IP address: not-an-ip. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'",
  'Error adding/updating cluster(s) edge-us-west-2-payments: cannot create an EDS cluster without an EDS config',
];

describe('redactReason', () => {
  for (const text of KEPT_WHOLE) {
    it(`keeps "${text.slice(0, 70)}"`, () => {
      expect(redactReason(`${text}\n`)).to.equal(text);
    });
  }

  it('keeps the sentence behind a rejected message in text proto', () => {
    const text =
      'Error adding/updating listener(s) x: goo.gle/debugonly  stat_prefix: "" codec_type: HTTP2 route_config {\n' +
      '  name: "local" virtual_hosts { name: "v" domains: "*" }\n}\nhttp_filters { name: "router" }: ' +
      'Proto constraint validation failed (HttpConnectionManagerValidationError.StatPrefix: value length must be at least 1 characters)\n';
    const reason = redactReason(text);
    expect(reason).to.contain('Error adding/updating listener(s) x:');
    expect(reason).to.contain(
      'Proto constraint validation failed (HttpConnectionManagerValidationError.StatPrefix: value length must be at least 1 characters)',
    );
    expect(reason).not.to.contain('local');
  });

  it('drops all behind an opening that has no end', () => {
    expect(redactReason('refused: listener { inline_string: "abc')).to.equal('refused: …');
    expect(redactReason('refused: bad "abc def')).to.equal('refused: bad …');
    expect(redactReason('-----BEGIN PRIVATE KEY-----\nMIIB abc')).to.equal('…');
  });

  it('is at most 500 characters on one line', () => {
    const reason = redactReason('a sentence of words\nthat goes on '.repeat(100));
    expect(reason).to.have.length(MAX_REASON_LENGTH);
    expect(reason).not.to.contain('\n');
  });

  it('takes megabytes without delay', () => {
    for (const unit of ['{', '"', "'", '-----BEGIN', 'a: {', '\\', '{"', "x'y ", 'a_', 'a: b ']) {
      const startedMs = performance.now();
      redactReason(unit.repeat(1_000_000));
      redactReason(`${unit.repeat(10_000)}{`);
      expect(performance.now() - startedMs, unit).to.be.lessThan(500);
    }
  });
});
