import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port on the loopback address that leads to one of several others, as a load balancer does. Disposing closes it. */
export class SwitchablePort implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #target: { port: number };

  private constructor(server: Server, port: number, target: { port: number }, sockets: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    this.#sockets = sockets;
  }

  static async open(targetPort: number): Promise<SwitchablePort> {
    const target = { port: targetPort };
    const sockets = new Set<Socket>();
    const server = createServer(client => {
      const upstream = connect(target.port, '127.0.0.1');
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new SwitchablePort(server, address.port, target, sockets);
  }

  /** New connections go there; those that are open are cut. */
  switchTo(port: number): void {
    this.#target.port = port;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.switchTo(this.#target.port);
    await once(this.#server, 'close');
  }
}
