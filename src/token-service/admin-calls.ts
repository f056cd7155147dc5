import type { KeyUse } from '../tokens/keys/signing-key.ts';
import type { RevocationKind } from '../tokens/revocation.ts';
import type { PersonalTokenWish } from './personal-tokens.ts';
import type { AccessTokenWish, TokenAdmin } from './token-admin.ts';

/** A method of `TokenAdmin` with its arguments, as commands send it to a running token service. */
export type AdminCall =
  | { readonly do: 'keys' }
  | { readonly do: 'rotate'; readonly use: KeyUse; readonly actor: string }
  | { readonly do: 'force'; readonly use: KeyUse; readonly reason: string; readonly actor: string }
  | { readonly do: 'compromise'; readonly kid: string; readonly reason: string; readonly actor: string }
  | { readonly do: 'rewrap'; readonly actor: string }
  | { readonly do: 'mintPersonal'; readonly wish: PersonalTokenWish; readonly actor: string }
  | { readonly do: 'listPersonal'; readonly subject: string | null }
  | { readonly do: 'mintAccess'; readonly wish: AccessTokenWish; readonly actor: string }
  | { readonly do: 'verify'; readonly token: string }
  | {
      readonly do: 'revoke';
      readonly kind: RevocationKind | 'personal';
      readonly value: string;
      readonly reason: string;
      readonly actor: string;
    }
  | { readonly do: 'readAudit'; readonly afterSeq: number; readonly limit: number };

const NAMES: ReadonlySet<string> = new Set<AdminCall['do']>([
  ...(['keys', 'rotate', 'force', 'compromise', 'rewrap', 'mintPersonal', 'listPersonal'] as const),
  ...(['mintAccess', 'verify', 'revoke', 'readAudit'] as const),
]);

/** Commands of another release may send what is unknown here; of this one they send what the type says. */
export function isAdminCall(value: unknown): value is AdminCall {
  return typeof value === 'object' && value !== null && 'do' in value && NAMES.has(String(value.do));
}

/** @throws what the method throws. */
export function callAdmin(admin: TokenAdmin, call: AdminCall): Promise<unknown> {
  switch (call.do) {
    case 'keys':
      return admin.keys();
    case 'rotate':
      return admin.rotate(call.use, call.actor);
    case 'force':
      return admin.force(call.use, call.reason, call.actor);
    case 'compromise':
      return admin.compromise(call.kid, call.reason, call.actor);
    case 'rewrap':
      return admin.rewrap(call.actor);
    case 'mintPersonal':
      return admin.mintPersonal(call.wish, call.actor);
    case 'listPersonal':
      return admin.listPersonal(call.subject ?? undefined);
    case 'mintAccess':
      return admin.mintAccess(call.wish, call.actor);
    case 'verify':
      return admin.verify(call.token);
    case 'revoke':
      return admin.revoke(call.kind, call.value, call.reason, call.actor);
    case 'readAudit':
      return admin.readAudit(call.afterSeq, call.limit);
  }
}
