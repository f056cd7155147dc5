import type { EntryPoint } from '../../resources/snapshot-auth.ts';
import { connectionManagersOf } from '../checks/route-tables.ts';
import type { ResourceGroup } from '../resource-group.ts';
import { tableNames } from './auth-users.ts';

/** Every connection manager of a group. */
export function entryPointsOf(group: ResourceGroup): readonly EntryPoint[] {
  return connectionManagersOf(group).map(located => {
    const { manager, listener } = located;
    const { resource, facts } = listener;
    const { file } = resource.origin;
    return {
      listener: resource.name,
      addresses: (facts.addresses ?? []).map(({ host, port }) => `${host}:${port}`),
      isProtected: manager.filters.some(({ authChain }) => authChain !== undefined),
      tables: tableNames(group, located),
      origin: { file, line: manager.line, column: manager.column, path: manager.path },
    };
  });
}
