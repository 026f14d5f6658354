/** The bytes of a file as they were before compression. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import * as zlib from 'node:zlib';

import { fileError, systemError } from './file-error.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

const chunkBytes = 1_048_576;

/** By the magic numbers of RFC 1952 (gzip) and RFC 8878 (zstd: a frame, or a skippable frame before it). */
export async function findCompression(path: string): Promise<Compression> {
  const file = await open(path);
  try {
    const start = new Uint8Array(4);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    if (bytesRead >= 2 && start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
    if (bytesRead < 4) return 'none';
    const magic = new DataView(start.buffer).getUint32(0, true);
    return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5 ? 'zstd' : 'none';
  } finally {
    await file.close();
  }
}

/** Chunks of at most 1 MiB. Throws KernelError INVALID_FILE on data that is damaged or cut off. */
export async function* decompressed(path: string, compression: Compression): AsyncGenerator<Uint8Array> {
  try {
    switch (compression) {
      case 'none':
        yield* createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Uint8Array>;
        return;
      case 'gzip':
        yield* through(path, 0, zlib.createGunzip({ chunkSize: chunkBytes }));
        return;
      case 'zstd':
        yield* zstdFrames(path);
        return;
    }
  } catch (error) {
    throw systemError(path, error);
  }
}

/** Node's zstd stream stops after one frame, without a word; a file may hold many. Each gets a stream of its own. */
async function* zstdFrames(path: string): AsyncGenerator<Uint8Array> {
  // A named import would not even link on a Node without it.
  if (typeof zlib.createZstdDecompress !== 'function') {
    throw fileError(path, 'is zstd, which this Node cannot decompress (22.15 and later can)');
  }
  const { size } = await stat(path);
  let start = 0;
  while (start < size) {
    const frame = zlib.createZstdDecompress({ chunkSize: chunkBytes });
    yield* through(path, start, frame);
    start += frame.bytesWritten; // what the decompressor used of the file
    if (frame.bytesWritten === 0) throw fileError(path, 'is damaged (an empty compressed frame)');
  }
}

type Decompressor = zlib.Gunzip | zlib.ZstdDecompress;

async function* through(path: string, start: number, decompressor: Decompressor): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { start, highWaterMark: chunkBytes });
  // The pipeline hands errors of the source on to the decompressor, where the loop meets them.
  pipeline(source, decompressor, () => {});
  try {
    yield* decompressor as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy(); // a zstd frame may end long before the file
  }
}
