/**
 * A trace as it lies in memory: opened without parsing. The cache keeps its entries in this form, and `trace convert` writes it.
 *
 * Layout, little-endian, 32 bytes of header: the mark (8 bytes); version (uint32); which columns (uint32: 1 sizes, 2 times); references (uint32);
 * unique pages (uint32); checksum of all columns (2 × uint32). Then the columns: times (float64 each, µs), ids (int32), sizes (uint32).
 */
import { mix32 } from '../../base/hash.ts';
import { fileError } from '../workloads/fields.ts';
import { unshared } from './reference-columns.ts';
import type { Allocate, ReadingOptions } from './reference-columns.ts';
import type { ReferenceTrace } from './reference-trace.ts';

/** As with PNG: a byte that is no text, the name, and line ends of every kind, which a transfer as text would change. */
const mark = [0x89, 0x52, 0x5a, 0x54, 0x0d, 0x0a, 0x1a, 0x0a];
const version = 1;
const headerBytes = 32;
const WITH_SIZES = 1;
const WITH_TIMES = 2;

export function isBinaryTrace(head: Uint8Array): boolean {
  return mark.every((byte, index) => head[index] === byte);
}

/** Name and format are not in it. The parts are views of the trace's own memory. */
export function binaryTraceParts({ ids, unique, sizes, timesUs }: ReferenceTrace): Uint8Array[] {
  const columns = [timesUs, ids, sizes].filter((column) => column !== undefined);
  const parts = columns.map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  const header = new Uint8Array(headerBytes);
  header.set(mark);
  const view = new DataView(header.buffer);
  const flags = (sizes === undefined ? 0 : WITH_SIZES) | (timesUs === undefined ? 0 : WITH_TIMES);
  [version, flags, ids.length, unique].forEach((word, index) => view.setUint32(8 + 4 * index, word, true));
  const sum = new Checksum(ids.length, unique);
  for (const { buffer, byteOffset, byteLength } of columns)
    sum.add(new Int32Array(buffer, byteOffset, byteLength / 4));
  view.setUint32(24, sum.first(), true);
  view.setUint32(28, sum.second(), true);
  return [header, ...parts];
}

/** Throws KernelError INVALID_FILE unless the bytes are exactly what was written: length, checksum and the promises of a trace are checked. */
export async function readBinaryTrace(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  { allocate = unshared }: ReadingOptions = {},
): Promise<ReferenceTrace> {
  const damaged = (problem: string): Error =>
    fileError({ file, at: '' }, `${problem} (read as binary); allowed: a file made with trace convert`);
  const header = new Uint8Array(headerBytes);
  let headerFilled = 0;
  let parts: Parts | undefined;
  let body: Uint8Array = new Uint8Array(0);
  let filled = 0;
  for await (const chunk of chunks) {
    const taken = Math.min(headerBytes - headerFilled, chunk.length);
    header.set(chunk.subarray(0, taken), headerFilled);
    headerFilled += taken;
    if (headerFilled < headerBytes) continue;
    if (parts === undefined) {
      parts = partsOf(header, damaged);
      body = allocated(parts.bytes, allocate, damaged);
    }
    const rest = chunk.subarray(taken);
    if (filled + rest.length > body.length)
      throw damaged(`goes on behind its ${headerBytes + body.length} bytes`);
    body.set(rest, filled);
    filled += rest.length;
  }
  if (parts === undefined || filled < body.length) {
    const wanted = headerBytes + body.length;
    throw damaged(
      `cut off after ${headerFilled + filled} of ${parts === undefined ? 'at least ' : ''}${wanted} bytes`,
    );
  }
  return traceOf(file, parts, body.buffer, damaged);
}

/** A header that is damaged may ask for anything. */
function allocated(bytes: number, allocate: Allocate, damaged: (problem: string) => Error): Uint8Array {
  try {
    return new Uint8Array(allocate(bytes));
  } catch (error) {
    if (error instanceof RangeError) throw damaged(`${bytes} bytes of columns, more than memory holds`);
    throw error;
  }
}

