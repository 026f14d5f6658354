/**
 * The account of a sliding limit: what was reserved at t counts from t until t + length, the end excluded.
 *
 * A log of entries, one for each instant. Debt is what an overrun used and the window can't hold: it takes any room that
 * comes free, at the instant at which it comes free, and counts for one length from then. So while there is debt the window is
 * full, and as with fixed windows an overrun of several limits fills as many windows one after another.
 *
 * Cost: O(1) amortised to reserve, O(log entries) to settle; `fitsAtUs` walks the entries, for callers that wait anyway.
 */
import { assert } from '../base/assert.ts';
import type { LimitAccount, LimitUsage, Reserved } from './budget-accounts.ts';
import { badLedger, savedCount } from './budget-accounts.ts';
import type { BudgetAmounts, BudgetLimit, BudgetResource } from './budget-limits.ts';
import { amountOf, isCount, isRecord } from './budget-limits.ts';
import type { Json } from './ids.ts';

/** Entries that left stay in the columns until there are this many of them, and more than of the others. */
const KEPT_ENTRIES = 256;

export class SlidingAccount implements LimitAccount {
  readonly limit: BudgetLimit;
  private readonly resource: BudgetResource;
  private amount: number;
  private readonly lengthUs: number;
  // One row for each instant, oldest first; rows before `first` have left.
  private atUs: number[] = []; // strictly rising
  private used: number[] = [];
  private reserved: number[] = [];
  private first = 0;
  /** Sums over the rows from `first` on. */
  private totalUsed = 0;
  private totalReserved = 0;
  private debt = 0;

  constructor(limit: BudgetLimit) {
    assert(limit.window.kind === 'sliding', `${limit.window.kind} window in a sliding account`);
    this.resource = limit.resource;
    this.limit = limit;
    this.amount = limit.amount;
    this.lengthUs = limit.window.lengthUs;
  }

  fits(amounts: BudgetAmounts, nowUs: number): boolean {
    this.slide(nowUs);
    const asked = amountOf(amounts, this.resource);
    return this.totalUsed + this.totalReserved + this.debt + asked <= this.amount;
  }

  neverFits(amounts: BudgetAmounts): boolean {
    // A debt to a limit of 0 never finds room.
    return amountOf(amounts, this.resource) > this.amount || (this.amount === 0 && this.debt > 0);
  }

  fitsAtUs(amounts: BudgetAmounts): number {
    const total = this.totalUsed + this.totalReserved;
    const needed = total + this.debt + amountOf(amounts, this.resource) - this.amount; // this much must leave
    assert(needed > 0, `${this.resource} fit already`);
    // While there is debt, each entry that leaves is followed one length later by the debt that took its room.
    const rounds = Math.ceil(needed / total) - 1;
    let left = needed - rounds * total;
    for (let row = this.first; row < this.atUs.length; row++) {
      left -= this.used[row]! + this.reserved[row]!;
      if (left <= 0) return this.atUs[row]! + (rounds + 1) * this.lengthUs;
    }
    assert(false, `${left} ${this.resource} of ${needed} never leave`);
  }

  isSpent(amounts: BudgetAmounts): boolean {
    return this.totalUsed + this.debt + amountOf(amounts, this.resource) > this.amount;
  }

  pacedUs(): number {
    // Where there is debt, nothing fits.
    let held = 0;
    let pacedUs = 0;
    for (let row = this.atUs.length - 1; row >= this.first; row--) {
      held += this.used[row]! + this.reserved[row]!;
      if (held === 0) continue;
      pacedUs = Math.max(pacedUs, this.atUs[row]! + Math.ceil((held / this.amount) * this.lengthUs));
    }
    return pacedUs;
  }

  reserve(reserved: Reserved): void {
    const asked = amountOf(reserved, this.resource);
    if (asked === 0) return;
    const row = this.rowAt(reserved.atUs);
    this.reserved[row]! += asked;
    this.totalReserved += asked;
  }

  grant(reserved: Reserved): void {
    if (!this.fits(reserved, reserved.atUs)) {
      this.amount = this.totalUsed + this.totalReserved + this.debt + amountOf(reserved, this.resource);
      this.payDebt(reserved.atUs);
    }
    this.reserve(reserved);
  }

  settle(reserved: Reserved, used: BudgetAmounts, nowUs: number): void {
    this.slide(nowUs);
    const asked = amountOf(reserved, this.resource);
    const taken = amountOf(used, this.resource);
    if (asked > 0 && reserved.atUs + this.lengthUs > nowUs) {
      const row = this.find(reserved.atUs);
      const kept = Math.min(taken, asked);
      this.reserved[row]! -= asked;
      this.used[row]! += kept;
      this.totalReserved -= asked;
      this.totalUsed += kept;
    }
    if (taken > asked) this.debt += taken - asked;
    if (this.debt > 0) this.payDebt(nowUs);
  }

  absorb(past: LimitAccount, nowUs: number): void {
    assert(past instanceof SlidingAccount, 'another kind of account');
    this.slide(nowUs);
    past.slide(nowUs);
    for (let row = past.first; row < past.atUs.length; row++) {
      const amount = past.used[row]! + past.reserved[row]!;
      const room = Math.min(amount, Math.max(0, this.amount - this.totalUsed - this.totalReserved));
      if (room > 0) this.used[this.rowFor(past.atUs[row]!)]! += room;
      this.totalUsed += room;
      this.debt += amount - room;
    }
    this.debt += past.debt;
    if (this.debt > 0) this.payDebt(nowUs);
  }

