import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseAddress } from '../config/parse-value.ts';
import type { Address } from '../config/setting.ts';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import {
  bootstrapConfig,
  caSecretConfig,
  clientSecretConfig,
  type BootstrapInput,
  type BootstrapTls,
} from './bootstrap-config.ts';
import { examples, type CommandContext } from './command.ts';
import { outputOption, printData, type OutputFormat } from './output.ts';

interface Options {
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly xdsAddress: Address;
  readonly adminPort: number;
  readonly transport: BootstrapInput['transport'];
  readonly variant: BootstrapInput['variant'];
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServerName?: string;
  readonly part: 'bootstrap' | 'client-secret' | 'ca-secret';
  readonly output: OutputFormat;
}

/** `authplane bootstrap`: prints the configuration an Envoy is started with. */
export function registerBootstrap({ program, io, run }: CommandContext): void {
  addOptions(program.command('bootstrap'))
    .description('print an Envoy bootstrap that takes everything from authplane')
    .addHelpText(
      'after',
      examples(
        'authplane bootstrap --node-id edge-1 --node-cluster edge > envoy.yaml && envoy -c envoy.yaml',
        'authplane bootstrap --node-id edge-1 --variant sotw --xds-address authplane.example:18000 \\',
        '    --tls-ca /etc/envoy/certs/ca.pem --tls-cert /etc/envoy/certs/tls.pem --tls-key /etc/envoy/certs/tls.key',
        'authplane bootstrap ... --part client-secret > /etc/envoy/certs/client.yaml',
      ),
    )
    .action(
      run(async (options: Options) => {
        await printData(io, options.output, documentOf(options), () => '');
        return 'ok';
      }),
    );
}

function addOptions(command: Command): Command {
  return command
    .requiredOption('--node-id <id>', 'node.id of the proxy; unique in the fleet')
    .option('--node-cluster <name>', 'node.cluster: the group that the proxy belongs to', 'default')
    .addOption(
      new Option('--xds-address <host:port>', 'address of authplane as the proxy reaches it')
        .argParser(addressArgument)
        .default({ host: '127.0.0.1', port: 18_000 }, '127.0.0.1:18000'),
    )
    .addOption(
      new Option('--admin-port <port>', "port of Envoy's own admin page on 127.0.0.1")
        .argParser(portArgument)
        .default(9901),
    )
    .addOption(
      new Option('--transport <kind>', 'one stream for all types (ads) or one for each')
        .choices(['ads', 'per-type'])
        .default('ads'),
    )
    .addOption(
      new Option('--variant <kind>', 'only what changed (delta) or the state of the world (sotw)')
        .choices(['delta', 'sotw'])
        .default('delta'),
    )
    .option(
      '--tls-ca <file>',
      "CA of authplane's certificate, as a path on the proxy's machine; turns TLS on",
    )
    .option('--tls-cert <file>', 'client certificate of the proxy (mTLS)')
    .option('--tls-key <file>', 'private key of the client certificate')
    .option(
      '--tls-server-name <name>',
      "name in authplane's certificate (default: the host of --xds-address)",
    )
    .addOption(
      new Option(
        '--part <part>',
        'with TLS the bootstrap names client.yaml and ca.yaml beside the certificates: print one of these',
      )
        .choices(['bootstrap', 'client-secret', 'ca-secret'])
        .default('bootstrap'),
    )
    .addOption(outputOption(['yaml', 'json'], 'yaml'));
}

/** @throws AuthplaneError USAGE for options that do not go together */
function documentOf(options: Options): Readonly<Record<string, unknown>> {
  const tls = tlsOf(options);
  switch (options.part) {
    case 'bootstrap':
      return bootstrapConfig({ ...options, xds: options.xdsAddress, tls });
    case 'client-secret':
      if (tls?.client === undefined)
        throw new AuthplaneError('USAGE', '--part client-secret needs --tls-cert and --tls-key');
      return clientSecretConfig(tls.client);
    case 'ca-secret':
      if (tls === undefined) throw new AuthplaneError('USAGE', '--part ca-secret needs --tls-ca');
      return caSecretConfig(tls);
  }
}

function tlsOf(options: Options): BootstrapTls | undefined {
  const { tlsCa, tlsCert, tlsKey } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new AuthplaneError('USAGE', '--tls-cert and --tls-key must be given together');
  }
  if (tlsCa === undefined) {
    if (tlsCert !== undefined || options.tlsServerName !== undefined) {
      throw new AuthplaneError('USAGE', 'TLS needs --tls-ca: without it any server could pose as authplane');
    }
    return undefined;
  }
  const client =
    tlsCert === undefined || tlsKey === undefined ? undefined : { certificatePath: tlsCert, keyPath: tlsKey };
  return { caPath: tlsCa, serverName: options.tlsServerName ?? options.xdsAddress.host, client };
}

function addressArgument(text: string): Address {
  try {
    return parseAddress(text);
  } catch (thrown) {
    throw new InvalidArgumentError(`It ${messageOf(thrown)}.`);
  }
}

function portArgument(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return port;
}
