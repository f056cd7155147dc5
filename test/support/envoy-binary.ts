import { ensureEnvoy, ensureOlderEnvoy } from '../../scripts/envoy.ts';

let found: Promise<string> | undefined;

/** The Envoy that tests run; looked for, and installed when missing, once per test process. */
export function envoyBinary(): Promise<string> {
  return (found ??= ensureEnvoy());
}

/** An Envoy without filter_chain (1.38). */
export function olderEnvoyBinary(): Promise<string> {
  return ensureOlderEnvoy();
}
