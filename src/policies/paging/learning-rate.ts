/**
 * The learning rate of CACHEUS: it climbs towards the best hit ratio by the gradient of its own last move, and restarts by chance when it rests and nothing gets better.
 *
 * Source: L. V. Rodriguez et al., "Learning cache replacement with CACHEUS", FAST 2021, the section on the adaptive learning rate.
 */
import type { Rng } from '../../base/rng.ts';

const LEAST = 0.001;
const LARGEST = 1;
/** Periods at rest without a better hit ratio before it restarts. */
const PATIENCE = 10;

export interface LearningRateState {
  readonly value: number;
  readonly valueBefore: number;
  readonly hitRatioBefore: number;
  readonly hits: number;
  readonly uses: number;
  readonly poorPeriods: number;
}

export class LearningRate {
  /** In 0.001 to 1; at first by chance, as if it had been 0 before. */
  value: number;
  private readonly rng: Rng;
  private valueBefore = 0;
  private hitRatioBefore = 0;
  private hits = 0;
  private uses = 0;
  private poorPeriods = 0;

  constructor(rng: Rng) {
    this.rng = rng;
    this.value = this.drawn();
  }

  /** A use, which was a hit or a miss; a period has `length` of them. */
  used(isHit: boolean, length: number): void {
    if (isHit) this.hits++;
    if (++this.uses >= length) this.endPeriod();
  }

  save(): LearningRateState {
    const { value, valueBefore, hitRatioBefore, hits, uses, poorPeriods } = this;
    return { value, valueBefore, hitRatioBefore, hits, uses, poorPeriods };
  }

  load(state: LearningRateState): void {
    this.value = state.value;
    this.valueBefore = state.valueBefore;
    this.hitRatioBefore = state.hitRatioBefore;
    this.hits = state.hits;
    this.uses = state.uses;
    this.poorPeriods = state.poorPeriods;
  }

  private endPeriod(): void {
    const { value } = this;
    const hitRatio = this.hits / this.uses;
    const gain = hitRatio - this.hitRatioBefore;
    const move = value - this.valueBefore;
    if (move !== 0) {
      const step = Math.abs(value * move);
      const isGood = gain !== 0 && gain > 0 === move > 0;
      this.value = Math.min(LARGEST, Math.max(LEAST, isGood ? value + step : value - step));
      this.poorPeriods = 0;
    } else if (hitRatio === 0 || gain <= 0) {
      this.poorPeriods++;
      if (this.poorPeriods >= PATIENCE) {
        this.poorPeriods = 0;
        this.value = this.drawn();
      }
    }
    this.valueBefore = value;
    this.hitRatioBefore = hitRatio;
    this.hits = 0;
    this.uses = 0;
  }

  private drawn(): number {
    return LEAST + this.rng.next() * (LARGEST - LEAST);
  }
}
