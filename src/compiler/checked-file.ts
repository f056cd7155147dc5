import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Grant } from '../resources/grant.ts';
import type { NodeMatcher } from '../resources/node.ts';
import type { Origin, Resource } from '../resources/resource.ts';
import type { AuthDeclarations } from './auth/auth-entry.ts';
import type { DeclaredEntry } from './declared-entry.ts';
import type { ServiceSpec, SidecarSpec } from './mesh/service-spec.ts';
import type { ResourceFacts } from './facts.ts';
import type { FileSecret } from './file-secret.ts';

/** A resource with what only the group checks need to know of it. */
export interface CheckedResource {
  readonly resource: Resource;
  readonly facts: ResourceFacts;
}

/** An entry of `secret_grants:`. */
export interface SecretGrantEntry {
  readonly name: string;
  readonly grant: Grant | undefined;
  readonly origin: Origin;
}

/**
 * One file, parsed, strictly decoded, checked by itself and encoded: a pure function of its bytes, so it is
 * cached by hash. Group checks (references, duplicates, certificates) follow in `compileGroup`.
 */
export interface CheckedFile {
  readonly path: string;
  readonly hash: string;
  /** Undefined when the YAML cannot be read, so that nobody knows which nodes it is for. */
  readonly matcher: NodeMatcher | undefined;
  readonly pinnedVersion: { readonly value: string; readonly origin: Origin } | undefined;
  readonly resources: readonly CheckedResource[];
  /** Certificates, trust bundles, ticket keys and other secrets whose content stands in files. */
  readonly fileSecrets: readonly FileSecret[];
  readonly secretGrants: readonly SecretGrantEntry[];
  readonly services: readonly DeclaredEntry<ServiceSpec>[];
  /** Undefined when the file makes no sidecars. */
  readonly sidecar: DeclaredEntry<SidecarSpec> | undefined;
  /** JWT providers, auth chains, policies and waivers. */
  readonly auth: AuthDeclarations;
  /** Errors and warnings. With an error `resources` may be incomplete. */
  readonly diagnostics: readonly Diagnostic[];
}

/** True when the file itself has an error, which holds back every group that has the file. */
export function hasErrors(file: CheckedFile): boolean {
  return file.diagnostics.some(diagnostic => diagnostic.severity === 'error');
}
