import type { Diagnostic, DocumentPath, Position } from '../resources/diagnostic.ts';
import { compareDiagnostics, formatPath } from '../resources/diagnostic.ts';
import type { Origin } from '../resources/resource.ts';
import type { Issue } from './schema/visitor.ts';

/** Diagnostics kept of one file; more than this nobody reads, and each costs a search in the text. */
const MAX_DIAGNOSTICS = 1000;

/** Turns the issues of one file into diagnostics with lines. */
export class FileReport {
  readonly #file: string;
  readonly #positionOf: (path: DocumentPath) => Position;
  readonly #diagnostics: Diagnostic[] = [];
  #isFull = false;

  constructor(file: string, positionOf: (path: DocumentPath) => Position) {
    this.#file = file;
    this.#positionOf = positionOf;
  }

  /** True when further issues are no longer kept; the last diagnostic says so. */
  get isFull(): boolean {
    return this.#isFull;
  }

  readonly report = (issue: Issue): void => {
    if (this.#isFull) return;
    const { path, ...rest } = issue;
    this.#isFull = this.#diagnostics.length >= MAX_DIAGNOSTICS - 1;
    const message = this.#isFull
      ? `${issue.message}; the file has more problems, which are not listed`
      : issue.message;
    const place = { file: this.#file, ...this.positionOf(path), path: formatPath(path) };
    this.#diagnostics.push({ ...rest, ...place, message, severity: this.#isFull ? 'error' : issue.severity });
  };

  readonly positionOf = (path: DocumentPath): Position => this.#positionOf(path);

  /** Where an operator wrote what stands at a path. */
  originOf(path: DocumentPath): Origin {
    return { file: this.#file, ...this.positionOf(path), path };
  }

  /** In the order in which they are printed. */
  diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics.toSorted(compareDiagnostics);
  }
}
