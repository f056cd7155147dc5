// A proxyless gRPC client: a program of its own, since the `xds:` scheme and its bootstrap belong to the process.
// It calls `xds:///svc` again and again and prints a JSON line for each answer, until SIGTERM.
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';

const METHOD = '/test.Echo/Who';
const TIMEOUT_MS = 5_000;

const identity = (bytes: Buffer): Buffer => bytes;

/** Calls once. Resolves with the answer, or with the error of the call. */
function call(client: Client): Promise<{ readonly from: string } | { readonly error: string }> {
  return new Promise(resolve => {
    const deadline = Date.now() + TIMEOUT_MS;
    client.makeUnaryRequest(METHOD, identity, identity, Buffer.alloc(0), { deadline }, (error, answer) => {
      resolve(error === null ? { from: String(answer) } : { error: error.message });
    });
  });
}

async function main(): Promise<void> {
  const ending = new AbortController();
  process.once('SIGTERM', () => ending.abort());
  register();
  const client = new Client('xds:///svc', credentials.createInsecure());
  while (!ending.signal.aborted) {
    console.log(JSON.stringify(await call(client)));
    await pause(20);
  }
  client.close();
}

await main();
