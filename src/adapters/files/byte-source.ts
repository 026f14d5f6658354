/** Where the bytes of an input come from, from any place on and as often as asked: a file on disk, or what came through a pipe. */
import { createReadStream, type Stats } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { fileError } from './file-error.ts';

export const chunkBytes = 1_048_576;

export interface ByteSource {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /** The bytes from `start` to before `end`, fewer where the file ends. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Whether size and time of change are as they were when it was opened. */
  isUnchanged(): Promise<boolean>;
  /** From `start` to the end, in chunks of at most 1 MiB. */
  stream(start: number): Readable;
  /** All of it, in chunks of at most 1 MiB, each of which is overwritten once the next is asked for: several times as fast as a stream. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** `-` is standard input. A pipe can be read only once: it is kept in memory. Throws KernelError INVALID_FILE, or what the system says. */
export async function openSource(path: string): Promise<ByteSource> {
  if (path === '-') return bytesSource('standard input', await readAll(process.stdin));
  const facts = await stat(path);
  if (facts.isDirectory()) throw fileError(path, 'is a directory');
  if (facts.isFIFO()) return bytesSource(path, await readFile(path));
  if (!facts.isFile()) throw fileError(path, 'is not a regular file or a pipe');
  return fileSource(path, facts);
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fileSource(path: string, { size, mtimeMs }: Stats): ByteSource {
  return {
    path,
    size,
    async read(start, end) {
      const file = await open(path);
      try {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await file.close();
      }
    },
    async isUnchanged() {
      const now = await stat(path);
      return now.size === size && now.mtimeMs === mtimeMs;
    },
    stream: (start) => createReadStream(path, { start, highWaterMark: chunkBytes }),
    chunks: () => chunksOfFile(path),
  };
}

/** Two buffers take turns: while one is looked at, the other is filled. */
async function* chunksOfFile(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  let reading: Promise<{ bytesRead: number; buffer: Uint8Array }> | undefined;
  try {
    let spare: Uint8Array = new Uint8Array(chunkBytes);
    reading = file.read(new Uint8Array(chunkBytes), 0, chunkBytes, null);
    for (;;) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      reading = file.read(spare, 0, chunkBytes, null);
      reading.catch(() => {}); // it is awaited later, or never
      yield buffer.subarray(0, bytesRead);
      spare = buffer;
    }
  } finally {
    await reading?.catch(() => {});
    await file.close();
  }
}

function bytesSource(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
    isUnchanged: () => Promise.resolve(true),
    stream: (start) => Readable.from(chunksOf(bytes, start)),
    chunks: () => Readable.from(chunksOf(bytes, 0)),
  };
}

function* chunksOf(bytes: Uint8Array, start: number): Generator<Uint8Array> {
  for (let at = start; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
