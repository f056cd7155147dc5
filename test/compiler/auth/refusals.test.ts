import { expect } from 'chai';
import { authRoute, testProvider } from '../../support/auth-snapshot.ts';
import { codesOf, diagnosticsOf, linesOf } from '../../support/compile.ts';
import { authorized, CANARY, chain, compiled, PUBLIC, routes } from './refusal-base.ts';
import { REFUSED_CHAINS } from './refused-chains.ts';
import { REFUSED_LISTENERS } from './refused-listeners.ts';

describe('auth chains', () => {
  it('are accepted as the refusals here start from', () => {
    expect(linesOf(compiled({}))).to.deep.equal([]);
  });

  for (const [name, [changes, code, message]] of Object.entries({
    ...REFUSED_CHAINS,
    ...REFUSED_LISTENERS,
  })) {
    it(`refuse ${name}`, () => {
      const result = compiled(changes);
      expect(result.ok, linesOf(result).join('\n')).to.equal(false);
      const found = diagnosticsOf(result).filter(
        diagnostic => diagnostic.code === code && diagnostic.severity === 'error',
      );
      expect(found, linesOf(result).join('\n')).not.to.deep.equal([]);
      expect(found.map(diagnostic => diagnostic.message).join('\n')).to.match(message);
      for (const { file, line } of found) {
        expect(file).to.equal('a.yaml');
        expect(line).to.be.above(1);
      }
      expect(linesOf(result).join('\n'), 'no secret is told').not.to.contain(CANARY);
    });
  }

  it('warn of policies that deny paths', () => {
    const changes = authorized({}, { effect: 'deny', requests: { paths: [{ prefix: '/admin' }] } });
    expect(codesOf(compiled(changes))).to.deep.equal(['AP1912']);
  });

  it('warn of client certificates that the listener does not verify, also when only a route asks for them', () => {
    const mesh = { name: 'mesh', authenticate: [{ client_certificate: { dns: ['web.example'] } }] };
    const byRoute = routes(authRoute({ prefix: '/' }, 'up', { chain: 'mesh' }));
    expect(codesOf(compiled({ ...byRoute, auth_chains: [chain(), mesh] }))).to.deep.equal(['AP1921']);
    const [warning] = diagnosticsOf(compiled({ auth_chains: [{ ...mesh, name: 'api' }] }));
    expect(warning).to.include({ code: 'AP1921', severity: 'warning', file: 'a.yaml' });
    expect(warning?.message).to.equal(
      'chain "api" takes client certificates, and this listener verifies none',
    );
  });

  it('warn of keys that were not fetched yet, and deny until then', () => {
    const result = compiled({ jwt_providers: [testProvider({ jwks: { url: 'https://idp.test/keys' } })] });
    expect(codesOf(result)).to.deep.equal(['AP1923']);
    expect(result.ok).to.equal(true);
  });

  it('are public only where a route says so with a reason', () => {
    const result = compiled(
      routes(authRoute({ path: '/open' }, 'up', PUBLIC), authRoute({ prefix: '/' }, 'up')),
    );
    if (!result.ok) throw new Error(linesOf(result).join('\n'));
    expect(result.value.auth?.routes.map(({ posture }) => posture.kind)).to.deep.equal(['public', 'chain']);
  });
});
