/** A miss-ratio curve that was estimated from a sample: references weighted by how many each of them stands for. */
import type { MissRatioCurve } from './miss-ratio-curve.ts';

export interface CurveSample {
  /** [row] stack distance, scaled to the whole trace; ascending, the first is 1. */
  readonly distances: Float64Array;
  /** [row] how many references of the whole trace have this distance, by the sample. */
  readonly weights: Float64Array;
  /** References of the whole trace. */
  readonly requests: number;
  /** References and pages that were looked at. */
  readonly sampledRequests: number;
  readonly sampledPages: number;
  /** Share of the pages that were looked at in the end, 0 to 1. */
  readonly rate: number;
}

export class SampledCurve implements MissRatioCurve {
  readonly sample: CurveSample;
  private readonly missRatios: Float64Array; // [row] at a capacity of its distance

  constructor(sample: CurveSample) {
    this.sample = sample;
    const { distances, weights, requests } = sample;
    this.missRatios = new Float64Array(distances.length);
    let hits = 0;
    let lowest = 1;
    for (let row = 0; row < distances.length; row++) {
      hits += weights[row]!;
      // The correction of the first row may be negative: no ratio leaves 0 to 1, and none rises with the capacity.
      lowest = Math.min(lowest, Math.max(0, 1 - hits / requests));
      this.missRatios[row] = lowest;
    }
  }

  missRatioAt(capacity: number): number {
    const { distances } = this.sample;
    let low = 0;
    let high = distances.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (distances[middle]! <= capacity) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 1 : this.missRatios[low - 1]!;
  }
}
