import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { Asset } from '../../resources/source-tree.ts';
import { glob } from '../auth/matchers.ts';
import type { CheckedFile, CheckedResource } from '../checked-file.ts';
import type { DeclaredEntry } from '../declared-entry.ts';
import { Generator } from '../generator.ts';
import { describeOrigin, diagnosticAt, type GroupFinding } from '../resource-group.ts';
import type { Schema } from '../schema/registry.ts';
import { identityProblem } from './sidecar-identity.ts';
import { inboundPort, permissiveUntilMs } from './inbound.ts';
import { callersOf, identityOf, indexServices, unknownName, type ServiceIndex } from './mesh-index.ts';
import { outboundCall, type OutboundCall } from './outbound.ts';
import {
  PROTOCOL,
  type ServiceCallSpec,
  type ServicePortSpec,
  type ServiceSpec,
  type SidecarSpec,
} from './service-spec.ts';

/** What the sidecar of a node group gets, and what is wrong with services and sidecar. */
export interface CompiledMesh {
  readonly resources: readonly CheckedResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What the mesh is compiled with. */
export interface MeshContext {
  readonly schema: Schema;
  /** By absolute path. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly nowMs: number;
}

const ANY_ADDRESS = '0.0.0.0';

/**
 * Compiles `services` and `sidecar` of a node group: a listener for each port of the sidecar's own service, and for each call to another one. Pure. A
 * call is authenticated and authorized on both sides: here it exists only if the other service names this one as a caller, and its sidecar checks again.
 */
export function compileMesh(files: readonly CheckedFile[], context: MeshContext): CompiledMesh {
  const { services, diagnostics } = indexServices(files.flatMap(file => file.services));
  const sidecars = files.flatMap(file => file.sidecar ?? []);
  const [sidecar, second] = sidecars;
  if (sidecar === undefined) return { resources: [], diagnostics };
  if (second !== undefined) {
    const message = `another file of the node group has a sidecar, at ${describeOrigin(sidecar.origin)}`;
    const finding = diagnosticAt(second.origin, undefined, { code: 'AP2003', message });
    return { resources: [], diagnostics: [...diagnostics, finding] };
  }
  const own = services.get(sidecar.spec.service);
  if (own === undefined) {
    const message = unknownName('service', sidecar.spec.service, services.keys());
    const finding = diagnosticAt(sidecar.at(['service']), undefined, { code: 'AP2001', message });
    return { resources: [], diagnostics: [...diagnostics, finding] };
  }
  const generator = new Generator(context.schema, sidecar.origin);
  const identity = identityProblem(files, sidecar, own.spec, context.assets);
  const inbound = compileInbound(generator, sidecar, own, services, context.nowMs);
  const outbound = compileOutbound(generator, sidecar, own, services);
  return {
    resources: [...inbound.resources, ...outbound.resources],
    diagnostics: [
      ...diagnostics,
      ...inbound.diagnostics,
      ...outbound.diagnostics,
      ...generator.diagnostics(),
      ...identity,
    ],
  };
}

function compileInbound(
  generator: Generator,
  { spec: sidecar }: DeclaredEntry<SidecarSpec>,
  own: DeclaredEntry<ServiceSpec>,
  services: ServiceIndex,
  nowMs: number,
): CompiledMesh {
  const host = sidecar.address === '' ? ANY_ADDRESS : sidecar.address;
  const context = { generator, services, identity: sidecar, host, nowMs };
  const resources: CheckedResource[] = [];
  const diagnostics: Diagnostic[] = [];
  own.spec.ports.forEach((port, index) => {
    resources.push(...inboundPort(context, own, port, index));
    for (const finding of portFindings(own.spec, port, nowMs)) {
      diagnostics.push(diagnosticAt(own.at(['ports', index]), undefined, finding));
    }
  });
  return { resources, diagnostics };
}

function portFindings(service: ServiceSpec, port: ServicePortSpec, nowMs: number): readonly GroupFinding[] {
  const findings: GroupFinding[] = [];
  const untilMs = permissiveUntilMs(port);
  if (untilMs !== undefined && port.protocol === PROTOCOL.tcp) {
    const message = `port "${port.name}" of service "${service.name}" is TCP and cannot be permissive`;
    findings.push({ code: 'AP2006', message });
  } else if (untilMs !== undefined && untilMs <= nowMs) {
    const message = `port "${port.name}" was permissive until ${new Date(untilMs).toISOString()}`;
    findings.push({ code: 'AP2005', severity: 'warning', message });
  } else if (untilMs !== undefined) {
    const { reason = '' } = port.permissive ?? {};
    const message = `port "${port.name}" takes plaintext from anybody until ${new Date(untilMs).toISOString()}: ${reason}`;
    findings.push({ code: 'AP2009', severity: 'warning', message });
  }
  if (callersOf(service, port).length === 0) {
    const message = `nobody may call port "${port.name}" of service "${service.name}"`;
    findings.push({ code: 'AP2008', severity: 'warning', message });
  }
  return findings;
}

function compileOutbound(
  generator: Generator,
  sidecar: DeclaredEntry<SidecarSpec>,
  own: DeclaredEntry<ServiceSpec>,
  services: ServiceIndex,
): CompiledMesh {
  const resources: CheckedResource[] = [];
  const diagnostics: Diagnostic[] = [];
  sidecar.spec.calls.forEach((spec, index) => {
    const origin = sidecar.at(['calls', index]);
    const call = resolveCall(spec, own.spec, services);
    if ('code' in call) diagnostics.push(diagnosticAt(origin, undefined, call));
    else resources.push(...outboundCall(generator, sidecar.spec, { ...call, origin }));
  });
  return { resources, diagnostics };
}

function resolveCall(
  call: ServiceCallSpec,
  own: ServiceSpec,
  services: ServiceIndex,
): Omit<OutboundCall, 'origin'> | GroupFinding {
  const service = services.get(call.service)?.spec;
  if (service === undefined) {
    return { code: 'AP2001', message: unknownName('service', call.service, services.keys()) };
  }
  const port = service.ports.find(({ name }) => name === call.port);
  if (port === undefined) {
    const known = service.ports.map(({ name }) => name);
    return { code: 'AP2001', message: unknownName(`port of service "${service.name}":`, call.port, known) };
  }
  const patterns = callersOf(service, port).flatMap(caller => identityOf(caller, services) ?? []);
  if (!patterns.some(pattern => matchesIdentity(pattern, own.spiffeId))) {
    const message = `service "${service.name}" does not name "${own.name}" as a caller of port "${port.name}"`;
    return { code: 'AP2004', message };
  }
  if (service.addresses.length === 0) {
    return { code: 'AP2007', message: `service "${service.name}" has no address` };
  }
  return { service, port, localPort: call.localPort };
}

/** As the sidecar of the other service will judge it. */
function matchesIdentity(pattern: string, spiffeId: string): boolean {
  const matcher = glob(pattern, '/');
  const { exact, safe_regex: expression } = matcher as { exact?: string; safe_regex?: { regex: string } };
  return expression === undefined
    ? exact === spiffeId
    : new RegExp(`^(?:${expression.regex})$`).test(spiffeId);
}
