import type { LinkedLists } from '../../base/linked-lists.ts';
import { moved, rowsFor } from '../columns.ts';
import type { Json, Pid } from '../../kernel/ids.ts';

/**
 * Numbers processes in the order in which they became ready: the tie-break of every queue. One that was picked, could not start and is ready
 * again since the same instant has the number that it had.
 */
export class ReadyOrder {
  private last = 0;
  private numbers = new Float64Array(0);
  private sinceUs = new Float64Array(0);

  /** Of `pid`, which is ready since `sinceUs`. */
  take(pid: Pid, sinceUs: number): number {
    if (pid >= this.numbers.length) this.grow(pid);
    if (this.sinceUs[pid] !== sinceUs) {
      this.sinceUs[pid] = sinceUs;
      this.numbers[pid] = ++this.last;
    }
    return this.numbers[pid]!;
  }

  /** What `take` gave last; 0: never. */
  of(pid: Pid): number {
    return this.numbers[pid] ?? 0;
  }

  /** Since when it is ready, or was when it was picked, µs; NaN: it never was. */
  readySinceUs(pid: Pid): number {
    return this.sinceUs[pid] ?? NaN;
  }

  /** `pid` got what it was ready for: the next time it is ready, it comes last. */
  forget(pid: Pid): void {
    if (pid < this.sinceUs.length) this.sinceUs[pid] = NaN;
  }

  /** Puts `pid`, which has its number, into a list of ready ones: behind those that became ready before it, mostly at the end, or at the front that it was picked from. */
  insert(lists: LinkedLists, list: number, pid: Pid): void {
    const number = this.of(pid);
    const head = lists.head(list);
    if (head > 0 && this.of(head as Pid) > number) return lists.pushFront(list, pid);
    let before = lists.tail(list);
    while (before > 0 && this.of(before as Pid) > number) before = lists.previous(before);
    if (before > 0) lists.insertAfter(list, before, pid);
    else lists.pushFront(list, pid);
  }

  save(): Json {
    const rows: number[][] = [];
    for (let pid = 0; pid < this.numbers.length; pid++) {
      const sinceUs = this.sinceUs[pid]!;
      if (sinceUs === sinceUs) rows.push([pid, this.numbers[pid]!, sinceUs]);
    }
    return { last: this.last, rows };
  }

  load(state: Json): void {
    const { last, rows } = state as unknown as {
      readonly last: number;
      readonly rows: readonly (readonly [pid: number, number: number, sinceUs: number])[];
    };
    this.last = last;
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
