import { messageNameOf } from '../../resources/type-url.ts';
import { messagesField, oneofMessage, stringField, type PlainMessage } from '../schema/plain-message.ts';
import type { WalkNode } from '../schema/visitor.ts';
import { ancestorOf } from './message-fields.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** The type of an HttpFilter's own configuration; empty when it comes by ECDS. */
export function filterTypeOf(filter: PlainMessage): string {
  const config = oneofMessage(filter, 'configType', 'typedConfig');
  return config === undefined ? '' : messageNameOf(stringField(config, 'typeUrl'));
}

export function isAuthChain(filter: PlainMessage): boolean {
  return filterTypeOf(filter) === 'authplane.v1.AuthChain';
}

/** The HTTP filters of the connection manager around a message; none outside of one. */
export function filtersAround(node: WalkNode): readonly PlainMessage[] {
  const manager = ancestorOf(node, HCM);
  return manager === undefined ? [] : messagesField(manager.message, 'httpFilters');
}

/** True inside a connection manager that carries an auth chain, where what is only risky elsewhere is refused. */
export function isBesideChain(node: WalkNode): boolean {
  return filtersAround(node).some(isAuthChain);
}
