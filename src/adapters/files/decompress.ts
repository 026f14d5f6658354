/** The bytes of a file as they were before compression. */
import { pipeline } from 'node:stream';
import * as zlib from 'node:zlib';

import { chunkBytes, type ByteSource } from './byte-source.ts';
import { fileError, systemError } from './file-error.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** By the magic numbers of RFC 1952 (gzip) and RFC 8878 (zstd: a frame, or a skippable frame before it). */
export async function findCompression(source: ByteSource): Promise<Compression> {
  const start = await source.read(0, 4);
  if (start.length >= 2 && start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start.length < 4) return 'none';
  const magic = new DataView(start.buffer, start.byteOffset).getUint32(0, true);
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5 ? 'zstd' : 'none';
}

/** Chunks of at most 1 MiB, each good until the next is asked for. Throws KernelError INVALID_FILE on data that is damaged or cut off. */
export async function* decompressed(
  source: ByteSource,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  try {
    switch (compression) {
      case 'none':
        yield* source.chunks();
        return;
      case 'gzip':
        yield* through(source, 0, zlib.createGunzip({ chunkSize: chunkBytes }));
        return;
      case 'zstd':
        yield* zstdFrames(source);
        return;
    }
  } catch (error) {
    throw systemError(source.path, error);
  }
}

/** Node's zstd stream stops after one frame, without a word; a file may hold many. Each gets a stream of its own. */
async function* zstdFrames(source: ByteSource): AsyncGenerator<Uint8Array> {
  const { path, size } = source;
  // A named import would not even link on a Node without it.
  if (typeof zlib.createZstdDecompress !== 'function') {
    throw fileError(path, 'is zstd, which this Node cannot decompress (22.15 and later can)');
  }
  let start = 0;
  while (start < size) {
    const frame = zlib.createZstdDecompress({ chunkSize: chunkBytes });
    yield* through(source, start, frame);
    start += frame.bytesWritten; // what the decompressor used of the file
    if (frame.bytesWritten === 0) throw fileError(path, 'is damaged (an empty compressed frame)');
  }
}

type Decompressor = zlib.Gunzip | zlib.ZstdDecompress;

async function* through(
  from: ByteSource,
  start: number,
  decompressor: Decompressor,
): AsyncGenerator<Uint8Array> {
  const source = from.stream(start);
  // The pipeline hands errors of the source on to the decompressor, where the loop meets them.
  pipeline(source, decompressor, () => {});
  try {
    yield* decompressor as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy(); // a zstd frame may end long before the file
  }
}
