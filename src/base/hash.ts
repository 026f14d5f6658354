/**
 * Fast hashes that are not cryptographic: for hash maps, argument hashes and the seeding of streams, where nobody
 * gains from a collision. Where somebody could, use sha256.ts. All arithmetic is on 32-bit integers: the same in
 * every engine. Strings are hashed as their UTF-16 code units, so that lone surrogates need no special case.
 *
 * Source: Austin Appleby, MurmurHash3 (public domain, 2011): the x86_32 body and the 32-bit finaliser.
 */

const LANE_1 = 0xcc9e2d51;
const LANE_2 = 0x1b873593;

/** MurmurHash3 x86_32 of the text's UTF-16LE bytes: an unsigned 32-bit integer. `seed` counts modulo 2^32. */
export function hash32(text: string, seed = 0): number {
  let hash = seed | 0;
  const pairedLength = text.length & ~1;
  for (let index = 0; index < pairedLength; index += 2) {
    hash ^= scramble(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (pairedLength < text.length) hash ^= scramble(text.charCodeAt(pairedLength));
  return mix32(hash ^ (text.length << 1));
}

/**
 * A 53-bit hash of a text, an integer in [0, 2^53). Two 32-bit lanes with different multipliers see every code unit;
 * each is finished with a share of the other.
 */
export function hash53(text: string, seed = 0): number {
  let high = 0x9e3779b9 ^ seed;
  let low = 0x85ebca6b ^ Math.imul(seed, 0xc2b2ae35);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x85ebca77);
    high ^= high >>> 15;
    low = Math.imul(low ^ unit, 0x27d4eb2f);
    low ^= low >>> 13;
  }
  return join53(mix32(high ^ mix32(low)), mix32(low + high));
}

/** A 53-bit hash of a sequence of safe integers; order counts. */
export function hashIntegers(values: Iterable<number>, seed = 0): number {
  let hash = combineHash(seed, 0);
  for (const value of values) hash = combineHash(hash, value);
  return hash;
}

/** Combines two hashes (or any safe integers) into one 53-bit hash. Not commutative: (a, b) and (b, a) differ. */
export function combineHash(a: number, b: number): number {
  const aHigh = Math.floor(a / 0x100000000) | 0;
  const bHigh = Math.floor(b / 0x100000000) | 0;
  const first = mix32((a | 0) ^ Math.imul(aHigh, LANE_1) ^ 0x9e3779b9);
  const second = mix32((b | 0) + Math.imul(bHigh, LANE_2) + first);
  const third = mix32(second ^ Math.imul(aHigh + 0x7f4a7c15, LANE_2) ^ Math.imul(a | 0, LANE_1));
  const fourth = mix32(third + Math.imul(bHigh ^ 0x165667b1, LANE_1) + Math.imul(b | 0, 0x27d4eb2f));
  return join53(fourth, second ^ third);
}

/** MurmurHash3's 32-bit finaliser: a bijection of the 32-bit integers in which every input bit moves every output bit. */
export function mix32(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const product = Math.imul(block, LANE_1);
  return Math.imul((product << 15) | (product >>> 17), LANE_2);
}

/** 21 bits of `high` above the 32 bits of `low`. */
function join53(high: number, low: number): number {
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
}