  rollsUs(nowUs: number): number {
    this.slide(nowUs);
    for (let row = this.first; row < this.atUs.length; row++) {
      if (this.used[row]! + this.reserved[row]! > 0) return this.atUs[row]! + this.lengthUs;
    }
    return nowUs + this.lengthUs; // empty: whatever is reserved now leaves then
  }

  usage(nowUs: number): LimitUsage {
    this.slide(nowUs);
    return {
      resource: this.resource,
      window: this.limit.window,
      limit: this.amount,
      used: this.totalUsed + this.debt,
      reserved: this.totalReserved,
      windowStartUs: Math.max(0, nowUs - this.lengthUs),
    };
  }

  save(): Json {
    const entries: [number, number][] = [];
    for (let row = this.first; row < this.atUs.length; row++) {
      const amount = this.used[row]! + this.reserved[row]!;
      if (amount > 0) entries.push([this.atUs[row]!, amount]);
    }
    return { entries, debt: this.debt };
  }

  load(state: Json): void {
    const entries = isRecord(state) ? state['entries'] : undefined;
    if (!Array.isArray(entries)) throw badLedger('entries', entries, 'a list of [atUs, amount]');
    let lastUs = -1;
    for (const entry of entries as readonly unknown[]) {
      const [atUs, amount] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
      if (!isCount(atUs) || !isCount(amount) || atUs <= lastUs) {
        throw badLedger('entries', entry, '[atUs, amount], integers, in the order of their times');
      }
      this.slide(atUs);
      this.debt += amount;
      this.payDebt(atUs); // the amount of the limit may have been lowered since
      lastUs = atUs;
    }
    this.debt += savedCount(state, 'debt');
    if (this.debt > 0) this.payDebt(Math.max(0, lastUs));
  }

  checkInvariants(open: readonly Reserved[], nowUs: number): void {
    this.slide(nowUs);
    const openAt = new Map<number, number>();
    for (const one of open) {
      openAt.set(one.atUs, (openAt.get(one.atUs) ?? 0) + amountOf(one, this.resource));
    }
    let used = 0;
    let reserved = 0;
    for (let row = this.first; row < this.atUs.length; row++) {
      const atUs = this.atUs[row]!;
      assert(atUs + this.lengthUs > nowUs, `entry of ${atUs} is still in the window at ${nowUs}`);
      assert(row === this.first || this.atUs[row - 1]! < atUs, `entry of ${atUs} is out of order`);
      assert(this.used[row]! >= 0, `used at ${atUs} is ${this.used[row]}`);
      const wanted = openAt.get(atUs) ?? 0;
      assert(this.reserved[row] === wanted, `${this.reserved[row]} reserved at ${atUs}, open are ${wanted}`);
      used += this.used[row]!;
      reserved += this.reserved[row]!;
    }
    assert(used === this.totalUsed, `entries used ${used}, the total says ${this.totalUsed}`);
    assert(
      reserved === this.totalReserved,
      `entries reserve ${reserved}, the total says ${this.totalReserved}`,
    );
    const held = used + reserved;
    assert(held <= this.amount, `${held} > ${this.amount}`);
    assert(this.debt >= 0, `debt is ${this.debt}`);
    assert(this.debt === 0 || held === this.amount, `debt ${this.debt} beside ${held} of ${this.amount}`);
  }

  /** Lets out what is a length old, in order; debt takes the room at the very instant it comes free. */
  private slide(nowUs: number): void {
    while (this.first < this.atUs.length) {
      const leavesUs = this.atUs[this.first]! + this.lengthUs;
      if (leavesUs > nowUs) break;
      this.totalUsed -= this.used[this.first]!;
      this.totalReserved -= this.reserved[this.first]!;
      this.first++;
      if (this.debt > 0) this.payDebt(leavesUs);
    }
    if (this.first > KEPT_ENTRIES && this.first * 2 > this.atUs.length) this.compact();
  }

  private payDebt(nowUs: number): void {
    const paid = Math.min(this.debt, this.amount - this.totalUsed - this.totalReserved);
    if (paid === 0) return;
    this.used[this.rowAt(nowUs)]! += paid;
    this.totalUsed += paid;
    this.debt -= paid;
  }

  /** The row of this instant, which is the last or a new one. */
  private rowAt(nowUs: number): number {
    const last = this.atUs.length - 1;
    if (last >= this.first && this.atUs[last] === nowUs) return last;
    this.used.push(0);
    this.reserved.push(0);
    return this.atUs.push(nowUs) - 1;
  }

  /** The row of this instant, wherever it stands; or a new one. */
  private rowFor(atUs: number): number {
    let row = this.atUs.length;
    while (row > this.first && this.atUs[row - 1]! > atUs) row--;
    if (row > this.first && this.atUs[row - 1] === atUs) return row - 1;
    this.atUs.splice(row, 0, atUs);
    this.used.splice(row, 0, 0);
    this.reserved.splice(row, 0, 0);
    return row;
  }

  private find(atUs: number): number {
    let low = this.first;
    let high = this.atUs.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.atUs[middle]! < atUs) low = middle + 1;
      else high = middle;
    }
    assert(this.atUs[low] === atUs, `nothing was reserved at ${atUs}`);
    return low;
  }

  private compact(): void {
    this.atUs = this.atUs.slice(this.first);
    this.used = this.used.slice(this.first);
    this.reserved = this.reserved.slice(this.first);
    this.first = 0;
  }
}
