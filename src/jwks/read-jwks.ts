import { checkJwks } from '../compiler/checks/jwks.ts';
import type { Jwk } from './jwks-state.ts';

/** The keys of a document that chains would take, or why they would not. */
export function readJwks(
  text: string,
): { readonly keys: readonly Jwk[] } | { readonly keys: undefined; readonly reason: string } {
  // The same as in a file of an operator: a key without alg is an error there, too.
  const problem = checkJwks(text).find(({ severity, code }) => severity === 'error' || code === 'AP1610');
  if (problem !== undefined) return { keys: undefined, reason: problem.message };
  const { keys } = JSON.parse(text) as { readonly keys: readonly Jwk[] };
  return { keys };
}
