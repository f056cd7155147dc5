import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadSchema } from '../../compiler/schema/registry.ts';
import { tokenFilesIn } from '../../composition/token-files.ts';
import { SERVE_SETTINGS, type ServeSettings } from '../../config/serve-settings.ts';
import { systemClock } from '../../platform/clock.ts';
import { readDescriptorImage } from '../../platform/descriptor-image.ts';
import { AuthplaneError } from '../../platform/errors.ts';
import type { AdminCall } from '../../token-service/admin-calls.ts';
import type { CommandContext } from '../command.ts';
import type { CliIo } from '../io.ts';
import { addSettingOptions, readSettings } from '../read-settings.ts';
import { callSocket } from './control-client.ts';

/** What each file of the groups `keys`, `token`, `audit` and `db` gets. */
export interface TokenContext {
  readonly group: Command;
  readonly io: CliIo;
  readonly run: CommandContext['run'];
}

/** A token service that commands work with: the one that runs, or this process itself on its database. */
export interface TokenServiceClient extends AsyncDisposable {
  /** @throws AuthplaneError with the code of the service. */
  call(call: AdminCall): Promise<unknown>;
}

/** Adds the settings that say where the token service is. */
export function addTokenOptions(command: Command): Command {
  const { stateDirectory, tokenConfig, databaseUrl, kekFile, kekPreviousFile } = SERVE_SETTINGS;
  return addSettingOptions(command, [stateDirectory, tokenConfig, databaseUrl, kekFile, kekPreviousFile]);
}

/** Who works: for the audit. */
export function actor(): string {
  return `operator:${userInfo().username}@${hostname()}`;
}

/**
 * Asks the token service that runs on the state directory; when none does, opens its database itself.
 * @throws AuthplaneError UNREACHABLE when there is neither; what opening throws otherwise.
 */
export async function tokenServiceFor(command: Command, io: CliIo): Promise<TokenServiceClient> {
  const settings = await readSettings(command, io);
  const { socket } = tokenFilesIn(settings.stateDirectory);
  const running = await callSocket(socket);
  if (running !== undefined) return { call: running, [Symbol.asyncDispose]: () => Promise.resolve() };
  return openHere(settings, io);
}

async function openHere(settings: ServeSettings, io: CliIo): Promise<TokenServiceClient> {
  const { tokenConfig, databaseUrl } = settings;
  const files = tokenFilesIn(settings.stateDirectory);
  if (tokenConfig === undefined) {
    throw new AuthplaneError(
      'UNREACHABLE',
      `no token service runs on ${settings.stateDirectory}; to work on its database, give --token-config`,
    );
  }
  const { openDatabase, withSchema } = await import('../../storage/open-database.ts');
  const { tokenStoresOn } = await import('../../storage/token-stores-on.ts');
  const { readKeks } = await import('../../token-service/read-kek.ts');
  const { TokenConfigSource } = await import('../../token-service/token-config-source.ts');
  const { TokenService } = await import('../../token-service/token-service.ts');
  const { TokenAdmin } = await import('../../token-service/token-admin.ts');
  const { callAdmin } = await import('../../token-service/admin-calls.ts');
  await using opening = new AsyncDisposableStack();
  const quiet = { loaded: () => undefined, refused: () => undefined };
  const config = new TokenConfigSource(
    { schema: loadSchema(readDescriptorImage()), clock: systemClock, observer: quiet },
    { path: resolve(io.workingDirectory, tokenConfig) },
  );
  await config.start();
  opening.defer(() => config.stop());
  const { kekFile: file, kekPreviousFile: previousFile } = settings;
  const keks = await readKeks({ file, previousFile, environment: io.environment });
  const url = databaseUrl === '' ? undefined : databaseUrl;
  const opened = opening.use(await openDatabase({ url, directory: files.database }, systemClock));
  let problem: AuthplaneError | undefined;
  const service = new TokenService({
    stores: tokenStoresOn(withSchema(opened, settings.databaseMigrate)),
    clock: systemClock,
    keks,
    config: () => config.config,
    // It has no proxies, and does not bring keys forward.
    replicaId: undefined,
    holdersOf: () => [],
    proxies: () => [],
    fetchedKeys: () => undefined,
    observer: {
      changed: () => undefined,
      databaseChanged: found => (problem = found),
      heldUp: () => undefined,
    },
  });
  await service.start();
  opening.defer(() => service.stop());
  if (problem !== undefined) throw problem;
  const admin = new TokenAdmin(service);
  const open = opening.move();
  return { call: call => callAdmin(admin, call), [Symbol.asyncDispose]: () => open.disposeAsync() };
}
