import { expect } from 'chai';
import { substitutionFormatError } from '../../../src/compiler/checks/substitution-format.ts';

describe('substitutionFormatError', () => {
  it('accepts text, commands, parameters, lengths and escaped percent signs', () => {
    const format = '100%% %REQ(x-a?:path):10% %START_TIME(%Y-%m)% %CEL(f(request.path))% %RESPONSE_CODE%';
    expect(substitutionFormatError(format)).to.equal(undefined);
    expect(substitutionFormatError('')).to.equal(undefined);
    expect(substitutionFormatError('%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:claims:sub)%')).to.equal(
      undefined,
    );
  });

  it('refuses single percent signs, unknown commands and missing parameters', () => {
    expect(substitutionFormatError('50% off')).to.equal(
      'there is no command at position 2 (write %% for a percent sign)',
    );
    expect(substitutionFormatError('%REQ(x%')).to.match(/no command at position 0/);
    expect(substitutionFormatError('%REQUEST%')).to.equal('there is no command REQUEST');
    expect(substitutionFormatError('%REQ%')).to.equal('REQ needs parameters');
  });
});
