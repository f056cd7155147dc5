import type { PolicyExpectation } from './policy-case.ts';

/** What became of a request. */
export interface Outcome {
  readonly decision: 'allow' | 'deny';
  readonly status: number;
  /** Request headers as the upstream saw them; empty when it did not. */
  readonly upstreamHeaders: Readonly<Record<string, string>>;
}

/** In what an outcome is not as expected, in words. Pure. */
export function judgeCase(expected: PolicyExpectation, outcome: Outcome): readonly string[] {
  const problems: string[] = [];
  const decision = expected.decision === 0 ? 'allow' : 'deny';
  if (outcome.decision !== decision) {
    problems.push(`expected ${decision}, got ${outcome.decision} (${outcome.status})`);
  }
  if (expected.status !== 0 && outcome.status !== expected.status) {
    problems.push(`expected status ${expected.status}, got ${outcome.status}`);
  }
  for (const [name, value] of Object.entries(expected.upstreamHeaders)) {
    const seen = outcome.upstreamHeaders[name.toLowerCase()];
    if (seen !== value) problems.push(`expected upstream header ${name}: ${value}, got ${seen ?? 'none'}`);
  }
  for (const name of expected.absentHeaders) {
    if (outcome.upstreamHeaders[name.toLowerCase()] === undefined) continue;
    problems.push(`the upstream must not see header ${name}`);
  }
  return problems;
}
