/** The latest of many times, in ascending order: an empirical distribution that forgets. */
export class RecentTimes {
  /** Ascending. */
  readonly sorted: number[] = [];
  private readonly inOrder: number[] = [];
  private readonly most: number;
  private oldest = 0;

  /** `most`: how many it remembers. */
  constructor(most: number) {
    this.most = most;
  }

  get median(): number | undefined {
    return this.sorted[this.sorted.length >> 1];
  }

  /** In the order in which they came. */
  save(): number[] {
    const { inOrder, oldest } = this;
    return [...inOrder.slice(oldest), ...inOrder.slice(0, oldest)];
  }

  /** What `save` gave, into one that has none. */
  load(times: readonly number[]): void {
    for (const time of times) this.add(time);
  }

  add(time: number): void {
    const { sorted, inOrder, most } = this;
    if (inOrder.length < most) inOrder.push(time);
    else {
      sorted.splice(firstNotBelow(sorted, inOrder[this.oldest]!), 1);
      inOrder[this.oldest] = time;
      this.oldest = (this.oldest + 1) % most;
    }
    sorted.splice(firstNotBelow(sorted, time), 0, time);
  }
}

/** Index of the first that is not below `time`. */
function firstNotBelow(sorted: readonly number[], time: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
