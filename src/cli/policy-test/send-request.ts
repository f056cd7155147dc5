import { once } from 'node:events';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { IssuedCertificate } from '../../authority/certificate-request.ts';
import type { Outcome } from './judge-case.ts';
import { ECHO_HEADER } from './stand-ins.ts';

/** A request to a listener of the sandbox. */
export interface SandboxRequest {
  readonly port: number;
  readonly isTls: boolean;
  readonly method: string;
  /** Sent as it is. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly certificate: IssuedCertificate | undefined;
}

const TIMEOUT_MS = 10_000;

/** Sends a request over a connection of its own. A connection that Envoy refuses is a denial with status 0. */
export async function sendRequest(sandbox: SandboxRequest): Promise<Outcome> {
  const { port, isTls, method, path, headers, certificate } = sandbox;
  const options: RequestOptions = {
    host: '127.0.0.1',
    port,
    method,
    path,
    headers,
    agent: false,
    timeout: TIMEOUT_MS,
  };
  const tls = {
    // The certificate of the listener is a throw-away, too; what is tested is who may enter.
    rejectUnauthorized: false,
    servername: 'localhost',
    ...(certificate === undefined ? {} : { cert: certificate.chainPem, key: certificate.privateKeyPem }),
  };
  const outgoing = isTls ? requestHttps({ ...options, ...tls }) : requestHttp(options);
  outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
  outgoing.end();
  let response: IncomingMessage;
  let body = '';
  try {
    [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    for await (const chunk of response) body += String(chunk);
  } catch {
    return { decision: 'deny', status: 0, upstreamHeaders: {} };
  }
  const status = response.statusCode ?? 0;
  const isEcho = response.headers[ECHO_HEADER] !== undefined;
  // A route that answers by itself has no upstream.
  const decision = isEcho || (status >= 200 && status < 300) ? 'allow' : 'deny';
  return { decision, status, upstreamHeaders: isEcho && method !== 'HEAD' ? headersOf(body) : {} };
}

function headersOf(body: string): Readonly<Record<string, string>> {
  return (JSON.parse(body) as { readonly headers: Readonly<Record<string, string>> }).headers;
}
