import { randomBytes, randomUUID } from 'node:crypto';
import { AuthplaneError } from '../platform/errors.ts';
import type { TokenConfig } from '../tokens/config/token-config.ts';
import {
  hashPersonalToken,
  newPersonalToken,
  PERSONAL_TOKEN_BYTES,
  type PersonalToken,
} from '../tokens/personal-token.ts';
import type { PersonalTokenStore } from './token-stores.ts';

/** What an operator wants a personal token to be. */
export interface PersonalTokenWish {
  readonly subject: string;
  readonly name: string;
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly lifetimeMs: number;
}

const DAY_MS = 86_400_000;
/** Longest life of a personal token. */
export const MAX_PERSONAL_LIFETIME_MS = 366 * DAY_MS;

/**
 * Makes a personal token. The text is returned once and stored nowhere.
 * @throws AuthplaneError TOKEN_REFUSED for an unknown audience or scope or too long a life, DATABASE_UNAVAILABLE.
 */
export async function createPersonalToken(
  wish: PersonalTokenWish,
  actor: string,
  {
    config,
    store,
    nowMs,
  }: { readonly config: TokenConfig; readonly store: PersonalTokenStore; readonly nowMs: number },
): Promise<{ readonly text: string; readonly token: PersonalToken }> {
  const problem = problemOf(wish, config);
  if (problem !== undefined) throw new AuthplaneError('TOKEN_REFUSED', problem);
  const { subject, name, audiences, scopes, claims, lifetimeMs } = wish;
  const text = newPersonalToken(randomBytes(PERSONAL_TOKEN_BYTES));
  const token: PersonalToken = {
    id: randomUUID(),
    subject,
    name,
    scopes,
    audiences,
    claims,
    createdMs: nowMs,
    expiresMs: nowMs + lifetimeMs,
    revokedMs: undefined,
  };
  await store.insertPersonalToken(token, hashPersonalToken(text), {
    atMs: nowMs,
    actor,
    action: 'personal_token.minted',
    object: token.id,
    detail: { subject, name, audiences, scopes, exp: Math.floor(token.expiresMs / 1000) },
  });
  return { text, token };
}

function problemOf(
  { subject, audiences, scopes, lifetimeMs }: PersonalTokenWish,
  config: TokenConfig,
): string | undefined {
  if (subject === '' || subject.length > 255) return 'a subject has 1 to 255 characters';
  if (audiences.length === 0) return 'a personal token needs an audience';
  const unknown = audiences.find(name => !config.audiences.has(name));
  if (unknown !== undefined) return `audience "${unknown}" is not declared`;
  const stray = scopes.find(
    scope => !audiences.some(name => config.audiences.get(name)?.has(scope) === true),
  );
  if (stray !== undefined) return `scope "${stray}" belongs to none of the audiences`;
  if (lifetimeMs < 1000 || lifetimeMs > MAX_PERSONAL_LIFETIME_MS)
    return 'a personal token lives between a second and 366 days';
  return undefined;
}
