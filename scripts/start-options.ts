import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE, REPOSITORY } from './paths.ts';

export const USAGE = `Usage: npm start [-- OPTIONS]
  --no-envoy              run the control plane alone
  --snapshots DIR         default: snapshots; a copy of it otherwise
  --work-dir DIR          last good snapshots, logs (default: .cache/demo)
  --xds-port N            default: 18000; 0 takes a free one
  --admin-port N          admin address of authplane (default: 19000)
  --envoy-admin-port N    admin address of Envoy (default: 9901)`;

/** The command line of `npm start`. Port 0 takes a free one. */
export interface StartOptions {
  readonly withEnvoy: boolean;
  readonly snapshots: string;
  readonly workDirectory: string;
  readonly xdsPort: number;
  readonly adminPort: number;
  readonly envoyAdminPort: number;
}

/** @throws a TypeError for an unknown option or a port that is none. */
export function readOptions(): StartOptions {
  const { values } = parseArgs({
    options: {
      'no-envoy': { type: 'boolean', default: false },
      snapshots: { type: 'string', default: join(REPOSITORY, 'snapshots') },
      'work-dir': { type: 'string', default: join(CACHE, 'demo') },
      'xds-port': { type: 'string', default: '18000' },
      'admin-port': { type: 'string', default: '19000' },
      'envoy-admin-port': { type: 'string', default: '9901' },
    },
  });
  return {
    withEnvoy: !values['no-envoy'],
    snapshots: resolve(values.snapshots),
    workDirectory: resolve(values['work-dir']),
    xdsPort: portOf(values['xds-port']),
    adminPort: portOf(values['admin-port']),
    envoyAdminPort: portOf(values['envoy-admin-port']),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new TypeError(`${text} is not a port`);
  return port;
}
