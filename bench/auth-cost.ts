import { readFile } from 'node:fs/promises';
import { authListener, testClaims, testProvider } from '../test/support/auth-snapshot.ts';
import { freePort } from '../src/cli/policy-test/free-port.ts';
import { HttpClient } from '../test/support/http-client.ts';
import { jwksOf, TokenKey } from '../test/support/jwt.ts';
import { ProxyEnvironment } from '../test/support/proxy-environment.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { median } from './measure.ts';
import { whole, type Section } from './report.ts';
import { requestsPerSecond } from './request-storm.ts';

/** How much is measured. */
export interface AuthScale {
  readonly rounds: number;
  readonly durationMs: number;
  readonly policies: number;
}

const ROUTER = {
  name: 'router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

/** What authplane sets beside a chain: the baseline has it too, so that the chain alone is measured. */
const HARDENING = {
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: 'REJECT_REQUEST',
  common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' },
};

/** One run of one case. */
interface Run {
  readonly requestsPerSecond: number;
  readonly requestsPerCpuSecond: number;
}

interface Case {
  readonly name: string;
  readonly listener: string;
  readonly port: number;
}

/** What a chain costs: requests per second of one Envoy worker, without auth and with chains, in alternating runs. */
export async function measureAuthCost(scale: AuthScale): Promise<Section> {
  const key = new TokenKey();
  const cases: readonly Case[] = [
    { name: 'no auth', listener: 'none', port: await freePort() },
    { name: 'cached JWT + 1 policy', listener: 'one', port: await freePort() },
    { name: `cached JWT + ${scale.policies} policies`, listener: 'many', port: await freePort() },
  ];
  await using environment = await ProxyEnvironment.start({
    bootstrap: 'ads-delta',
    files: { 'jwks.json': jwksOf([key]), 'bench.yaml': snapshot(cases, scale.policies) },
  });
  const token = key.sign(testClaims({ groups: ['last'] }));
  const runs = new Map<string, Run[]>(cases.map(({ name }) => [name, []]));
  for (const { port } of cases) {
    using client = new HttpClient(port);
    await waitFor(`port ${port}`, async () => (await client.status({ path: '/', token })) === 200);
  }
  for (let round = 0; round < scale.rounds; round++) {
    for (const { name, port } of cases) {
      const request = `GET / HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\n\r\n`;
      const options = { port, request, connections: 32, durationMs: scale.durationMs };
      const beforeS = await cpuSeconds(environment.envoy.pid);
      const startedMs = performance.now();
      const rate = await requestsPerSecond(options);
      const usedS = (await cpuSeconds(environment.envoy.pid)) - beforeS;
      const requests = (rate * (performance.now() - startedMs)) / 1000;
      runs.get(name)?.push({ requestsPerSecond: rate, requestsPerCpuSecond: requests / usedS });
    }
  }
  environment.assertClean();
  return section(cases, runs);
}

/** Processor time of a process so far (proc(5), fields utime and stime, in hundredths of a second). */
async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function section(cases: readonly Case[], runs: ReadonlyMap<string, readonly Run[]>): Section {
  const base = runs.get(cases[0]?.name ?? '') ?? [];
  const ratioOf = (own: readonly Run[], figure: keyof Run): number =>
    median(own.map((run, round) => run[figure] / (base[round]?.[figure] ?? NaN)));
  return {
    name: 'auth',
    title: 'Cost of an auth chain in Envoy',
    note:
      'Requests per second of one worker with a direct response, over 32 connections, and per second of processor time of Envoy, which the\n' +
      'client does not slow down; each ratio is the median of those of single rounds.',
    columns: [
      { key: 'chain', title: 'chain' },
      { key: 'requestsPerSecond', title: 'requests/s', format: whole },
      { key: 'ratio', title: 'ratio', format: twoDigits },
      { key: 'requestsPerCpuSecond', title: 'requests/CPU s', format: whole },
      { key: 'cpuRatio', title: 'ratio', format: twoDigits },
    ],
    rows: cases.map(({ name }) => {
      const own = runs.get(name) ?? [];
      return {
        chain: name,
        requestsPerSecond: median(own.map(run => run.requestsPerSecond)),
        ratio: ratioOf(own, 'requestsPerSecond'),
        requestsPerCpuSecond: median(own.map(run => run.requestsPerCpuSecond)),
        cpuRatio: ratioOf(own, 'requestsPerCpuSecond'),
      };
    }),
  };
}

function twoDigits(value: number): string {
  return value.toFixed(2);
}

function snapshot(cases: readonly Case[], policyCount: number): object {
  const policies = Array.from({ length: policyCount }, (_, index) => ({
    name: `policy-${index}`,
    effect: 'allow',
    // Only the last one matches.
    principals: {
      jwt: { claims: { groups: { any: [index === policyCount - 1 ? 'last' : `group-${index}`] } } },
    },
  }));
  const names = policies.map(({ name }) => name);
  const chain = (name: string, list: readonly string[]) => ({
    name,
    authenticate: [{ jwt: { provider: 'idp' } }],
    authorize: { policies: list },
  });
  return {
    jwt_providers: [testProvider()],
    auth_chains: [chain('one', names.slice(-1)), chain('many', names)],
    policies,
    listeners: cases.map(({ listener, port }) =>
      listener === 'none'
        ? withoutAuth(authListener({ port, chain: 'one', name: listener, routes: listener }))
        : authListener({ port, chain: listener, name: listener, routes: listener }),
    ),
    routes: cases.map(({ listener }) => ({
      name: listener,
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } },
          ],
        },
      ],
    })),
  };
}

function withoutAuth(listener: ReturnType<typeof authListener>): object {
  const [filterChain] = listener.filter_chains;
  const [filter] = filterChain?.filters ?? [];
  const manager = {
    ...filter,
    typed_config: { ...filter?.typed_config, ...HARDENING, http_filters: [ROUTER] },
  };
  return { ...listener, filter_chains: [{ filters: [manager] }] };
}
