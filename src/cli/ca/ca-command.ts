import { Option, type Command } from 'commander';
import type { Authority } from '../../authority/authority.ts';
import type { SecretStatus } from '../../admin/secret-status.ts';
import type { ServedSecret } from '../../certificates/rotation-holders.ts';
import { systemClock } from '../../platform/clock.ts';
import { getJson } from '../admin-client.ts';
import type { CommandContext } from '../command.ts';

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

/** `--server`, once for every replica: proxies are connected to any of them. */
export function addServersOption(command: Command, environment: string | undefined): Command {
  const byDefault = [environment ?? 'http://127.0.0.1:19000'];
  return command.addOption(
    new Option(
      '--server <url...>',
      'admin addresses of all replicas of authplane, also AUTHPLANE_SERVER',
    ).default(byDefault),
  );
}

/** What the replicas serve, for the question who holds a rotation up. @throws AuthplaneError UNREACHABLE, USAGE. */
export async function servedSecrets(servers: readonly string[]): Promise<readonly ServedSecret[]> {
  const answers = await Promise.all(
    servers.map(server => getJson<{ readonly secrets: readonly SecretStatus[] }>(server, '/api/v1/secrets')),
  );
  return answers.flatMap(({ secrets }) =>
    secrets.flatMap(({ name, group, kind, fingerprints, behind }) =>
      kind === 'certificate' || kind === 'trust' ? [{ name, group, kind, fingerprints, behind }] : [],
    ),
  );
}
