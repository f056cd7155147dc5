import { expect } from 'chai';
import { loadSettings, type SettingSources } from '../../src/config/load-settings.ts';
import { conflictsOf, SERVE_SETTINGS, type ServeSettings } from '../../src/config/serve-settings.ts';
import { AuthplaneError } from '../../src/platform/errors.ts';

function load(sources: Partial<SettingSources>): ServeSettings {
  return loadSettings(
    SERVE_SETTINGS,
    { flags: {}, environment: {}, file: undefined, ...sources },
    conflictsOf,
  );
}

function refusal(sources: Partial<SettingSources>): AuthplaneError {
  try {
    load(sources);
  } catch (thrown) {
    if (thrown instanceof AuthplaneError) return thrown;
    throw thrown;
  }
  throw new Error('the settings were accepted');
}

function file(text: string): SettingSources['file'] {
  return { path: '/etc/authplane/authplane.yaml', text };
}

describe('loadSettings', () => {
  it('has a default that parses for every setting', () => {
    const settings = load({});
    expect(settings.xdsAddress).to.deep.equal({ host: '127.0.0.1', port: 18_000 });
    expect(settings.drainDelayMs).to.equal(5000);
    expect(settings.maxFileBytes).to.equal(32 * 1024 * 1024);
    expect(settings.shrinkGuard).to.equal(true);
    expect(settings.xdsTlsCert).to.equal(undefined);
  });

  it('takes flags over environment over file over default', () => {
    const environment = { AUTHPLANE_LOG_LEVEL: 'debug', AUTHPLANE_DRAIN_DELAY: '250ms' };
    const settings = load({
      flags: { 'log-level': 'error' },
      environment,
      file: file('log_level: trace\ndrain_delay: 7s\npoll_interval: 3s\n'),
    });
    expect(settings.logLevel).to.equal('error');
    expect(settings.drainDelayMs).to.equal(250);
    expect(settings.pollIntervalMs).to.equal(3000);
  });

  it('reads paths of the file relative to the file', () => {
    expect(load({ file: file('snapshots: edge') }).snapshots).to.equal('/etc/authplane/edge');
  });

  it('takes an empty file for no settings', () => {
    expect(load({ file: file('# nothing yet\n') }).failFast).to.equal(false);
  });

  it('reports every mistake of the file with its place and a suggestion', () => {
    const error = refusal({ file: file('drain_dealy: 5s\nlog_level: loud\nmax_streams: [1]\n') });
    expect(error.code).to.equal('SETTINGS_INVALID');
    const lines = error.message.split('\n');
    expect(lines).to.have.length(3);
    expect(lines[0]).to.equal(
      '/etc/authplane/authplane.yaml:1:1 error unknown setting "drain_dealy" (did you mean "drain_delay"?)',
    );
    expect(lines[1]).to.match(/authplane\.yaml:2:12 error log_level is "loud" but must be one of/);
    expect(lines[2]).to.match(/max_streams must be a single value/);
  });

  it('reports a file that is not YAML or not a mapping', () => {
    expect(refusal({ file: file('a: [') }).message).to.match(/authplane\.yaml:1:\d+ error /);
    expect(refusal({ file: file('- a') }).message).to.match(/a settings file is a mapping/);
    expect(refusal({ file: file('fail_fast: true\nfail_fast: false') }).message).to.match(/:2:1 error /);
  });

  it('refuses an unknown variable but not those that Kubernetes sets for a service called authplane', () => {
    const error = refusal({ environment: { AUTHPLANE_SNAPSHOT: 'x' } });
    expect(error.message).to.match(
      /unknown variable AUTHPLANE_SNAPSHOT \(did you mean "AUTHPLANE_SNAPSHOTS"\?\)/,
    );
    load({
      environment: {
        AUTHPLANE_SERVICE_HOST: '10.0.0.1',
        AUTHPLANE_SERVICE_PORT: '18000',
        AUTHPLANE_SERVICE_PORT_XDS: '18000',
        AUTHPLANE_PORT: 'tcp://10.0.0.1:18000',
        AUTHPLANE_PORT_18000_TCP_ADDR: '10.0.0.1',
        AUTHPLANE_XDS_PORT_18000_TCP: 'tcp://10.0.0.1:18000',
        AUTHPLANE_CONFIG: 'authplane.yaml',
      },
    });
  });

  it('refuses the value of a flag as a usage error that lists all of them', () => {
    const error = refusal({ flags: { 'drain-delay': '5', 'xds-address': '18000' } });
    expect(error.code).to.equal('USAGE');
    expect(error.message.split('\n')).to.have.length(2);
    expect(error.message).to.match(/--drain-delay is "5" but must be a duration with its unit/);
    expect(error.message).to.match(/--xds-address is "18000" but must be HOST:PORT/);
  });

  it('takes a node identity only with a client CA and a template', () => {
    const template = 'spiffe://example.org/{cluster}/{id}';
    const tls = { 'xds-tls-cert': 'a', 'xds-tls-key': 'b', 'xds-tls-client-ca': 'c' };
    const whole = { ...tls, 'node-identity': 'spiffe', 'node-identity-template': template };
    expect(load({ flags: whole })).to.include({ nodeIdentity: 'spiffe', nodeIdentityTemplate: template });
    const { message } = refusal({ flags: { 'node-identity': 'spiffe' } });
    expect(message).to.match(/node-identity-template: spiffe needs a template such as/);
    expect(message).to.match(/node-identity spiffe needs xds-tls-client-ca/);
    expect(refusal({ flags: { 'node-identity-template': template } }).message).to.match(
      /node-identity-template needs node-identity spiffe or dns/,
    );
    expect(refusal({ flags: { ...whole, 'node-identity': 'dns' } }).message).to.match(/dns needs a template/);
    expect(refusal({ flags: { 'node-identity': 'spify' } }).message).to.match(/must be one of none/);
  });

  it('refuses settings that do not go together', () => {
    expect(refusal({ flags: { 'xds-tls-cert': 'a.pem' } }).message).to.match(/must be set together/);
    expect(refusal({ flags: { 'xds-tls-client-ca': 'a.pem' } }).message).to.match(/needs xds-tls-cert/);
    expect(refusal({ flags: { 'drain-delay': '20s', 'drain-spread': '11s' } }).message).to.match(
      /at most 30s/,
    );
  });
});
