import { rootOf, type AuthorityState } from '../../authority/authority-state.ts';
import { currentHolders } from '../../authority/rotate-authority.ts';
import type { RotationHolder } from '../../certificates/ca-rotation.ts';
import { examples } from '../command.ts';
import { formatTable, outputOption, printData, type OutputFormat } from '../output.ts';
import {
  addCaOptions,
  addServersOption,
  authorityOf,
  servedSecrets,
  type CaContext,
  type CaOptions,
  type ServersOptions,
} from './ca-command.ts';

interface Options extends CaOptions, ServersOptions {
  readonly output: OutputFormat;
}

/** `authplane ca status`: CAs, certificates, and where a rotation stands. */
export function registerCaStatus({ group, io, run }: CaContext): void {
  const command = group
    .command('status')
    .description('show CAs and certificates, and the stage of a rotation with who holds it up')
    .addOption(outputOption(['table', 'json', 'yaml'], 'table'))
    .addHelpText(
      'after',
      examples('authplane ca status', 'authplane ca status -o json --server http://authplane:19000'),
    );
  addServersOption(addCaOptions(command), io).action(
    run(async (options: Options) => {
      const state = await (await authorityOf(options)).read();
      const isRotating = state.rotation !== undefined;
      const served = isRotating ? await servedSecrets(options) : [];
      const holders = currentHolders(state, served, Date.now());
      const view = viewOf(state, holders);
      await printData(io, options.output, view, () => tableOf(view));
      return isRotating ? 'notInSync' : 'ok';
    }),
  );
}

/** `-o json`. */
interface StatusOutput {
  readonly name: string;
  readonly roots: readonly { readonly root: number; readonly trusted: boolean; readonly ends: string }[];
  readonly certificates: readonly {
    readonly name: string;
    readonly root: number | null;
    readonly serial: string;
    readonly ends: string;
    readonly path: string;
  }[];
  readonly revoked: number;
  readonly lists_end: string | null;
  readonly rotation: { readonly stage: string; readonly holders: readonly RotationHolder[] } | null;
}

function viewOf(state: AuthorityState, holders: readonly RotationHolder[]): StatusOutput {
  return {
    name: state.name,
    roots: state.roots.map(({ id, notAfterMs }) => ({
      root: id,
      trusted: state.trusted.includes(id),
      ends: timeOf(notAfterMs),
    })),
    certificates: state.issued.map(record => ({
      name: record.name,
      root: rootOf(state, record) ?? null,
      serial: record.serialNumber,
      ends: timeOf(record.notAfterMs),
      path: record.certificatePath,
    })),
    revoked: state.revoked.length,
    lists_end: state.lists === undefined ? null : timeOf(state.lists.untilMs),
    rotation: state.rotation === undefined ? null : { stage: state.rotation.stage, holders },
  };
}

function tableOf(view: StatusOutput): string {
  const roots = view.roots.map(({ root, trusted, ends }) => [String(root), trusted ? 'yes' : 'no', ends]);
  const issued = view.certificates.map(({ name, root, ends, path }) => [
    name,
    String(root ?? '-'),
    ends,
    path,
  ]);
  const sections = [
    formatTable(['ROOT', 'TRUSTED', 'ENDS'], roots),
    ...(issued.length === 0 ? [] : ['\n', formatTable(['CERTIFICATE', 'ROOT', 'ENDS', 'FILE'], issued)]),
    `\n${view.revoked} revoked, lists end ${view.lists_end ?? '-'}\n`,
  ];
  if (view.rotation !== null) sections.push('\n', rotationText(view.rotation.stage, view.rotation.holders));
  return sections.join('');
}

/** The stage of a rotation in words, with who holds it up. */
export function rotationText(stage: string | undefined, holders: readonly RotationHolder[]): string {
  if (stage === undefined) return 'no rotation is under way\n';
  const lines = holders.map(({ reason, nodes }) => {
    const who =
      nodes.length === 0 ? '' : `: ${nodes.slice(0, 10).join(', ')}${nodes.length > 10 ? ', …' : ''}`;
    return `  held up: ${reason}${who}\n`;
  });
  const ready = holders.length === 0 ? '  nobody holds it up\n' : '';
  return `rotation: ${STAGE_TEXTS[stage] ?? stage}\n${lines.join('')}${ready}`;
}

const STAGE_TEXTS: Readonly<Record<string, string>> = {
  distributing: 'distributing: proxies get the new root beside the old one',
  issuing: 'issuing: certificates come from the new root, both are trusted',
  withdrawing: 'withdrawing: only the new root is trusted',
};

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
