/**
 * Seeded random streams. Chance is never global: whoever draws holds a stream made from the run's seed and a name, so
 * that a stream doesn't move when another one draws, or when a module is added. 32-bit integer operations only: the
 * same numbers in every engine.
 *
 * Generator: xoshiro128** 1.1, D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS
 * 47(4), 2021; period 2^128 - 1. The state is filled by another mixer (MurmurHash3), as its authors ask.
 */
import { assert } from './assert.ts';
import { hash32, mix32 } from './hash.ts';

export interface Rng {
  /** A double in [0, 1), a multiple of 2^-53. Takes two words. */
  next(): number;
  /** An unbiased integer in [0, maxExclusive); maxExclusive is an integer in 1..2^53. */
  integer(maxExclusive: number): number;
  /** An integer in [0, 2^32). Takes one word. */
  uint32(): number;
  /** The stream `${own name}/${name}` of the same seed, at its start: independent of what was drawn here. */
  fork(name: string): Rng;
  save(): RngState;
  /** Becomes the saved stream, at the saved place, forks included. */
  load(state: RngState): void;
}

/** JSON. `words` are the generator's four unsigned 32-bit words, never all zero. */
export interface RngState {
  readonly seed: string;
  readonly name: string;
  readonly words: readonly [number, number, number, number];
}

/** The stream of this name under this seed, at its start. A number and its decimal text are the same seed. */
export function rngFor(seed: number | string, name: string): Rng {
  assert(typeof seed === 'string' || Number.isFinite(seed), () => `seed ${seed}: a text or a finite number`);
  const seedText = String(seed);
  const key = [0, 1, 2, 3].map((word) =>
    mix32(hash32(name, hash32(seedText, word)) + Math.imul(word, GOLDEN)),
  );
  const [a = 0, b = 0, c = 0, d = 0] = key;
  // All zero is the one state that xoshiro never leaves.
  return rngFromState({ seed: seedText, name, words: [a, b, c, (a | b | c | d) === 0 ? 1 : d] });
}

/** A stream continued from a saved state. */
export function rngFromState(state: RngState): Rng {
  return new Xoshiro128StarStar(state);
}

const GOLDEN = 0x9e3779b9;
const TWO_32 = 0x100000000;
const TWO_53 = 0x20000000000000;

class Xoshiro128StarStar implements Rng {
  private seed = '';
  private name = '';
  // Signed 32-bit words: V8 keeps them as small integers, without a box.
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;

  constructor(state: RngState) {
    this.load(state);
  }

  next(): number {
    const high = this.step() >>> 5;
    const low = this.step() >>> 6;
    return (high * 0x4000000 + low) / TWO_53;
  }

  uint32(): number {
    return this.step() >>> 0;
  }

  integer(maxExclusive: number): number {
    const isAllowed = Number.isInteger(maxExclusive) && maxExclusive >= 1 && maxExclusive <= TWO_53;
    assert(isAllowed, () => `integer(${maxExclusive}): the bound must be an integer in 1..2^53`);
    // Rejection: a draw counts only within a whole copy of the range, so that no remainder is favoured.
    if (maxExclusive <= TWO_32) {
      for (;;) {
        const word = this.step() >>> 0;
        const remainder = word % maxExclusive;
        if (word - remainder <= TWO_32 - maxExclusive) return remainder;
      }
    }
    for (;;) {
      const wide = (this.step() >>> 11) * TWO_32 + (this.step() >>> 0);
      const remainder = wide % maxExclusive;
      if (wide - remainder <= TWO_53 - maxExclusive) return remainder;
    }
  }

  fork(name: string): Rng {
    return rngFor(this.seed, `${this.name}/${name}`);
  }

  save(): RngState {
    const { seed, name, a, b, c, d } = this;
    return { seed, name, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
  }

  load({ seed, name, words }: RngState): void {
    const isAllowed = words.length === 4 && words.every(isUint32) && words.some((word) => word !== 0);
    assert(
      isAllowed,
      () => `state of stream '${name}': four words in [0, 2^32), not all zero, not ${words.join()}`,
    );
    this.seed = seed;
    this.name = name;
    this.a = words[0] | 0;
    this.b = words[1] | 0;
    this.c = words[2] | 0;
    this.d = words[3] | 0;
  }

  private step(): number {
    const { a, b, c, d } = this;
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const third = c ^ a;
    const fourth = d ^ b;
    this.b = b ^ third;
    this.a = a ^ fourth;
    this.c = third ^ (b << 9);
    this.d = (fourth << 11) | (fourth >>> 21);
    return result;
  }
}

function isUint32(word: number): boolean {
  return Number.isInteger(word) && word >= 0 && word < TWO_32;
}
