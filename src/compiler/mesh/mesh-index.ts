import type { Diagnostic, DocumentPath } from '../../resources/diagnostic.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { describeOrigin, diagnosticAt } from '../resource-group.ts';
import { nearName } from '../schema/near-name.ts';
import type { ServicePortSpec, ServiceSpec } from './service-spec.ts';

/** The services of a node group by name. */
export type ServiceIndex = ReadonlyMap<string, DeclaredEntry<ServiceSpec>>;

const SPIFFE = 'spiffe://';
/** A SPIFFE ID, in which path segments may have `*`. */
const SPIFFE_PATTERN = /^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._*-]+)+$/;

/** Indexes the services, and reports what is wrong with each by itself: AP2001, AP2002. */
export function indexServices(entries: readonly DeclaredEntry<ServiceSpec>[]): {
  readonly services: ServiceIndex;
  readonly diagnostics: readonly Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const services = new Map<string, DeclaredEntry<ServiceSpec>>();
  const identities = new Map<string, DeclaredEntry<ServiceSpec>>();
  for (const entry of entries) {
    const { name, spiffeId } = entry.spec;
    const other = services.get(name) ?? identities.get(spiffeId);
    if (other === undefined) {
      services.set(name, entry);
      identities.set(spiffeId, entry);
      diagnostics.push(...twiceUsedPorts(entry));
      continue;
    }
    const what = services.has(name) ? `service "${name}"` : `the identity ${spiffeId}`;
    const message = `${what} is defined in ${describeOrigin(other.origin)} too`;
    diagnostics.push(diagnosticAt(entry.origin, undefined, { code: 'AP2002', message }));
  }
  for (const entry of services.values()) diagnostics.push(...unknownCallers(entry, services));
  return { services, diagnostics };
}

/** Who may call a port. */
export function callersOf(service: ServiceSpec, port: ServicePortSpec): readonly string[] {
  return port.callers.length > 0 ? port.callers : service.callers;
}

/** The SPIFFE ID, or pattern, that a caller is written as; undefined for the name of a service that does not exist. */
export function identityOf(caller: string, services: ServiceIndex): string | undefined {
  return caller.startsWith(SPIFFE) ? caller : services.get(caller)?.spec.spiffeId;
}

/** `unknown service "x"`, with the name that was probably meant. */
export function unknownName(noun: string, name: string, known: Iterable<string>): string {
  const near = nearName(name, known);
  return `unknown ${noun} "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}`;
}

function unknownCallers(entry: DeclaredEntry<ServiceSpec>, services: ServiceIndex): readonly Diagnostic[] {
  const { callers, ports } = entry.spec;
  const lists: readonly (readonly [path: DocumentPath, callers: readonly string[]])[] = [
    [['callers'], callers],
    ...ports.map((port, index) => [['ports', index, 'callers'], port.callers] as const),
  ];
  return lists.flatMap(([path, names]) =>
    names.flatMap((name, index) => {
      const isIdentity = name.startsWith(SPIFFE);
      if (isIdentity ? SPIFFE_PATTERN.test(name) : services.has(name)) return [];
      const message = isIdentity
        ? `"${name}" is not a SPIFFE ID`
        : unknownName('service', name, services.keys());
      return [diagnosticAt(entry.at([...path, index]), undefined, { code: 'AP2001', message })];
    }),
  );
}

function twiceUsedPorts(entry: DeclaredEntry<ServiceSpec>): readonly Diagnostic[] {
  const names = new Set<string>();
  const numbers = new Set<number>();
  return entry.spec.ports.flatMap((port, index) => {
    const isTwice = names.has(port.name) || numbers.has(port.port);
    names.add(port.name);
    numbers.add(port.port);
    if (!isTwice) return [];
    const message = `service "${entry.spec.name}" has port "${port.name}" (${port.port}) twice`;
    return [diagnosticAt(entry.at(['ports', index]), undefined, { code: 'AP2002', message })];
  });
}
