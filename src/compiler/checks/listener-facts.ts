import {
  booleanField,
  isPlainMessage,
  messageField,
  messagesField,
  numberField,
  oneofMember,
  stringField,
  type PlainMessage,
} from '../schema/plain-message.ts';
import type { DocumentPath } from '../../resources/diagnostic.ts';
import type { AddressFact, Place } from '../facts.ts';
import type { WalkNode } from '../schema/visitor.ts';
import type { CheckContext, MessageChecks } from './check-context.ts';

/** `SocketAddress.Protocol.UDP`. */
const UDP = 1;

/** Collects the addresses of a listener, and the cluster that a reverse-tunnel address dials. */
export const listenerFacts: MessageChecks = {
  'envoy.config.listener.v3.Listener': (node, context) => {
    const binds = booleanField(node.message, 'bindToPort') ?? true;
    const main = messageField(node.message, 'address');
    collectAddress(node, main, ['address'], binds, context);
    messagesField(node.message, 'additionalAddresses').forEach((additional, index) => {
      const path = ['additional_addresses', index, 'address'];
      collectAddress(node, messageField(additional, 'address'), path, binds, context);
    });
  },
};

function collectAddress(
  node: WalkNode,
  address: PlainMessage | undefined,
  path: DocumentPath,
  binds: boolean,
  context: CheckContext,
): void {
  const member = address === undefined ? undefined : oneofMember(address, 'address');
  if (member === undefined || !isPlainMessage(member.value)) return;
  const place = context.facts.place([...node.path, ...path]);
  const fact = addressFact(member.case, member.value, binds, place);
  if (fact === undefined) return;
  context.facts.addresses.push(fact);
  const dialled = /^rc:\/\/[^@]*@([^:]+):/.exec(stringField(member.value, 'address'))?.[1];
  if (dialled === undefined) return;
  const at = [...node.path, ...path, 'socket_address', 'address'];
  context.facts.reference({ kind: 'cluster', name: dialled, path: at });
}

function addressFact(
  kind: string,
  value: PlainMessage,
  binds: boolean,
  place: Place,
): AddressFact | undefined {
  switch (kind) {
    case 'socketAddress': {
      const port = oneofMember(value, 'portSpecifier');
      const host = stringField(value, 'address').toLowerCase();
      const isTunnel = stringField(value, 'resolverName') !== '';
      const protocol = isTunnel ? 'internal' : numberField(value, 'protocol') === UDP ? 'udp' : 'tcp';
      return { ...place, protocol, host, port: typeof port?.value === 'number' ? port.value : 0, binds };
    }
    case 'pipe':
      return { ...place, protocol: 'pipe', host: stringField(value, 'path'), port: 0, binds };
    case 'envoyInternalAddress': {
      const name = oneofMember(value, 'addressNameSpecifier')?.value;
      return { ...place, protocol: 'internal', host: typeof name === 'string' ? name : '', port: 0, binds };
    }
    default:
      return undefined;
  }
}
