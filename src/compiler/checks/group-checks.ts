import type { GroupCheck } from '../resource-group.ts';
import { checkAddresses } from './addresses.ts';
import { checkConfigSources } from './config-sources.ts';
import { checkDuplicates } from './duplicates.ts';
import { checkExtensionTypes } from './extension-types.ts';
import { checkFilterNames } from './filter-names.ts';
import { checkHostHeaders } from './host-headers.ts';
import { checkJointTrust } from './joint-trust.ts';
import { checkPinnedVersions } from './pinned-versions.ts';
import { checkReferences } from './references.ts';
import { checkUnused } from './unused.ts';

/** Conflicts between resources that are there, whatever else may be missing. */
export const conflictChecks: readonly GroupCheck[] = [
  checkDuplicates,
  checkPinnedVersions,
  checkAddresses,
  checkConfigSources,
  checkExtensionTypes,
  checkHostHeaders,
  checkJointTrust,
];

/** Names that lead nowhere: only meaningful when every resource of the group could be read. */
export const completenessChecks: readonly GroupCheck[] = [checkReferences, checkUnused, checkFilterNames];
