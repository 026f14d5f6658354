/** Counts of pauses by length, in steps of a factor √2: how likely it is that one which has lasted for so long ends before a given length. */
import { assert } from '../../../base/assert.ts';

/** Upper ends of the steps, µs: 1 s, √2 s, 2 s, … 65,536 s. */
const STEPS = 33;
const ends = Float64Array.from({ length: STEPS }, (_, step) => {
  const whole = 1_000_000 * (1 << (step >> 1));
  return step % 2 === 0 ? whole : whole * Math.SQRT2;
});

export class PauseCounts {
  /** Begun so far. */
  private begun = 0;
  /** [step] Ended so far; the last one: longer than all steps. */
  private readonly ended = new Float64Array(STEPS + 1);

  begin(): void {
    this.begun++;
  }

  /** The pause that began last was none of these. */
  takeBack(): void {
    assert(this.begun > 0, 'no pause has begun');
    this.begun--;
  }

  end(lengthUs: number): void {
    this.ended[stepOf(lengthUs)]!++;
  }

  /** How many have begun, and ended in each step. */
  save(): readonly number[] {
    return [this.begun, ...this.ended];
  }

  load([begun = 0, ...ended]: readonly number[]): void {
    this.begun = begun;
    this.ended.set(ended);
  }

  /**
   * Of the pauses that last longer than `idleUs`, the share that ends by `untilUs` (both to within a step): 0 when that is over. One that has not ended yet counts as longer. With
   * one pause of each kind added, so that nothing is certain.
   */
  shareUntil(untilUs: number, idleUs: number): number {
    if (idleUs >= untilUs) return 0;
    const from = stepOf(idleUs);
    const to = stepOf(untilUs);
    let longer = this.begun;
    let within = 0;
    for (let step = 0; step <= to; step++) {
      if (step < from) longer -= this.ended[step]!;
      else within += this.ended[step]!;
    }
    return (within + 1) / (Math.max(longer, within) + 2);
  }
}

function stepOf(lengthUs: number): number {
  let step = 0;
  while (step < STEPS && lengthUs > ends[step]!) step++;
  return step;
}
