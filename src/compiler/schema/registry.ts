import { createFileRegistry, fromBinary, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { AuthplaneError, messageOf } from '../../platform/errors.ts';
import { messageNameOf } from '../../resources/type-url.ts';

/** Every message of the Envoy API that this release knows, with its options. Built once, shared, immutable. */
export interface Schema {
  readonly registry: FileRegistry;
  /** `authplane.v1.SnapshotFile`, the root of every snapshot file. */
  readonly snapshotFile: DescMessage;
  /** Full names of all messages that an `@type` may name. */
  readonly messageNames: readonly string[];
}

/**
 * Reads an image made by `buf build` (a FileDescriptorSet).
 * @throws AuthplaneError INTERNAL when it is not one or lacks `authplane.v1.SnapshotFile` or `validate.rules`.
 */
export function loadSchema(descriptorImage: Uint8Array): Schema {
  let registry: FileRegistry;
  try {
    registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorImage));
  } catch (thrown) {
    throw new AuthplaneError('INTERNAL', `the descriptor image cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  const snapshotFile = registry.getMessage('authplane.v1.SnapshotFile');
  if (snapshotFile === undefined || registry.getExtension('validate.rules') === undefined) {
    throw new AuthplaneError(
      'INTERNAL',
      'the descriptor image lacks authplane.v1.SnapshotFile or validate.rules',
    );
  }
  const messageNames = [...registry].filter(type => type.kind === 'message').map(type => type.typeName);
  return { registry, snapshotFile, messageNames };
}

/** The message that an `@type` names, or undefined. */
export function messageOfTypeUrl(schema: Schema, typeUrl: string): DescMessage | undefined {
  return schema.registry.getMessage(messageNameOf(typeUrl));
}
