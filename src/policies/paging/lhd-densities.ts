/**
 * What LHD knows of the pages of each class: how many were hit and how many evicted at which age, and the hit densities made of that. Ages are coarse, in
 * steps of a number of references. Four bytes a cell: counts stay far below 2^24, up to which these add one exactly, since at most some ten intervals' events
 * weigh in.
 */
import { assert } from '../../base/assert.ts';

/** By what a page's last two ages at a hit were together, in doublings; class 0: longer than ages are told apart, or not hit yet. */
const CLASSES = 16;
/** Ages of a page that was not hit yet; those of others are not told apart from here on. */
export const NEVER_HIT = 0xffff_ffff;
/** What was seen weighs so much less after each reconfiguration. The authors'. */
const DECAY = 0.9;
/** Ages reach so many times as far as a page would live if each reference evicted one. */
const REACH = 64;
/** Fewer events than this are none: they have decayed. */
const FEW = 1e-5;

export class HitDensities {
  /** How many ages are told apart, a power of two. The last holds all above, too. */
  readonly ages: number;
  /** References in a step of age, a power of two. */
  private step = 1;
  private hits: Float32Array; // [class × ages + age]
  private evictions: Float32Array; // [class × ages + age]
  private readonly densities: Float32Array; // [class × ages + age]
  private isKnown = false;

  constructor(ages: number) {
    assert((ages & (ages - 1)) === 0 && ages > 0, () => `${ages} ages: allowed: a power of two`);
    this.ages = ages;
    const cells = CLASSES * ages;
    this.hits = new Float32Array(cells);
    this.evictions = new Float32Array(cells);
    this.densities = new Float32Array(cells);
  }

  /** The coarse age that so many references make. */
  ageOf(references: number): number {
    return Math.min(this.ages - 1, Math.floor(references / this.step));
  }

  /** Hits per reference that a page promises. `hitAges`: references, those of its last two ages at a hit together. */
  densityOf(hitAges: number, age: number): number {
    if (this.isKnown) return this.densities[this.cellOf(hitAges, age)]!;
    // Nothing is known yet: the younger and the more often hit, the better.
    return (1 + this.classOf(hitAges)) / (1 + age);
  }

  addHit(hitAges: number, age: number): void {
    this.hits[this.cellOf(hitAges, age)]!++;
  }

  addEviction(hitAges: number, age: number): void {
    this.evictions[this.cellOf(hitAges, age)]!++;
  }

  /** Makes the densities of what has been seen, after which that weighs less; steps become such as fit `resident` pages. */
  reconfigure(resident: number): void {
    const { hits, evictions, ages } = this;
    for (let cell = 0; cell < hits.length; cell++) {
      hits[cell]! *= DECAY;
      evictions[cell]! *= DECAY;
    }
    let fitting = 1;
    while (fitting * ages < REACH * resident) fitting *= 2;
    // Not to and fro where the number of pages changes a little.
    if (fitting > this.step || 4 * fitting <= this.step) this.changeStep(fitting);
    for (let first = 0; first < hits.length; first += ages) this.model(first);
    this.isKnown = true;
  }

  private cellOf(hitAges: number, age: number): number {
    return this.classOf(hitAges) * this.ages + age;
  }

  private classOf(hitAges: number): number {
    const { ages, step } = this;
    if (hitAges >= Math.min(NEVER_HIT, ages * step)) return 0;
    const coarse = Math.floor(hitAges / step);
    return coarse === 0 ? CLASSES - 1 : Math.min(CLASSES - 1, Math.clz32(coarse) - Math.clz32(ages));
  }

  /**
   * Of the pages of a class that reached an age, the part that will be hit, by the time that they will stay: Σ hits / Σ (age - this age + 1) × events, over
   * this age and all above. From the last age down, each sum takes a step.
   */
  private model(first: number): void {
    const { hits, evictions, densities, ages } = this;
    let hitsFrom = 0;
    let eventsFrom = 0;
    let time = 0;
    for (let cell = first + ages - 1; cell >= first; cell--) {
      hitsFrom += hits[cell]!;
      eventsFrom += hits[cell]! + evictions[cell]!;
      time += eventsFrom;
      densities[cell] = eventsFrom > FEW ? hitsFrom / time : 0;
    }
  }

  private changeStep(step: number): void {
    this.hits = this.inSteps(this.hits, step);
    this.evictions = this.inSteps(this.evictions, step);
    this.step = step;
  }

  /** Larger steps take several old ones together; what fell in an old step is spread evenly over smaller ones. */
  private inSteps(old: Float32Array, step: number): Float32Array {
    const { ages } = this;
    const changed = new Float32Array(old.length);
    const parts = Math.max(1, this.step / step);
    for (let cell = 0; cell < old.length; cell++) {
      const age = cell % ages;
      const first = cell - age;
      for (let part = 0; part < parts; part++) {
        const now = Math.min(ages - 1, Math.floor(((age + part / parts) * this.step) / step));
        changed[first + now]! += old[cell]! / parts;
      }
    }
    return changed;
  }
}
