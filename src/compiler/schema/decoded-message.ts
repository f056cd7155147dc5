import type { DescMessage } from '@bufbuild/protobuf';
import type { PlainMessage } from './plain-message.ts';

/** A message with its descriptor. */
export interface TypedMessage {
  readonly desc: DescMessage;
  readonly message: PlainMessage;
}

/**
 * A message decoded strictly, in canonical form: the entries of every map, also inside Anys, are sorted, so that equal
 * content has equal bytes.
 */
export interface DecodedMessage extends TypedMessage {
  /** What every Any in it contains (also an Any inside another), and every TypedStruct of a known type. */
  readonly contents: ReadonlyMap<PlainMessage, TypedMessage>;
}
