import { readFile } from 'node:fs/promises';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { messageOf } from '../platform/errors.ts';
import type { JwksSource } from './jwks-source.ts';

/** An answer, or why there is none. `reason` never has anything of the body. */
export type FetchResult =
  | { readonly kind: 'body'; readonly text: string; readonly etag: string | undefined }
  | { readonly kind: 'not-modified' }
  | { readonly kind: 'failed'; readonly reason: string };

/** From the start of the connection to the last byte. */
export const FETCH_TIMEOUT_MS = 5_000;

/** A larger answer is cut off. */
export const MAX_JWKS_BYTES = 1024 * 1024;

/**
 * Fetches a key set. The server is verified against the system's CAs or those of the source; redirects are not followed: keys come from the
 * place that the operator named and from no other.
 */
export async function fetchJwks(
  source: JwksSource,
  etag: string | undefined,
  timeoutMs: number = FETCH_TIMEOUT_MS,
): Promise<FetchResult> {
  try {
    const ca = source.trustedCaPath === undefined ? undefined : await readFile(source.trustedCaPath);
    return await get(new URL(source.url), ca, etag, timeoutMs);
  } catch (thrown) {
    return { kind: 'failed', reason: messageOf(thrown) };
  }
}

function get(
  url: URL,
  ca: Buffer | undefined,
  etag: string | undefined,
  timeoutMs: number,
): Promise<FetchResult> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions & { readonly ca?: Buffer } = {
      method: 'GET',
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/json', ...(etag === undefined ? {} : { 'if-none-match': etag }) },
      ...(ca === undefined ? {} : { ca }),
    };
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options);
    const fail = (thrown: Error): void => {
      reject(thrown.name === 'AbortError' ? new Error(`no answer within ${timeoutMs} ms`) : thrown);
    };
    request.on('error', fail);
    request.on('response', response => {
      response.on('error', fail);
      read(response).then(resolve, reject);
    });
    request.end();
  });
}

async function read(response: IncomingMessage): Promise<FetchResult> {
  const { statusCode = 0, headers } = response;
  if (statusCode === 304) {
    response.resume();
    return { kind: 'not-modified' };
  }
  if (statusCode !== 200) {
    response.destroy();
    return { kind: 'failed', reason: `the server answers with status ${statusCode}` };
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_JWKS_BYTES) {
      response.destroy();
      return { kind: 'failed', reason: `the answer is larger than ${MAX_JWKS_BYTES} bytes` };
    }
    chunks.push(chunk);
  }
  return { kind: 'body', text: Buffer.concat(chunks).toString('utf8'), etag: headers.etag };
}
