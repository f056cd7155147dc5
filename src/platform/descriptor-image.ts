import { readFileSync } from 'node:fs';
import { AuthplaneError, messageOf } from './errors.ts';

/**
 * The encoded FileDescriptorSet of the Envoy API and of our own messages, made by `npm run prepare`.
 * @throws AuthplaneError INTERNAL when it is missing.
 */
export function readDescriptorImage(): Uint8Array {
  try {
    return readFileSync(new URL('../gen/descriptors.binpb', import.meta.url));
  } catch (thrown) {
    const message = `src/gen/descriptors.binpb cannot be read; \`npm run prepare\` makes it: ${messageOf(thrown)}`;
    throw new AuthplaneError('INTERNAL', message, { cause: thrown });
  }
}
