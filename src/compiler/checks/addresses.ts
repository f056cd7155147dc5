import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Origin } from '../../resources/resource.ts';
import type { AddressFact } from '../facts.ts';
import { describeOrigin, diagnosticAt, type GroupCheck } from '../resource-group.ts';

interface Taken {
  readonly address: AddressFact;
  readonly name: string;
  readonly origin: Origin;
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * AP1403: two listeners on one address, which Envoy refuses (port 0 apart, which takes a free port each time). AP1404, a warning:
 * a listener on all addresses beside one on a single address with the same port.
 */
export const checkAddresses: GroupCheck = group => {
  const diagnostics: Diagnostic[] = [];
  const exact = new Map<string, Taken>();
  const byPort = new Map<string, Taken[]>();
  for (const { resource, facts } of group.resources) {
    for (const address of facts.addresses ?? []) {
      if (address.port === 0 && address.binds && isInternet(address)) continue;
      const taken: Taken = { address, name: resource.name, origin: resource.origin };
      const key = `${address.protocol} ${address.host} ${address.port}`;
      const first = exact.get(key);
      if (first === undefined) {
        exact.set(key, taken);
        if (isInternet(address)) overlap(byPort, taken, diagnostics);
      } else {
        const message = `listener "${resource.name}" has the same address ${describeAddress(address)} as ${describeTaken(first)}`;
        diagnostics.push(diagnosticAt(resource.origin, address, { code: 'AP1403', message }));
      }
    }
  }
  return diagnostics;
};

function overlap(byPort: Map<string, Taken[]>, taken: Taken, diagnostics: Diagnostic[]): void {
  const { address } = taken;
  if (!address.binds) return;
  const key = `${address.protocol} ${address.port}`;
  const others = byPort.get(key) ?? [];
  byPort.set(key, [...others, taken]);
  const isWildcard = WILDCARDS.has(address.host);
  const other = others.find(entry => isWildcard || WILDCARDS.has(entry.address.host));
  if (other === undefined) return;
  const message = `listener "${taken.name}" on ${describeAddress(address)} overlaps with ${describeTaken(other)} on ${describeAddress(other.address)}`;
  diagnostics.push(diagnosticAt(taken.origin, address, { code: 'AP1404', severity: 'warning', message }));
}

function isInternet(address: AddressFact): boolean {
  return address.protocol === 'tcp' || address.protocol === 'udp';
}

function describeAddress(address: AddressFact): string {
  if (!isInternet(address)) return address.host;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function describeTaken(taken: Taken): string {
  return `listener "${taken.name}" at ${describeOrigin(taken.origin)}`;
}
