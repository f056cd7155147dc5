import { formatPath, type DocumentPath } from '../../resources/diagnostic.ts';

/** The last name of a path with the indexes behind it, for messages: `filter_chains[0]`. */
export function pathTail(path: DocumentPath): string {
  const last = path.findLastIndex(part => typeof part === 'string');
  return formatPath(path.slice(Math.max(0, last)));
}
