import type { AdminParts } from '../admin/admin-server.ts';
import type { Logger } from '../platform/log.ts';

/** A log line for every request to the admin server without the right certificate. */
export function adminRefusalLog(log: Logger): AdminParts['onRefused'] {
  return refused => {
    const text = `a request to the admin server is refused: ${refused.reason}`;
    log.warn({ event: 'admin.refused', ...refused }, text);
  };
}
