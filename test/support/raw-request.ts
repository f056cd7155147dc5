import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Sends bytes to a port on loopback and returns all that comes back until the server closes, or is silent for `silenceMs` after it has said
 * something.
 */
export async function rawRequest(port: number, bytes: string, silenceMs = 150): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  let answer = '';
  let timer: NodeJS.Timeout | undefined;
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', chunk => {
      answer += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(end, silenceMs);
    });
    socket.on('close', end);
    socket.on('error', end);
    // A server that says nothing at all.
    timer = setTimeout(end, 10 * silenceMs);
    socket.write(bytes, 'latin1');
  });
}

/** The status codes of all answers in a text. */
export function statusesOf(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status));
}
