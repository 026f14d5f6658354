import { moved, rowsFor } from '../columns.ts';
import type { Pid } from '../../kernel/ids.ts';

/**
 * Numbers processes in the order in which they became ready: the tie-break of every queue, and the key of those that have no other. One that was picked or taken out, got no core
 * (it had to wait for memory, its place was kept) and is ready again since the same instant has the number that it had.
 */
export class ReadyOrder {
  private last = 0;
  private first = 0;
  private numbers = new Float64Array(0);
  private sinceUs = new Float64Array(0);

  /** Of `pid`, which is ready since `sinceUs`; `isBeforeOthers`: it comes before all that have a number, not behind. */
  take(pid: Pid, sinceUs: number, isBeforeOthers = false): number {
    if (pid >= this.numbers.length) this.grow(pid);
    if (this.sinceUs[pid] !== sinceUs) {
      this.sinceUs[pid] = sinceUs;
      this.numbers[pid] = isBeforeOthers ? --this.first : ++this.last;
    }
    return this.numbers[pid]!;
  }

  /** What `take` gave last; 0: never. */
  of(pid: Pid): number {
    return this.numbers[pid] ?? 0;
  }

  /** Since when it is ready, or was when it was picked, µs; NaN: it has had a core since then, or never was. */
  readySinceUs(pid: Pid): number {
    return this.sinceUs[pid] ?? NaN;
  }

  /** `pid` got the core that it was ready for, or ended: the next time it is ready, it gets another number. */
  forget(pid: Pid): void {
    if (pid < this.sinceUs.length) this.sinceUs[pid] = NaN;
  }

  save(): SavedReadyOrder {
    const rows: [number, number, number][] = [];
    for (let pid = 0; pid < this.numbers.length; pid++) {
      const sinceUs = this.sinceUs[pid]!;
      if (sinceUs === sinceUs) rows.push([pid, this.numbers[pid]!, sinceUs]);
    }
    return { last: this.last, first: this.first, rows };
  }

  load({ last, first, rows }: SavedReadyOrder): void {
    this.last = last;
    this.first = first;
    for (const [pid, number, sinceUs] of rows) {
      if (pid >= this.numbers.length) this.grow(pid);
      this.numbers[pid] = number;
      this.sinceUs[pid] = sinceUs;
    }
  }

  private grow(pid: number): void {
    const before = this.numbers.length;
    const rows = rowsFor(pid, before);
    this.numbers = moved(this.numbers, new Float64Array(rows));
    this.sinceUs = moved(this.sinceUs, new Float64Array(rows)).fill(NaN, before);
  }
}

export interface SavedReadyOrder {
  readonly last: number;
  readonly first: number;
  readonly rows: readonly (readonly [pid: number, number: number, sinceUs: number])[];
}
