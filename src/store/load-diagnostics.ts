import type { Diagnostic } from '../resources/diagnostic.ts';
import { messageNameOf } from '../resources/type-url.ts';
import type { Shrink } from './shrink-guard.ts';

/** The place of what concerns the load as a whole: the snapshot directory itself. */
const WHOLE_LOAD = { file: '.', line: 1, column: 1 } as const;

/** Says what a refused load would remove, and how to confirm it. */
export function describeShrink(shrink: Shrink, treeHash: string): readonly Diagnostic[] {
  const hint = `If this is meant: authplane confirm ${treeHash} --state-dir DIR. Otherwise restore the files.`;
  const common = { ...WHOLE_LOAD, severity: 'error', hint } as const;
  if (shrink.kind === 'empty') {
    const message = `no snapshot file is left (there were ${shrink.filesBefore}): nothing changes until this is confirmed`;
    return [{ ...common, code: 'AP1702', message }];
  }
  return shrink.types.map(({ typeUrl, before, after }) => ({
    ...common,
    code: 'AP1701',
    message: `would remove ${before - after} of ${before} ${messageNameOf(typeUrl)}: nothing changes until this is confirmed`,
  }));
}

/** A directory without a file, where there was none before or its emptiness was confirmed. */
export function describeEmptyLoad(): Diagnostic {
  const message = 'there is no snapshot file';
  const hint = 'Put the first *.yaml file there.';
  return { ...WHOLE_LOAD, severity: 'warning', code: 'AP1702', message, hint };
}

/** A broken file that holds back everything. */
export function describeUnplaced(path: string): Diagnostic {
  const message = 'every node group is held back: it is not known which proxies this new file is for';
  return { file: path, line: 1, column: 1, severity: 'error', code: 'AP1703', message };
}
