import type { TokenStores } from '../token-service/token-stores.ts';
import { auditStoreOn } from './audit-store.ts';
import type { Database } from './database.ts';
import { keyStoreOn } from './key-store.ts';
import { personalTokenStoreOn } from './personal-token-store.ts';
import { replicaStoreOn } from './replica-store.ts';
import { replayStoreOn, revocationStoreOn } from './revocation-store.ts';

/** All that the token service keeps, in one database whose schema is the newest. */
export function tokenStoresOn(database: Database): TokenStores {
  return {
    ...keyStoreOn(database),
    ...personalTokenStoreOn(database),
    ...revocationStoreOn(database),
    ...replayStoreOn(database),
    ...auditStoreOn(database),
    ...replicaStoreOn(database),
  };
}
