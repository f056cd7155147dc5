/** What docs/errors.md says about one code. */
export interface DiagnosticCodeEntry {
  /** One line: what is wrong. */
  readonly title: string;
  /** Why authplane refuses it or warns. */
  readonly reason: string;
  /** What to do. */
  readonly hint: string;
}
