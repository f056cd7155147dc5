import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { AuthplaneError } from '../../platform/errors.ts';
import type { LeafRequest } from '../../authority/authority-state.ts';
import { examples } from '../command.ts';
import { addCaOptions, authorityOf, type CaContext, type CaOptions } from './ca-command.ts';
import { parseLifetime } from './lifetime.ts';

interface IssueOptions extends CaOptions {
  readonly spiffe?: string;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly usage: readonly ('server' | 'client')[];
  readonly keyType: 'ec' | 'rsa';
  readonly lifetime: number;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** RFC 3986 as far as SPIFFE takes it (SPIFFE-ID, section 2). */
const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[a-zA-Z0-9._-]+)+$/;
const DNS_NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/;

/** `authplane ca issue NAME`: issues a certificate and writes it with its key. */
export function registerCaIssue({ group, io, run }: CaContext): void {
  const command = group
    .command('issue')
    .description('issue a certificate with its key, or issue it again')
    .argument('<name>', 'what the CA calls it')
    .option('--spiffe <id>', 'SPIFFE ID, such as spiffe://gitlab.example/edge/1')
    .option('--dns <name...>', 'DNS names', [])
    .option('--ip <address...>', 'IP addresses', [])
    .addOption(
      new Option('--usage <usage...>', 'what it is for')
        .choices(['server', 'client'])
        .default(['server', 'client']),
    )
    .addOption(
      new Option('--key-type <type>', 'P-256, or RSA with 2048 bits').choices(['ec', 'rsa']).default('ec'),
    )
    .option(
      '--lifetime <time>',
      'how long it is valid; it is renewed at half of that',
      parseLifetime,
      7 * 86_400_000,
    )
    .option(
      '--certificate <path>',
      'where the chain goes (default: issued/NAME.pem in the directory of the CA)',
    )
    .option(
      '--private-key <path>',
      'where the key goes (default: issued/NAME.key in the directory of the CA)',
    )
    .addHelpText(
      'after',
      examples(
        'authplane ca issue edge-1 --spiffe spiffe://gitlab.example/edge/1 --dns edge-1.gitlab.example',
        'authplane ca issue xds --dns authplane.gitlab.example --usage server --lifetime 30d \\\n' +
          '    --certificate /etc/authplane/xds.pem --private-key /etc/authplane/xds.key',
      ),
    );
  addCaOptions(command).action(
    run(async (name: string, options: IssueOptions) => {
      const request = requestOf(name, options);
      const authority = await authorityOf(options);
      const record = await authority.issue(name, request, {
        certificatePath: resolve(options.certificate ?? join(options.caDir, 'issued', `${name}.pem`)),
        privateKeyPath: resolve(options.privateKey ?? join(options.caDir, 'issued', `${name}.key`)),
      });
      io.stderr(`valid until ${new Date(record.notAfterMs).toISOString()}\n`);
      io.stdout(`${record.certificatePath}\n${record.privateKeyPath}\n`);
      return 'ok';
    }),
  );
}

/** @throws AuthplaneError USAGE for names that a certificate should not carry. */
function requestOf(name: string, options: IssueOptions): LeafRequest {
  const problem = problemOf(name, options);
  if (problem !== undefined) throw new AuthplaneError('USAGE', problem);
  const { spiffe, dns, ip, usage, keyType, lifetime } = options;
  return {
    uris: spiffe === undefined ? [] : [spiffe],
    dnsNames: dns,
    ipAddresses: ip,
    usages: usage,
    keyType,
    lifetimeMs: lifetime,
  };
}

function problemOf(name: string, { spiffe, dns, ip }: IssueOptions): string | undefined {
  const badDns = dns.find(entry => !DNS_NAME.test(entry));
  const badIp = ip.find(entry => isIP(entry) === 0);
  if (!NAME.test(name)) return `the name is "${name}" but must be letters, digits, ".", "_" and "-"`;
  if (spiffe !== undefined && !SPIFFE_ID.test(spiffe)) return `"${spiffe}" is not a SPIFFE ID`;
  if (badDns !== undefined) return `"${badDns}" is not a DNS name`;
  if (badIp !== undefined) return `"${badIp}" is not an IP address`;
  if (spiffe === undefined && dns.length === 0 && ip.length === 0) {
    return 'a certificate needs a name: --spiffe, --dns or --ip';
  }
  return undefined;
}
