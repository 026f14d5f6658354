/** Draws for random worlds: a stream of chance with the questions that generators ask. */
import type { Rng } from '../../src/base/rng.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { SignalName } from '../../src/kernel/inputs.ts';
import type { Capabilities } from '../../src/kernel/syscalls.ts';

/** No number that a count, a time or a share may be. */
const badNumbers = [
  -1,
  0,
  1.5,
  Number.NaN,
  Infinity,
  -Infinity,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  1e300,
  101,
];

interface Scales {
  readonly names: readonly string[];
  readonly shares: readonly number[];
  readonly sum: number;
}

/** Of weights that are drawn from again and again. */
const scales = new WeakMap<object, Scales>();

function scalesOf(weights: Readonly<Record<string, number>>): Scales {
  let known = scales.get(weights);
  if (known === undefined) {
    const shares = Object.values(weights);
    known = { names: Object.keys(weights), shares, sum: shares.reduce((sum, share) => sum + share, 0) };
    scales.set(weights, known);
  }
  return known;
}

export class Draw {
  private readonly rng: Rng;

  constructor(rng: Rng) {
    this.rng = rng;
  }

  chance(share: number): boolean {
    return this.rng.next() < share;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.rng.integer(high - low + 1);
  }

  /** As `between`, with as many small ones as large ones: the order of magnitude is drawn first. */
  magnitude(low: number, high: number): number {
    let top = low;
    while (top < high && this.chance(0.75)) top = Math.min(high, Math.max(1, top) * 4);
    return this.between(low, top);
  }

  of<T>(list: readonly T[]): T {
    return list[this.rng.integer(list.length)]!;
  }

  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const { names, shares, sum } = scalesOf(weights);
    let at = this.rng.next() * sum;
    for (let index = 0; index < names.length; index++)
      if ((at -= shares[index]!) < 0) return names[index] as Name;
    return names[0] as Name;
  }

  /** `good`, or once in fifty what is out of range. */
  spoilt(good: number): number {
    return this.chance(0.02) ? this.of(badNumbers) : good;
  }

  signal(): SignalName {
    return this.weighted({ stop: 4, continue: 6, terminate: 1, kill: 1 });
  }

  capabilities(): Partial<Capabilities> {
    return {
      tools: this.chance(0.5) ? 'all' : ['files', 'plain'],
      spawn: this.chance(0.8),
      signal: this.chance(0.5) ? 'all' : 'descendants',
      send: this.chance(0.5) ? 'all' : 'run',
    };
  }

  /** Arguments that fit every tool of these worlds, now and then none. */
  toolArguments(): Json {
    if (this.chance(0.05)) return this.of<Json>([null, 7, 'text', { reads: 'a' }, { writes: [1] }, []]);
    const keys = () => Array.from({ length: this.between(0, 2) }, () => this.of(['a', 'b', 'c', '*']));
    return { reads: keys(), writes: keys() };
  }
}
