import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { demoPaths, demoToken } from './demo-keys.ts';
import { httpsRequest, type HttpsAnswer, type HttpsRequest } from './https-request.ts';

const PATH = '/orders/7';

/**
 * Makes one request that is allowed and two that are denied, and prints each as a line for the shell, with its answer.
 * An answer that the example as committed would not give is pointed out: the file may have been edited.
 */
export async function showRequests(snapshots: string, port: number): Promise<void> {
  const token = await demoToken(snapshots, { sub: 'alice', roles: ['reader'] });
  const caPath = demoPaths(snapshots).ca;
  const ca = await readFile(caPath, 'utf8');
  const curl = `curl --cacert ${shellWord(relative(process.cwd(), caPath))}`;
  const url = `https://localhost:${port}${PATH}`;
  const bearer = `-H "authorization: Bearer $TOKEN"`;
  const withToken = { port, path: PATH, ca, token };
  const cases: readonly {
    readonly says: string;
    readonly command: string;
    readonly request: HttpsRequest;
    readonly expected: number;
  }[] = [
    {
      says: 'allowed: a reader reads',
      command: `${curl} ${bearer} ${url}`,
      request: withToken,
      expected: 200,
    },
    {
      says: 'denied: no token',
      command: `${curl} ${url}`,
      request: { port, path: PATH, ca },
      expected: 401,
    },
    {
      says: 'denied: a reader deletes',
      command: `${curl} ${bearer} -X DELETE ${url}`,
      request: { ...withToken, method: 'DELETE' },
      expected: 403,
    },
  ];
  console.log(`\nPaste this line into another terminal, then any of the others:\nTOKEN=${token}`);
  for (const { says, command, request, expected } of cases) {
    const { status, body } = await answerOf(request, expected);
    console.log(`\n# ${says}\n${command}\n${status} ${body.trim()}`);
    if (status !== expected) console.log(`(the example as it comes answers ${expected}: was it edited?)`);
  }
  const file = relative(process.cwd(), join(snapshots, 'edge.yaml'));
  console.log(`
Now edit ${file}: uncomment the policy \`orders\`, save, and delete again. Misspell something and see it refused.
Ctrl-C ends everything.
`);
}

/**
 * The answer with the status that is expected, or the last one after 10 s: a listener is up before its filters have
 * arrived, and until then their default denies everything.
 */
async function answerOf(request: HttpsRequest, expected: number): Promise<HttpsAnswer> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await httpsRequest(request);
    if (answer.status === expected || performance.now() > deadline) return answer;
    await pause(50);
  }
}

/** Quoted for a POSIX shell where that is needed. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
