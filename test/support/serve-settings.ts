import { join } from 'node:path';
import { loadSettings } from '../../src/config/load-settings.ts';
import { conflictsOf, SERVE_SETTINGS, type ServeSettings } from '../../src/config/serve-settings.ts';

/** Settings of a server in a directory: snapshots in `snapshots/`, state in `state/`, free ports, no drain times. */
export function serveSettings(
  directory: string,
  flags: Readonly<Record<string, string>> = {},
): ServeSettings {
  return loadSettings(
    SERVE_SETTINGS,
    {
      flags: {
        snapshots: join(directory, 'snapshots'),
        'state-dir': join(directory, 'state'),
        'xds-address': '127.0.0.1:0',
        'admin-address': '127.0.0.1:0',
        'drain-delay': '0s',
        'drain-spread': '0s',
        'poll-interval': '100ms',
        'state-plaintext': 'true',
        ...flags,
      },
      environment: {},
      file: undefined,
    },
    conflictsOf,
  );
}
