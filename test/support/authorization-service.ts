import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Server as GrpcServer, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import { testSchema } from './schema.ts';

/** What a service says to every request. */
export type Verdict = 'allow' | 'deny' | 'error' | 'slow';

/** An external authorization service that a test plays. `asked` has the paths that it was asked about. */
export interface AuthorizationService extends AsyncDisposable {
  readonly port: number;
  readonly asked: string[];
  verdict: Verdict;
}

/** Longer than any timeout of a test. */
const SLOW_MS = 2_000;

/** Over HTTP: 200 allows; what it allows gets `x-subject: service`. */
export async function startHttpAuthorization(port = 0): Promise<AuthorizationService> {
  const server: Server = createServer();
  const service = {
    port: 0,
    asked: [] as string[],
    verdict: 'allow' as Verdict,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
  server.on('request', (request, response) => {
    service.asked.push(request.url ?? '');
    request.resume();
    const answer = (): void => {
      const code = { allow: 200, slow: 200, deny: 403, error: 500 }[service.verdict];
      response.writeHead(code, code === 200 ? { 'x-subject': 'service' } : {}).end('said the service');
    };
    if (service.verdict === 'slow') void pause(SLOW_MS, undefined, { ref: false }).then(answer);
    else answer();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  service.port = (server.address() as AddressInfo).port;
  return service;
}

function message(name: string): DescMessage {
  const desc = testSchema().registry.getMessage(`envoy.service.auth.v3.${name}`);
  if (desc === undefined) throw new Error(`the schema lacks ${name}`);
  return desc;
}

/** Over gRPC (envoy.service.auth.v3.Authorization). */
export async function startGrpcAuthorization(): Promise<AuthorizationService> {
  const [request, response] = [message('CheckRequest'), message('CheckResponse')];
  const server = new GrpcServer();
  const service = {
    port: 0,
    asked: [] as string[],
    verdict: 'allow' as Verdict,
    [Symbol.asyncDispose]() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
  const check: handleUnaryCall<unknown, Message> = (call, callback) => {
    const asked = JSON.stringify(call.request, (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    service.asked.push(/"path":"([^"]*)"/.exec(asked)?.[1] ?? '');
    const answer = (): void => {
      if (service.verdict === 'error') callback({ code: status.INTERNAL, details: 'broken' });
      // google.rpc.Code: 0 OK, 7 PERMISSION_DENIED.
      else callback(null, create(response, { status: { code: service.verdict === 'deny' ? 7 : 0 } }));
    };
    if (service.verdict === 'slow') void pause(SLOW_MS, undefined, { ref: false }).then(answer);
    else answer();
  };
  server.addService(
    {
      check: {
        path: '/envoy.service.auth.v3.Authorization/Check',
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => fromBinary(request, bytes),
        requestSerialize: () => Buffer.alloc(0),
        responseDeserialize: () => undefined,
        responseSerialize: (value: Message) => Buffer.from(toBinary(response, value)),
      },
    },
    { check },
  );
  service.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return service;
}
