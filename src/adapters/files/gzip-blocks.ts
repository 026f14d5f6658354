/** A gzip file (RFC 1952) made block by block, at once: for what a synchronous run writes while it goes on. */
import * as zlib from 'node:zlib';

import { invalid } from '../../kernel/errors.ts';

/** Throws KernelError INVALID_ARGUMENT where this Node lacks what it takes. */
export function checkGzipBlocks(field: string, path: string): void {
  // A named import would not even link on a Node without it.
  if (typeof zlib.crc32 !== 'function')
    throw invalid(field, path, 'a name without .gz (this Node cannot compress so; 20.15 and later can)');
}

/** One member and no more: some readers stop behind the first. */
export class GzipBlocks {
  private crc = 0;
  private length = 0;

  /** The pieces of a file are `head`, what `block` returns for each block in order, and `tail`. */
  head(): Uint8Array {
    // Deflate; no name, no time: the same bytes in every run. 255: made on an unknown system.
    return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
  }

  block(bytes: Uint8Array): Uint8Array {
    this.crc = zlib.crc32(bytes, this.crc);
    this.length = (this.length + bytes.length) % 2 ** 32;
    // Ends at a byte and is not the last block of the stream.
    return zlib.deflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  }

  tail(): Uint8Array {
    const sums = new DataView(new ArrayBuffer(8));
    sums.setUint32(0, this.crc, true);
    sums.setUint32(4, this.length, true);
    return Buffer.concat([zlib.deflateRawSync(new Uint8Array(0)), new Uint8Array(sums.buffer)]);
  }
}
