import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What is sent and for how long. */
export interface StormOptions {
  readonly port: number;
  /** One HTTP/1.1 request, whole. */
  readonly request: string;
  /** Each with one request under way. */
  readonly connections: number;
  readonly durationMs: number;
}

/**
 * Requests per second that a server on loopback answers, over kept connections. Answers are counted by their length, which must be the
 * same for all: reading them costs the client nearly nothing.
 * @throws an Error when the first answer is not 200, or the answers are not all of one length.
 */
export async function requestsPerSecond(options: StormOptions): Promise<number> {
  const length = await answerLength(options);
  const sockets = await Promise.all(Array.from({ length: options.connections }, () => open(options.port)));
  const request = Buffer.from(options.request);
  let bytes = 0;
  for (const socket of sockets) {
    let open = 0;
    socket.on('data', chunk => {
      bytes += chunk.length;
      open += chunk.length;
      if (open < length) return;
      open -= length;
      socket.write(request);
    });
    socket.write(request);
  }
  const startedMs = performance.now();
  const before = bytes;
  await new Promise(resolve => setTimeout(resolve, options.durationMs));
  const seconds = (performance.now() - startedMs) / 1000;
  const answered = bytes - before;
  for (const socket of sockets) socket.destroy();
  return answered / length / seconds;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function answerLength({ port, request }: StormOptions): Promise<number> {
  const socket = await open(port);
  try {
    socket.write(request);
    const first = await answer(socket);
    socket.write(request);
    const second = await answer(socket);
    if (!first.startsWith('HTTP/1.1 200')) throw new Error(`not answered with 200: ${first.slice(0, 200)}`);
    if (first.length !== second.length) throw new Error('answers differ in length');
    return first.length;
  } finally {
    socket.destroy();
  }
}

/** An answer that fits one packet, as a direct response does. */
async function answer(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString('latin1');
}
