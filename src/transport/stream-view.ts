import type { NodeIdentity } from '../resources/node.ts';
import type { ResourceTypeName } from '../resources/type-url.ts';

/** What others may know of a stream. The same object for the whole life of the stream; `node` and `nodeGroup` fill in. */
export interface StreamView {
  /** Unique within the process. */
  readonly id: string;
  /** The service: `ads`, or the type of a per-type service. */
  readonly service: 'ads' | ResourceTypeName;
  readonly variant: 'sotw' | 'delta';
  /** `address:port` of the client. */
  readonly peer: string;
  /** Milliseconds since the epoch. */
  readonly openedAtMs: number;
  /** Known once a request carried a node with an id. */
  readonly node: NodeIdentity | undefined;
  /** Known once the node has a snapshot. */
  readonly nodeGroup: string | undefined;
}
