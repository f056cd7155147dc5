import { createHash } from 'node:crypto';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { fileSignature } from './file-stat.ts';

/** The bytes of a file with what they were read under. */
export interface FileContent {
  readonly kind: 'content';
  readonly bytes: Buffer;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  /** Signature of the file that was open, the same before and after reading. */
  readonly signature: string;
}

/**
 * `changing`: someone wrote to it meanwhile, or it is gone: try again. `failed`: the system refused; `thrown` is its
 * error.
 */
export type FileReading =
  | FileContent
  | { readonly kind: 'changing' | 'not-a-file' | 'too-large' }
  | { readonly kind: 'failed'; readonly thrown: unknown };

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a regular file, in chunks so that a large one does not hold up the event loop. A FIFO or device that took its
 * place does not block (O_NONBLOCK), and never more than `maxBytes` are read.
 */
export async function readStableFile(path: string, maxBytes: number): Promise<FileReading> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    return { kind: 'failed', thrown };
  }
  try {
    return await readHandle(handle, maxBytes);
  } catch (thrown) {
    return { kind: 'failed', thrown };
  } finally {
    await handle.close();
  }
}

async function readHandle(handle: FileHandle, maxBytes: number): Promise<FileReading> {
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) return { kind: 'not-a-file' };
  if (before.size > maxBytes) return { kind: 'too-large' };
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    // One byte more than expected: a file that grew while it was read is read on, and then found to have changed.
    const wanted = Math.min(CHUNK_BYTES, Math.max(Number(before.size) + 1 - total, 4096));
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, total);
    if (bytesRead === 0) break;
    total += bytesRead;
    if (total > maxBytes) return { kind: 'too-large' };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    chunks.push(chunk);
  }
  const signature = fileSignature(before);
  if (fileSignature(await handle.stat({ bigint: true })) !== signature) return { kind: 'changing' };
  const [first] = chunks;
  const bytes = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, total);
  return { kind: 'content', bytes, hash: hash.digest('hex'), signature };
}
