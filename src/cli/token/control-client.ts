import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { AuthplaneError, ERROR_CODES, messageOf, type ErrorCode } from '../../platform/errors.ts';
import type { AdminCall } from '../../token-service/admin-calls.ts';

type Call = (call: AdminCall) => Promise<unknown>;

/** How calls reach the token service behind a socket; undefined when nobody listens there. @throws AuthplaneError DENIED without the right to use it. */
export async function callSocket(path: string): Promise<Call | undefined> {
  const outgoing = request({ socketPath: path, method: 'OPTIONS', path: '/call', agent: false });
  outgoing.end();
  try {
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'EACCES') {
      throw new AuthplaneError('DENIED', `${path} belongs to another user: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
    // Nobody is there, or who was there has been killed.
    return undefined;
  }
  return call => send(path, call);
}

async function send(path: string, call: AdminCall): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const outgoing = request({ socketPath: path, method: 'POST', path: '/call', agent: false, headers });
  outgoing.end(JSON.stringify(call));
  let response: IncomingMessage;
  try {
    [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  } catch (thrown) {
    throw new AuthplaneError('UNREACHABLE', `the token service has stopped: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const answer = JSON.parse(text) as {
    readonly result?: unknown;
    readonly code?: string;
    readonly message?: string;
  };
  if (response.statusCode === 200) return answer.result ?? undefined;
  throw new AuthplaneError(codeOf(answer.code), answer.message ?? 'the token service refuses the call');
}

function codeOf(code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INTERNAL';
}
