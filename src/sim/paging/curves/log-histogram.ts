/** A histogram in bins that double: 1, 2, 3–4, 5–8, 9–16, … */
export interface HistogramBin {
  /** Values of the bin, both included. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** `counts[value]` of the values from 1 up; bins up to the last that isn't empty. */
export function logHistogram(counts: Int32Array): HistogramBin[] {
  const bins: HistogramBin[] = [];
  let used = 0;
  for (let to = 1; to < counts.length * 2; to *= 2) {
    const from = Math.floor(to / 2) + 1;
    let count = 0;
    for (let value = from; value <= Math.min(to, counts.length - 1); value++) count += counts[value]!;
    bins.push({ from, to, count });
    if (count > 0) used = bins.length;
  }
  return bins.slice(0, used);
}
