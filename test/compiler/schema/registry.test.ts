import { expect } from 'chai';
import { loadSchema, messageOfTypeUrl } from '../../../src/compiler/schema/registry.ts';
import { AuthplaneError } from '../../../src/platform/errors.ts';
import { RESOURCE_TYPES } from '../../../src/resources/type-url.ts';
import { testSchema } from '../../support/schema.ts';

describe('loadSchema', () => {
  it('knows every resource type, and the list of the snapshot file that holds it', () => {
    const schema = testSchema();
    for (const type of RESOURCE_TYPES) {
      const desc = messageOfTypeUrl(schema, type.typeUrl);
      const field = schema.snapshotFile.fields.find(entry => entry.name === type.field);
      expect(field?.message?.typeName, type.field).to.equal(desc?.typeName);
      expect(desc?.fields.map(entry => entry.name)).to.include(type.nameField);
    }
  });

  for (const [what, image] of [
    ['bytes that are no image', Uint8Array.of(1, 2, 3)],
    ['an image without our messages', new Uint8Array()],
  ] as const) {
    it(`throws INTERNAL for ${what}`, () => {
      expect(() => loadSchema(image))
        .to.throw(AuthplaneError)
        .with.property('code', 'INTERNAL');
    });
  }
});
