/**
 * Ready processes with a number of tickets each, and who holds the ticket with a given number: pids in ascending order, each with a stretch of numbers as
 * long as it has tickets.
 *
 * Shape: a Fenwick tree over pids (P. M. Fenwick, "A new data structure for cumulative frequency tables", 1994).
 * Cost: O(log pids) for set and holder. Memory: 16 bytes for each possible pid.
 */
import { assert } from '../../base/assert.ts';

const SMALLEST_CAPACITY = 16;

export class TicketTree {
  private tickets = new Float64Array(SMALLEST_CAPACITY); // [pid]
  private sums = new Float64Array(SMALLEST_CAPACITY + 1); // [node]
  private total = 0;
  private holders = 0;

  /** All tickets together. */
  get size(): number {
    return this.total;
  }

  /** How many pids have tickets. */
  get count(): number {
    return this.holders;
  }

  /** 0: none. */
  of(pid: number): number {
    return pid < this.tickets.length ? this.tickets[pid]! : 0;
  }

  /** `tickets` is an integer of at least 0; all together must stay below 2^53. */
  set(pid: number, tickets: number): void {
    if (pid >= this.tickets.length) this.grow(pid);
    const before = this.tickets[pid]!;
    if (before === tickets) return;
    this.holders += +(tickets > 0) - +(before > 0);
    this.tickets[pid] = tickets;
    this.total += tickets - before;
    if (!Number.isSafeInteger(this.total)) assert(false, `${this.total} tickets: more than can be counted`);
    const { sums } = this;
    for (let node = pid + 1; node < sums.length; node += node & -node) sums[node]! += tickets - before;
  }

  /** Who holds the ticket with this number, an integer in 0..size-1. */
  holder(ticket: number): number {
    const { sums } = this;
    const capacity = this.tickets.length;
    let node = 0;
    let left = ticket;
    for (let step = capacity; step > 0; step >>= 1) {
      const next = node + step;
      if (next > capacity || sums[next]! > left) continue;
      node = next;
      left -= sums[next]!;
    }
    return node;
  }

  /** Rows [pid, tickets] of those that have some. */
  rows(): number[][] {
    const rows: number[][] = [];
    for (const [pid, tickets] of this.tickets.entries()) if (tickets > 0) rows.push([pid, tickets]);
    return rows;
  }

  private grow(pid: number): void {
    const rows = this.rows();
    let capacity = this.tickets.length;
    while (capacity <= pid) capacity *= 2;
    this.tickets = new Float64Array(capacity);
    this.sums = new Float64Array(capacity + 1);
    this.total = 0;
    this.holders = 0;
    for (const [one = 0, tickets = 0] of rows) this.set(one, tickets);
  }
}
