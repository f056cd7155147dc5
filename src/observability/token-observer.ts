import type { TokenHttpParts } from '../endpoints/token/token-http-server.ts';
import { messageOf } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { TokenConfigObserver } from '../token-service/token-config-source.ts';
import type { TokenServiceObserver } from '../token-service/token-service.ts';
import { edgeRevocations } from '../tokens/edge-revocations.ts';
import type { SigningKey } from '../tokens/keys/signing-key.ts';

interface Parts {
  readonly log: Logger;
  readonly metrics: Metrics;
}

const STATES = ['pending', 'active', 'retiring', 'retired', 'compromised'] as const;

/** Turns what happens to keys and the database into metrics and log lines. */
export function tokenServiceObserver({ log, metrics }: Parts): TokenServiceObserver {
  let before: readonly SigningKey[] = [];
  let told = '';
  let wasCapped = false;
  return {
    changed: ({ ring, revocations }) => {
      for (const key of ring.keys) {
        const old = before.find(({ kid }) => kid === key.kid);
        if (old?.state === key.state) continue;
        const fields = {
          event: 'tokens.key',
          kid: key.kid,
          use: key.use,
          algorithm: key.algorithm,
          state: key.state,
        };
        log[key.state === 'compromised' ? 'warn' : 'info'](fields, `signing key ${key.kid} is ${key.state}`);
      }
      before = ring.keys;
      for (const state of STATES) {
        metrics.set('tokenKeys', { state }, ring.keys.filter(key => key.state === state).length);
      }
      metrics.set('tokenRevocations', {}, revocations.all.length);
      const isCapped = edgeRevocations(revocations.all).issuedBefore !== undefined;
      if (isCapped && !wasCapped) {
        log.warn(
          { event: 'tokens.revocations_capped', revocations: revocations.all.length },
          'there are more revocations than proxies compare: they refuse all older tokens until some have expired',
        );
      }
      wasCapped = isCapped;
    },
    databaseChanged: problem => {
      metrics.set('tokenDatabaseUp', {}, problem === undefined ? 1 : 0);
      if (problem === undefined) log.info({ event: 'tokens.database_back' }, 'the database is there again');
      else log.error({ event: 'tokens.database_away', error_code: problem.code }, problem.message);
    },
    heldUp: holders => {
      metrics.set('tokenKeyHeldUp', {}, holders.length === 0 ? 0 : 1);
      const text = holders.map(({ reason, nodes }) => `${reason}: ${nodes.join(', ')}`).join('; ');
      if (text !== told && text !== '') {
        log.warn({ event: 'tokens.key_held_up', holders }, `the next signing key is due and waits: ${text}`);
      }
      told = text;
    },
  };
}

/** Log lines about the file of the token service. */
export function tokenConfigObserver({ log, metrics }: Parts): TokenConfigObserver {
  return {
    loaded: ({ clients, exchanges }) => {
      metrics.set('tokenConfigGood', {}, 1);
      log.info(
        { event: 'tokens.config_loaded', clients: clients.size, exchanges: exchanges.length },
        'the configuration of the token service is in force',
      );
    },
    refused: problems => {
      metrics.set('tokenConfigGood', {}, 0);
      for (const problem of problems) log.error({ event: 'tokens.config_refused' }, problem);
    },
  };
}

/** Counts answers, and logs those that refuse; nothing of what a request holds. */
export function tokenHttpObserver({ log, metrics }: Parts): Pick<TokenHttpParts, 'onAnswer' | 'onError'> {
  return {
    onAnswer: ({ route, statusCode, error, correlationId, durationMs }) => {
      metrics.count('tokenRequests', { route, error });
      metrics.observe('tokenRequestSeconds', { route }, durationMs / 1000);
      if (error === 'none') return;
      log.info(
        { event: 'tokens.refused', route, status: statusCode, error, correlation_id: correlationId },
        `a request to the token service is refused: ${error}`,
      );
    },
    onError: (thrown, correlationId) =>
      log.error({ event: 'tokens.defect', correlation_id: correlationId, err: thrown }, messageOf(thrown)),
  };
}
