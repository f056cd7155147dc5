import { expect } from 'chai';
import { celNot, compileCel } from '../../../src/compiler/auth/cel.ts';

describe('CEL for Envoy', () => {
  it('gives the tree that Envoy takes', () => {
    expect(compileCel("request.method == 'GET'")).to.deep.equal({
      kind: 'parsed',
      expression: {
        callExpr: {
          function: '_==_',
          args: [
            { selectExpr: { operand: { identExpr: { name: 'request' } }, field: 'method' } },
            { constExpr: { stringValue: 'GET' } },
          ],
        },
      },
    });
  });

  it('takes `claims` for the claims of the token', () => {
    const claims = compileCel("claims['sub']");
    const spelled = compileCel("metadata.filter_metadata['envoy.filters.http.jwt_authn']['claims']['sub']");
    expect(claims).to.deep.equal(spelled);
  });

  it('keeps `has`, which is no comprehension for Envoy', () => {
    const result = compileCel('has(claims.sub)');
    expect(result.kind).to.equal('parsed');
    expect(JSON.stringify(result)).to.contain('"testOnly":true');
  });

  for (const [text, message] of [
    ['claims.groups.exists(g, g == "dev")', /comprehensions/],
    ['[1, 2].all(x, x > 0)', /comprehensions/],
    ['{"a": 1}.a == 1', /maps and messages/],
    ['reqest.method == "GET"', /no attribute "reqest"; did you mean "request"/],
    ['request.methd == "GET"', /no attribute "request.methd"; did you mean "method"/],
    ['user.name == "x"', /no attribute "user"/],
    ['request.path.lowerAscii() == "/"', /no function "lowerAscii"/],
    ['request.path.startWith("/a")', /no function "startWith"; did you mean "startsWith"/],
    ['request.path.matches("(")', /regular expression|paren|unmatched|missing|unterminated/i],
  ] as const) {
    it(`names what Envoy cannot run in ${text}`, () => {
      const result = compileCel(text);
      expect(result.kind).to.equal('unsupported');
      if (result.kind === 'unsupported') expect(result.message).to.match(message);
    });
  }

  for (const text of ['request.method ==', '', '"unterminated', 'a b']) {
    it(`says that ${JSON.stringify(text)} cannot be read`, () => {
      expect(compileCel(text).kind).to.equal('unreadable');
    });
  }

  it('negates an expression as a whole', () => {
    const expression = { identExpr: { name: 'x' } };
    expect(celNot(expression)).to.deep.equal({ callExpr: { function: '!_', args: [expression] } });
  });
});
