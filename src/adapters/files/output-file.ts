/** A file written in pieces, compressed when its name ends in .gz or .zst. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';

import { invalid } from '../../kernel/errors.ts';

export interface OutputOptions {
  /** What the file is called in messages, such as `--out`. */
  readonly field: string;
  /** Whether a file that exists may be replaced. */
  readonly force: boolean;
}

/** Returns how many bytes are on disk. What was begun and failed is deleted. Throws KernelError INVALID_ARGUMENT. */
export async function writeOutputFile(
  path: string,
  pieces: Iterable<Uint8Array>,
  { field, force }: OutputOptions,
): Promise<number> {
  const compressor = compressorFor(path, field);
  const file = createWriteStream(path, { flags: force ? 'w' : 'wx' });
  let isOpen = false;
  file.once('open', () => (isOpen = true));
  try {
    const source = Readable.from(pieces, { objectMode: true, highWaterMark: 1 });
    await (compressor === undefined ? pipeline(source, file) : pipeline(source, compressor, file));
    return file.bytesWritten;
  } catch (error) {
    if (isOpen) await rm(path, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw existsAlready(field, path);
    if (code !== undefined) throw invalid(field, path, `a file that can be written (${message})`);
    throw error;
  }
}

export function existsAlready(field: string, path: string): Error {
  return invalid(field, path, 'a file that does not exist yet, or --force');
}

function compressorFor(path: string, field: string): zlib.Gzip | zlib.ZstdCompress | undefined {
  if (path.endsWith('.gz')) return zlib.createGzip();
  if (!path.endsWith('.zst')) return undefined;
  // A named import would not even link on a Node without it.
  if (typeof zlib.createZstdCompress === 'function') return zlib.createZstdCompress();
  throw invalid(field, path, 'a name without .zst (this Node cannot compress so; 22.15 and later can)');
}
