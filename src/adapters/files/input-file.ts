/**
 * A file to read: plain, gzip or zstd, told apart by its first bytes and never by its name. It is read in chunks of
 * 1 MiB, as often as asked, so that a trace larger than memory can be walked line by line. What comes through a pipe is kept in memory.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';

import { openSource, type ByteSource } from './byte-source.ts';
import { decompressed, findCompression } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { fileError, systemError } from './file-error.ts';
import { decodedHead, decodedLines, decodedText } from './text.ts';

/** Every reading method throws KernelError INVALID_FILE when the content is damaged, cut off, empty or not UTF-8. */
export interface InputFile {
  /** As it was given. */
  readonly path: string;
  /** The last part of the path. */
  readonly name: string;
  readonly compression: Compression;
  /** Bytes as they are on disk, compressed or not. */
  readonly size: number;
  /** The first `count` of the decompressed bytes, or all of fewer. */
  headBytes(count: number): Promise<Uint8Array>;
  /** The first `headChars` characters of the text, or all of a shorter one. */
  head(): Promise<string>;
  /** The decompressed bytes. A chunk is good until the next is asked for. */
  chunks(): AsyncIterable<Uint8Array>;
  /** The lines without their ends (LF or CRLF). An end after the last line makes no further line. */
  lines(): AsyncIterable<string>;
  /** The whole text; for formats that are one document. */
  text(): Promise<string>;
  /** SHA-256 of the decompressed content, hexadecimal: the same for a file and its compressed copies. Read once, then kept. */
  sha256(): Promise<string>;
  /** SHA-256 of the bytes as they are on disk, hexadecimal: quick to have, also of a compressed file. */
  rawSha256(): Promise<string>;
  /** The bytes as they are on disk, from `start` to before `end`. */
  readRaw(start: number, end: number): Promise<Uint8Array>;
  /** Whether size and time of change are as they were when it was opened. */
  isUnchanged(): Promise<boolean>;
}

/** Upper bounds on what is held in memory at once, in UTF-16 code units. */
export interface InputLimits {
  readonly headChars: number;
  readonly lineChars: number;
  readonly textChars: number;
}
/** A longer line is no line of a trace; a longer document would not fit into one string of every engine. */
export const inputLimits: InputLimits = { headChars: 65_536, lineChars: 67_108_864, textChars: 268_435_456 };

/** Opens a file, or `-` for standard input. Throws KernelError INVALID_FILE when it is missing, not a file, empty or may not be read. */
export async function openInputFile(path: string, limits: InputLimits = inputLimits): Promise<InputFile> {
  const { source, compression } = await inspect(path);
  let digest: Promise<string> | undefined;
  const chunks = (): AsyncIterable<Uint8Array> => notEmpty(source.path, decompressed(source, compression));
  return {
    path,
    name: basename(source.path),
    compression,
    size: source.size,
    chunks,
    headBytes: (count) => headOf(chunks(), count),
    lines: () => decodedLines(source.path, chunks(), limits.lineChars),
    text: () => decodedText(source.path, chunks(), limits.textChars),
    head: () => decodedHead(source.path, chunks(), limits.headChars),
    sha256: () => (digest ??= sha256Of(chunks())),
    rawSha256: () => sha256Of(decompressed(source, 'none')),
    readRaw: (start, end) => source.read(start, end),
    isUnchanged: () => source.isUnchanged(),
  };
}

async function inspect(path: string): Promise<{ source: ByteSource; compression: Compression }> {
  try {
    const source = await openSource(path);
    if (source.size === 0) throw fileError(source.path, 'is empty');
    return { source, compression: await findCompression(source) };
  } catch (error) {
    throw systemError(path, error);
  }
}

/** A compressed file can be empty inside. */
async function* notEmpty(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    isEmpty = false;
    yield chunk;
  }
  if (isEmpty) throw fileError(path, 'is empty');
}

async function headOf(chunks: AsyncIterable<Uint8Array>, count: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let missing = count;
  for await (const chunk of chunks) {
    parts.push(new Uint8Array(chunk.subarray(0, missing))); // a copy: the next chunk overwrites this one
    missing -= Math.min(missing, chunk.length);
    if (missing === 0) break;
  }
  return Buffer.concat(parts);
}

async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