interface Parts {
  readonly references: number;
  readonly unique: number;
  readonly hasSizes: boolean;
  readonly hasTimes: boolean;
  readonly first: number;
  readonly second: number;
  /** Of all columns. */
  readonly bytes: number;
}

function partsOf(header: Uint8Array, damaged: (problem: string) => Error): Parts {
  const view = new DataView(header.buffer);
  const word = (index: number): number => view.getUint32(8 + 4 * index, true);
  if (!isBinaryTrace(header)) throw damaged('not a binary trace');
  if (word(0) !== version) throw damaged(`version ${word(0)}, not ${version}`);
  const flags = word(1);
  const references = word(2);
  if (flags > 3 || references === 0 || references > 0x7fffffff) throw damaged('a damaged header');
  const hasSizes = (flags & WITH_SIZES) !== 0;
  const hasTimes = (flags & WITH_TIMES) !== 0;
  const bytes = references * (4 + (hasSizes ? 4 : 0) + (hasTimes ? 8 : 0));
  return { references, unique: word(3), hasSizes, hasTimes, first: word(4), second: word(5), bytes };
}

function traceOf(
  file: string,
  parts: Parts,
  buffer: ArrayBufferLike,
  damaged: (problem: string) => Error,
): ReferenceTrace {
  const { references, unique, hasSizes, hasTimes } = parts;
  const sum = new Checksum(references, unique);
  sum.add(new Int32Array(buffer));
  if (sum.first() !== parts.first || sum.second() !== parts.second) throw damaged('the checksum is wrong');
  const idsAt = hasTimes ? 8 * references : 0;
  const ids = new Int32Array(buffer, idsAt, references);
  const sizes = hasSizes ? new Uint32Array(buffer, idsAt + 4 * references, references) : undefined;
  const timesUs = hasTimes ? new Float64Array(buffer, 0, references) : undefined;
  const problem = brokenPromise({ ids, unique, sizes, timesUs });
  if (problem !== undefined) throw damaged(problem);
  return {
    name: file,
    format: 'binary',
    ids,
    unique,
    ...(sizes === undefined ? {} : { sizes }),
    ...(timesUs === undefined ? {} : { timesUs }),
  };
}

/** What replays rely on without looking. A right checksum only says that the writer meant it. */
function brokenPromise({
  ids,
  unique,
  sizes,
  timesUs,
}: {
  ids: Int32Array;
  unique: number;
  sizes: Uint32Array | undefined;
  timesUs: Float64Array | undefined;
}): string | undefined {
  let seen = 0;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index]!;
    if (id === seen + 1) seen++;
    else if (id < 1 || id > seen)
      return `reference ${index + 1}: id ${id} is out of order of first appearance`;
  }
  if (seen !== unique) return `${seen} unique pages, not ${unique}`;
  if (sizes?.includes(0)) return 'a reference of size 0';
  if (timesUs === undefined) return undefined;
  let before = 0;
  for (let index = 0; index < timesUs.length; index++) {
    const timeUs = timesUs[index]!;
    if (!(timeUs >= before) || !Number.isSafeInteger(timeUs))
      return `reference ${index + 1}: time ${timeUs} µs`;
    before = timeUs;
  }
  return timesUs[0] === 0 ? undefined : `the first time is ${timesUs[0]} µs`;
}

/** Two 32-bit sums over words, each of which every word and its place moves. Against damage, not against malice. */
class Checksum {
  private a: number;
  private b: number;

  constructor(references: number, unique: number) {
    this.a = mix32(references);
    this.b = mix32(unique ^ 0x9e3779b9);
  }

  add(words: Int32Array): void {
    let { a, b } = this;
    for (let index = 0; index < words.length; index++) {
      a = Math.imul(a ^ words[index]!, 0x85ebca6b);
      b = (b + (a ^ (a >>> 15))) | 0;
    }
    this.a = a;
    this.b = b;
  }

  first(): number {
    return mix32(this.a);
  }

  second(): number {
    return mix32(this.b ^ this.a);
  }
}
