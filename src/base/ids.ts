import { customRandom, urlAlphabet } from 'nanoid';
import { assert } from './assert.ts';
import type { Rng } from './rng.ts';

/**
 * An id that is unique beyond one run: `length` characters of A-Z, a-z, 0-9, _ and -, 6 bits of chance each (21: 126 bits).
 * Drawn from a stream: the same stream gives the same ids.
 */
export function uniqueId(rng: Rng, length = 21): string {
  assert(Number.isInteger(length) && length >= 1, () => `an id of ${length} characters`);
  return customRandom(urlAlphabet, length, (count) => randomBytes(rng, count))();
}

function randomBytes(rng: Rng, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let word = 0;
  for (let index = 0; index < count; index++) {
    word = index % 4 === 0 ? rng.uint32() : word >>> 8;
    bytes[index] = word & 255;
  }
  return bytes;
}
