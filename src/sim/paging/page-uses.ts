/**
 * What policies see of the past of pages: how often, and when last, each was referenced.
 *
 * Counted from the first question on, and then of all references up to the one under way: most policies that look at pages ask for their sizes only,
 * and need no columns.
 * Cost: O(references so far) for the first question. Memory: 12 bytes for each page from then on.
 */
import type { PageId } from '../../kernel/ids.ts';
import type { ReferenceTrace } from './reference-trace.ts';

export class PageUses {
  private readonly trace: ReferenceTrace;
  private readonly tickUs: number;
  /** The number of the reference under way. */
  private at = -1;
  private accesses: Int32Array | undefined; // [page]
  private lastAccessUs: Float64Array | undefined; // [page]

  /** `tickUs`: time from one reference to the next where the trace has no times, µs. */
  constructor(trace: ReferenceTrace, tickUs: number) {
    this.trace = trace;
    this.tickUs = tickUs;
  }

  /** Reference number `at`, to `page`, is under way. To be called for every one. */
  note(at: number, page: PageId, nowUs: number): void {
    this.at = at;
    if (this.accesses === undefined) return;
    this.accesses[page]!++;
    this.lastAccessUs![page] = nowUs;
  }

  accessesOf(page: PageId): number {
    if (this.accesses === undefined) this.count();
    return this.accesses![page]!;
  }

  lastAccessUsOf(page: PageId): number {
    if (this.accesses === undefined) this.count();
    return this.lastAccessUs![page]!;
  }

  private count(): void {
    const { ids, timesUs, unique } = this.trace;
    const accesses = new Int32Array(unique + 1);
    const lastAccessUs = new Float64Array(unique + 1);
    for (let at = 0; at <= this.at; at++) {
      const page = ids[at]!;
      accesses[page]!++;
      lastAccessUs[page] = timesUs === undefined ? at * this.tickUs : timesUs[at]!;
    }
    this.accesses = accesses;
    this.lastAccessUs = lastAccessUs;
  }
}
