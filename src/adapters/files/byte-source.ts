/** Where the bytes of an input come from, from any place on and as often as asked: a file on disk, or what came through a pipe. */
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { fileError } from './file-error.ts';

export const chunkBytes = 1_048_576;

export interface ByteSource {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /** The first bytes, at most `count`. */
  head(count: number): Promise<Uint8Array>;
  /** From `start` to the end, in chunks of at most 1 MiB. */
  stream(start: number): Readable;
}

/** `-` is standard input. A pipe can be read only once: it is kept in memory. Throws KernelError INVALID_FILE, or what the system says. */
export async function openSource(path: string): Promise<ByteSource> {
  if (path === '-') return bytesSource('standard input', await readAll(process.stdin));
  const facts = await stat(path);
  if (facts.isDirectory()) throw fileError(path, 'is a directory');
  if (facts.isFIFO()) return bytesSource(path, await readFile(path));
  if (!facts.isFile()) throw fileError(path, 'is not a regular file or a pipe');
  return fileSource(path, facts.size);
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fileSource(path: string, size: number): ByteSource {
  return {
    path,
    size,
    async head(count) {
      const file = await open(path);
      try {
        const start = new Uint8Array(count);
        const { bytesRead } = await file.read(start, 0, count, 0);
        return start.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    stream: (start) => createReadStream(path, { start, highWaterMark: chunkBytes }),
  };
}

function bytesSource(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    head: (count) => Promise.resolve(bytes.subarray(0, count)),
    stream: (start) => Readable.from(chunksOf(bytes, start)),
  };
}

function* chunksOf(bytes: Uint8Array, start: number): Generator<Uint8Array> {
  for (let at = start; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
