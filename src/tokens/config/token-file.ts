import type { FileReport } from '../../compiler/file-report.ts';
import type { TokenFileSpec } from './token-file-spec.ts';

/** The file of the token service, decoded. */
export interface TokenFile {
  readonly spec: TokenFileSpec;
  readonly report: FileReport;
  /** The absolute path of a file that it names. */
  readonly resolve: (path: string) => string;
}
