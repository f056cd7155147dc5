import type { Diagnostic } from '../../resources/diagnostic.ts';
import { describeOrigin, diagnosticAt, type GroupCheck } from '../resource-group.ts';

/** AP1402: files of a group that set different versions. */
export const checkPinnedVersions: GroupCheck = group => {
  const pinned = group.files.flatMap(file => (file.pinnedVersion === undefined ? [] : [file.pinnedVersion]));
  const [first] = pinned;
  if (first === undefined) return [];
  return pinned
    .filter(version => version.value !== first.value)
    .map((version): Diagnostic => {
      const message = `version "${version.value}" differs from "${first.value}" at ${describeOrigin(first.origin)}`;
      return diagnosticAt(version.origin, undefined, { code: 'AP1402', message });
    });
};
