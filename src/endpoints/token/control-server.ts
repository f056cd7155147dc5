import { rm } from 'node:fs/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { AuthplaneError, messageOf } from '../../platform/errors.ts';
import type { TokenAdmin } from '../../token-service/token-admin.ts';
import { callAdmin, isAdminCall } from '../../token-service/admin-calls.ts';

const MAX_BODY_BYTES = 256 * 1024;
/** Of the kernel, for the path of a Unix socket, with the zero at its end. */
const MAX_SOCKET_PATH = 107;

/**
 * What operators do with a running token service, on a Unix socket in its state directory: who may use that directory may do it. The embedded
 * database belongs to one process, so commands ask that one.
 */
export class ControlServer {
  readonly #server: FastifyInstance;
  readonly #path: string;

  /** @param path in a directory that nobody else may enter. */
  constructor(admin: TokenAdmin, path: string) {
    this.#path = path;
    this.#server = fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
    this.#server.post('/call', async (request, reply) => {
      const { body } = request;
      if (!isAdminCall(body))
        return reply.code(400).send({ code: 'USAGE', message: 'no call of the token service' });
      try {
        return { result: (await callAdmin(admin, body)) ?? null };
      } catch (thrown) {
        const code = thrown instanceof AuthplaneError ? thrown.code : 'INTERNAL';
        return reply.code(422).send({ code, message: messageOf(thrown) });
      }
    });
  }

  /** @throws AuthplaneError LISTEN_FAILED */
  async start(): Promise<void> {
    try {
      if (Buffer.byteLength(this.#path) > MAX_SOCKET_PATH)
        throw new Error('the path is too long for a socket');
      // Of a process that was killed: the directory is locked, so nobody listens there.
      await rm(this.#path, { force: true });
      await this.#server.listen({ path: this.#path });
    } catch (thrown) {
      throw new AuthplaneError('LISTEN_FAILED', `control socket ${this.#path}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }
}
