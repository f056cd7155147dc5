import { matchesGlob } from '../../resources/node.ts';
import type { ClientConfig, ExchangeRule, TokenConfig } from '../config/token-config.ts';
import { matchesSpiffe } from '../config/match-spiffe.ts';
import { chooseAudience, chooseScopes, type Grant, type WantedToken } from './grant.ts';
import { refused, type OAuthError } from './oauth-error.ts';

/** A proof that was verified: what it says of its subject. */
export interface Proof {
  readonly kind: 'personal_token' | 'macaroon' | 'id_token' | 'client_certificate';
  /** Of an ID token: the name of its issuer. */
  readonly issuer?: string;
  readonly subject: string;
  /** Scopes that it is limited to; undefined: to none in particular. */
  readonly scopes: ReadonlySet<string> | undefined;
  readonly audiences: ReadonlySet<string> | undefined;
  readonly projects: ReadonlySet<string> | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is made of it ends then at the latest; milliseconds since the epoch. */
  readonly expiresMs: number | undefined;
}

const MAX_SUBJECT = 255;
/** A subject goes into logs and headers. */
const CONTROL = /\p{Cc}/u;

/** Decides on the exchange of a proof for a token (RFC 8693), by the first rule that fits. What no rule allows is refused. Pure. */
export function decideExchange(
  config: TokenConfig,
  client: ClientConfig,
  proof: Proof,
  wanted: WantedToken,
): Grant | OAuthError {
  const rules = config.exchanges.filter(rule => rule.clients.has(client.id) && takes(rule, proof));
  if (rules.length === 0) {
    return refused('unauthorized_client', 'this client may not exchange such a proof');
  }
  const outcomes = rules.map(rule => grantBy(config, rule, proof, wanted));
  return outcomes.find(outcome => outcome.kind === 'granted') ?? outcomes[0] ?? NO_RULE;
}

const NO_RULE = refused('unauthorized_client', 'no rule allows this');

function grantBy(
  config: TokenConfig,
  rule: ExchangeRule,
  proof: Proof,
  wanted: WantedToken,
): Grant | OAuthError {
  const { audiences } = proof;
  const allowed = new Set([...rule.audiences].filter(name => audiences?.has(name) !== false));
  const audience = chooseAudience(wanted, allowed);
  if (typeof audience !== 'string') return audience;
  const limits = proof.scopes === undefined ? [rule.scopes] : [rule.scopes, proof.scopes];
  const scopes = chooseScopes(config, wanted, audience, limits);
  if ('error' in scopes) return scopes;
  const subject = fillTemplate(rule.subjectTemplate, proof);
  if (subject === undefined)
    return refused('invalid_grant', 'the proof lacks a claim that makes the subject');
  const copied = rule.copyClaims.filter(name => Object.hasOwn(proof.claims, name));
  return {
    kind: 'granted',
    subject,
    audience,
    scopes,
    claims: Object.fromEntries(copied.map(name => [name, proof.claims[name]])),
    expiresMs: proof.expiresMs,
    projects: proof.projects === undefined ? undefined : [...proof.projects].sort(),
    by: rule.name,
  };
}

function takes({ subject }: ExchangeRule, proof: Proof): boolean {
  if (subject.kind !== proof.kind) return false;
  switch (subject.kind) {
    case 'id_token':
      return (
        subject.issuer === proof.issuer &&
        subject.claims.every(({ name, any }) => hasClaim(proof.claims, name, any))
      );
    case 'client_certificate':
      return subject.spiffe.some(pattern => matchesSpiffe(pattern, proof.subject));
    default:
      return true;
  }
}

/** A claim, or for a list one of its entries, that matches one of the globs. */
function hasClaim(claims: Proof['claims'], name: string, globs: readonly string[]): boolean {
  if (!Object.hasOwn(claims, name)) return false;
  const value = claims[name];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.some(entry => {
    const text = textOf(entry);
    return text !== undefined && globs.some(glob => matchesGlob(glob, text));
  });
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Undefined when a claim is missing, or is no text, number or boolean, or would make the subject ambiguous or huge. */
function fillTemplate(template: string, { subject, claims }: Proof): string | undefined {
  const values = new Map<string, string | undefined>([['subject', subject]]);
  for (const [name, value] of Object.entries(claims)) values.set(name, textOf(value));
  const names = [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name);
  if (names.some(name => (values.get(name) ?? '') === '')) return undefined;
  const filled = template.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => values.get(name) ?? '');
  return filled.length <= MAX_SUBJECT && !CONTROL.test(filled) ? filled : undefined;
}
