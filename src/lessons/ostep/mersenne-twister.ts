/**
 * The generator behind `-s SEED` of the OSTEP homework programs, so that a seed gives the same problem here as there. Nothing else
 * in this project draws from it: chance comes from base/rng.ts.
 *
 * Source: M. Matsumoto, T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random number generator", 1998 (MT19937),
 * filled by its authors' initialisation by array with the one-word key [seed]. Doubles and choices are made of its words as Python makes them.
 */
import { assert } from '../../base/assert.ts';

/** What a homework program draws. */
export interface RandomSource {
  /** A double in [0, 1). */
  uniform(): number;
  /** An integer in [0, count): the choice of one of `count` things. */
  below(count: number): number;
}

/** Seeds are one word. */
export const largestSeed = 0xffff_ffff;

const WORDS = 624;
const MIDDLE = 397;

export class MersenneTwister implements RandomSource {
  private readonly words = new Uint32Array(WORDS);
  private at = WORDS;

  /** `seed`: an integer from 0 to `largestSeed`. */
  constructor(seed: number) {
    assert(Number.isInteger(seed) && seed >= 0 && seed <= largestSeed, () => `seed ${seed}: not one word`);
    fill(this.words, seed);
  }

  /** 53 bits of two words. */
  uniform(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** The top bits of a word, as many as `count` has, drawn again while they are no number below it: also when there is one thing to choose. */
  below(count: number): number {
    assert(Number.isInteger(count) && count >= 1 && count <= largestSeed, () => `a choice among ${count}`);
    const shift = Math.clz32(count);
    for (;;) {
      const drawn = this.next() >>> shift;
      if (drawn < count) return drawn;
    }
  }

  private next(): number {
    if (this.at === WORDS) {
      twist(this.words);
      this.at = 0;
    }
    let word = this.words[this.at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }
}

function fill(words: Uint32Array, key: number): void {
  words[0] = 19_650_218;
  for (let at = 1; at < WORDS; at++) words[at] = Math.imul(1_812_433_253, mixed(words[at - 1]!)) + at;
  // With a key of one word both of the authors' rounds begin at word 1 and add no index of the key.
  let at = 1;
  const advance = (): void => {
    if (++at < WORDS) return;
    words[0] = words[WORDS - 1]!;
    at = 1;
  };
  for (let left = WORDS; left > 0; left--) {
    words[at] = (words[at]! ^ Math.imul(1_664_525, mixed(words[at - 1]!))) + key;
    advance();
  }
  for (let left = WORDS - 1; left > 0; left--) {
    words[at] = (words[at]! ^ Math.imul(1_566_083_941, mixed(words[at - 1]!))) - at;
    advance();
  }
  words[0] = 0x8000_0000;
}

function mixed(word: number): number {
  return word ^ (word >>> 30);
}

function twist(words: Uint32Array): void {
  for (let at = 0; at < WORDS; at++) {
    const joined = (words[at]! & 0x8000_0000) | (words[(at + 1) % WORDS]! & 0x7fff_ffff);
    const odd = (joined & 1) === 0 ? 0 : 0x9908_b0df;
    words[at] = words[(at + MIDDLE) % WORDS]! ^ (joined >>> 1) ^ odd;
  }
}
