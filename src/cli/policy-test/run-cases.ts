import { apiKeyHeader } from '../../compiler/auth/credentials.ts';
import type { CheckedFile } from '../../compiler/checked-file.ts';
import type { Diagnostic } from '../../resources/diagnostic.ts';
import type { NodeIdentity } from '../../resources/node.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { acceptNode } from '../../store/acceptance.ts';
import { loadDirectory, type LoadedDirectory } from '../load-directory.ts';
import type { CaseFile } from './case-file.ts';
import type { Outcome } from './judge-case.ts';
import type { PolicyCase } from './policy-case.ts';
import { overlayTokenState } from '../../compiler/auth/overlay-token-state.ts';
import { startSandbox } from './sandbox.ts';
import { isTlsListener } from './sandbox-snapshot.ts';
import { sendRequest } from './send-request.ts';
import { startStandIns, type StandIns } from './stand-ins.ts';
import { ThrowawayKeys } from './throwaway-keys.ts';

export type ReadCaseFile = Extract<CaseFile, { readonly kind: 'read' }>;

/** What became of every case of every file, in their order; or why nothing could be tried. */
export type CasesRun =
  | { readonly kind: 'run'; readonly outcomes: ReadonlyMap<PolicyCase, Outcome> }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'refused'; readonly message: string };

/** What running needs beside the files. */
export interface RunOptions {
  readonly envoyBinary: string;
  /** As `serve --auth-slots`. */
  readonly authSlots: number;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

/**
 * Replays cases against a snapshot directory, with a real Envoy for each file of cases and keys that are made for it.
 * @throws AuthplaneError ENVOY_UNAVAILABLE, SETTINGS_INVALID, INTERNAL.
 */
export async function runCases(
  directory: string,
  files: readonly ReadCaseFile[],
  options: RunOptions,
): Promise<CasesRun> {
  const keys = new ThrowawayKeys();
  const cases = files.flatMap(({ content }) => content.cases);
  const loaded = await loadDirectory(directory, Date.now(), {
    authSlots: options.authSlots,
    replaceAssets: (checked, assets) => keys.assets(checked, cases, assets),
  });
  if (loaded.outcome.result === 'invalid') {
    return { kind: 'invalid', diagnostics: loaded.outcome.diagnostics };
  }
  await using standIns = await startStandIns();
  const outcomes = new Map<PolicyCase, Outcome>();
  for (const file of files) {
    const refusal = await runFile({ loaded, keys, standIns, outcomes, options }, file);
    if (refusal !== undefined) return { kind: 'refused', message: refusal };
  }
  return { kind: 'run', outcomes };
}

interface FileRun {
  readonly loaded: LoadedDirectory;
  readonly keys: ThrowawayKeys;
  readonly standIns: StandIns;
  readonly outcomes: Map<PolicyCase, Outcome>;
  readonly options: RunOptions;
}

/** Returns why the file cannot be run. */
async function runFile(run: FileRun, { path, content }: ReadCaseFile): Promise<string | undefined> {
  const { loaded, standIns, outcomes, options } = run;
  const { id = '', cluster = '', metadata = {} } = content.node ?? {};
  const node: NodeIdentity = { id, cluster, metadata };
  const { placement } = acceptNode(loaded.state, node, loaded.nowMs);
  if (placement.kind !== 'served') return `${path}: no snapshot file matches the node`;
  const { snapshot } = placement.group;
  const listener = content.listener === '' ? onlyListener(snapshot) : content.listener;
  if (listener === undefined)
    return `${path}: the snapshot does not have exactly one listener with an auth chain; name one`;
  options.progress(`${path}: starting Envoy\n`);
  await using sandbox = await startSandbox(
    loaded.schema,
    overlayTokenState(loaded.schema, snapshot, run.keys.tokenOverlay()),
    standIns,
    options.envoyBinary,
  );
  const port = sandbox.ports.get(listener);
  if (port === undefined) return `${path}: there is no listener "${listener}"`;
  const target = { port, isTls: isTlsListener(loaded.schema, snapshot, listener) };
  for (const entry of content.cases) outcomes.set(entry, await runCase(run, target, entry));
  return undefined;
}

function onlyListener(snapshot: Snapshot): string | undefined {
  const names = new Set(
    (snapshot.auth?.entryPoints ?? [])
      .filter(({ isProtected }) => isProtected)
      .map(({ listener }) => listener),
  );
  const [name] = names;
  return names.size === 1 ? name : undefined;
}

async function runCase(
  { loaded, keys, standIns }: FileRun,
  target: { readonly port: number; readonly isTls: boolean },
  { request, external }: PolicyCase,
): Promise<Outcome> {
  standIns.decide(external === 1 ? 'deny' : 'allow');
  return sendRequest({
    ...target,
    method: request.method === '' ? 'GET' : request.method,
    path: request.path === '' ? '/' : request.path,
    headers: {
      host: request.host === '' ? 'localhost' : request.host,
      ...request.headers,
      ...credentials(keys, request, loaded.files),
    },
    certificate:
      request.clientCertificate === undefined ? undefined : keys.certificate(request.clientCertificate),
  });
}

/** An API key is sent in every header in which some chain of the snapshot takes one. */
function credentials(
  keys: ThrowawayKeys,
  { token, apiKeyClient, basicUser }: PolicyCase['request'],
  files: readonly CheckedFile[],
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  if (basicUser !== '') {
    const pair = Buffer.from(`${basicUser}:${keys.secretOf(basicUser)}`).toString('base64');
    headers['authorization'] = `Basic ${pair}`;
  }
  if (token !== undefined) {
    const providers = files.flatMap(({ auth }) => auth.jwtProviders.map(({ spec }) => spec));
    const provider = providers.find(({ name }) => name === token.provider);
    headers['authorization'] = `Bearer ${keys.token(token, provider)}`;
  }
  if (apiKeyClient !== '') {
    const chains = files.flatMap(({ auth }) => auth.authChains.map(({ spec }) => spec));
    for (const name of chains.flatMap(chain => apiKeyHeader(chain) ?? [])) {
      headers[name] = keys.secretOf(apiKeyClient);
    }
  }
  return headers;
}
