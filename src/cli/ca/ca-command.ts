import { Option, type Command } from 'commander';
import type { Authority } from '../../authority/authority.ts';
import type { SecretStatus } from '../../admin/secret-status.ts';
import type { ServedSecret } from '../../certificates/rotation-holders.ts';
import { systemClock } from '../../platform/clock.ts';
import { addClientOptions, getJson, type ServerOptions } from '../admin-client.ts';
import type { CommandContext } from '../command.ts';
import type { CliIo } from '../io.ts';

/** What every `ca` command takes. */
export interface CaOptions {
  readonly caDir: string;
  readonly passphraseFile?: string;
}

/** What a command of the group `ca` gets: the group to add itself to, instead of the program. */
export interface CaContext extends Omit<CommandContext, 'program'> {
  readonly group: Command;
}

/** Adds the options that say which CA. */
export function addCaOptions(command: Command): Command {
  return command
    .addOption(new Option('--ca-dir <path>', 'directory of the CA').default('ca'))
    .addOption(new Option('--passphrase-file <path>', 'file with the passphrase of the keys of the CA'));
}

/** Opens the CA. @throws AuthplaneError CA_UNUSABLE when the passphrase file cannot be read or is empty. */
export async function authorityOf({ caDir, passphraseFile }: CaOptions): Promise<Authority> {
  const { openAuthority } = await import('../../authority/open-authority.ts');
  return openAuthority(caDir, passphraseFile, systemClock);
}

/** The replicas of authplane, for the question who holds a rotation up. */
export interface ServersOptions extends Omit<ServerOptions, 'server'> {
  readonly server: readonly string[];
}

/** `--server`, once for every replica: proxies are connected to any of them. */
export function addServersOption(command: Command, io: CliIo): Command {
  const byDefault = [io.environment['AUTHPLANE_SERVER'] ?? 'http://127.0.0.1:19000'];
  const text = 'admin addresses of all replicas of authplane, also AUTHPLANE_SERVER';
  return addClientOptions(command.addOption(new Option('--server <url...>', text).default(byDefault)), io);
}

/** What the replicas serve. @throws AuthplaneError UNREACHABLE, DENIED, USAGE. */
export async function servedSecrets(options: ServersOptions): Promise<readonly ServedSecret[]> {
  const answers = await Promise.all(
    options.server.map(server =>
      getJson<{ readonly secrets: readonly SecretStatus[] }>({ ...options, server }, '/api/v1/secrets'),
    ),
  );
  return answers.flatMap(({ secrets }) =>
    secrets.flatMap(({ name, group, kind, fingerprints, behind }) =>
      kind === 'certificate' || kind === 'trust' ? [{ name, group, kind, fingerprints, behind }] : [],
    ),
  );
}
