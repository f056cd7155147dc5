/** A kind of mutation that Envoy refuses and authplane does not, with the reason. Anything else is a defect. */
export interface Exception {
  /** Against `describeMutation` without the operator. */
  readonly path: RegExp;
  /** Against what Envoy says. */
  readonly verdict: RegExp;
  readonly why: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    path: /lua.*|default_source_code\.inline_string/,
    verdict: /script load error/,
    why: 'Lua source: only a Lua compiler can tell; `authplane validate --envoy` does.',
  },
];
