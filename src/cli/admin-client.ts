import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { AuthplaneError, messageOf } from '../platform/errors.ts';
import type { CliIo } from './io.ts';

const TIMEOUT_MS = 10_000;

/** How to reach the admin server. Each also from the environment: AUTHPLANE_SERVER, AUTHPLANE_SERVER_CA … */
export interface ServerOptions {
  readonly server: string;
  readonly serverCa?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
}

/** Adds `--server` and what TLS to it needs. */
export function addServerOptions(command: Command, io: CliIo): Command {
  const byDefault = io.environment['AUTHPLANE_SERVER'] ?? 'http://127.0.0.1:19000';
  const option = new Option('--server <url>', 'admin address of authplane, also AUTHPLANE_SERVER');
  return addClientOptions(command.addOption(option.default(byDefault)), io);
}

/** Adds the files for TLS to the admin server. */
export function addClientOptions(command: Command, io: CliIo): Command {
  const files = [
    [
      '--server-ca <path>',
      'PEM CA that the certificate of the admin server comes from',
      'AUTHPLANE_SERVER_CA',
    ],
    ['--client-cert <path>', 'PEM certificate to show to the admin server', 'AUTHPLANE_CLIENT_CERT'],
    ['--client-key <path>', 'PEM private key of it', 'AUTHPLANE_CLIENT_KEY'],
  ] as const;
  for (const [flags, text, variable] of files) {
    const value = io.environment[variable];
    const option = new Option(flags, `${text}, also ${variable}`);
    command.addOption(value === undefined ? option : option.default(value));
  }
  return command;
}

/**
 * GETs one page of the admin API.
 * @throws AuthplaneError UNREACHABLE when nothing, or nothing of ours, answers; DENIED when it refuses the certificate; USAGE for a URL that is none
 */
export async function getJson<T>(options: ServerOptions, path: string): Promise<T> {
  const page = await findJson<T>(options, path);
  if (page === undefined) {
    throw new AuthplaneError('UNREACHABLE', `no authplane at ${options.server}: it answered 404`);
  }
  return page;
}

/** The same for a page that may not be there: undefined for 404. */
export async function findJson<T>(options: ServerOptions, path: string): Promise<T | undefined> {
  const { server } = options;
  const base = server.includes('://') ? server : `http://${server}`;
  if (!URL.canParse(path, base))
    throw new AuthplaneError('USAGE', `--server is "${server}" but must be a URL`);
  const url = new URL(path, base);
  const files = await readClientFiles(options);
  try {
    const { status, body } = await get(url, files);
    if (status === 404) return undefined;
    if (status === 403) throw new AuthplaneError('DENIED', `${url.origin} refuses: ${messageIn(body)}`);
    if (status !== 200) throw new Error(`it answered ${status}`);
    return JSON.parse(body) as T;
  } catch (thrown) {
    if (thrown instanceof AuthplaneError) throw thrown;
    throw new AuthplaneError('UNREACHABLE', `no authplane at ${url.origin}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

async function readClientFiles({ serverCa, clientCert, clientKey }: ServerOptions): Promise<RequestOptions> {
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw new AuthplaneError('USAGE', '--client-cert and --client-key belong together');
  }
  try {
    const [ca, cert, key] = await Promise.all(
      [serverCa, clientCert, clientKey].map(async path => (path === undefined ? undefined : readFile(path))),
    );
    return {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    };
  } catch (thrown) {
    throw new AuthplaneError('USAGE', messageOf(thrown), { cause: thrown });
  }
}

async function get(
  url: URL,
  files: RequestOptions,
): Promise<{ readonly status: number; readonly body: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const outgoing =
    url.protocol === 'https:' ? httpsRequest(url, { ...files, signal }) : httpRequest(url, { signal });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

/** The message of an error of the admin API. */
function messageIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    return typeof message === 'string' ? message : 'no reason given';
  } catch {
    // Something else than authplane answered.
    return 'no reason given';
  }
}
