/**
 * What the windows of every limit of a budget tree hold, booked from what calls reserve and settle, as versions that share what did not change. They are the kernel's own books
 * (budget-accounts.ts, budget-sliding.ts) told from outside: what a settlement used above its reservation is owed by the windows after.
 */
import { assert } from '../../base/assert.ts';
import {
  amountOf,
  type BudgetAmounts,
  type BudgetLimit,
  type BudgetNodeSpec,
} from '../../kernel/budget-limits.ts';
import { VersionedTable } from './versioned-table.ts';

/** Of one limit at one moment. `used` holds what overruns owe, too, and may be above the limit. */
export interface BudgetLevel {
  readonly limit: BudgetLimit;
  readonly used: number;
  readonly reserved: number;
  /** When its present window began; of a sliding one, how far it reaches back. */
  readonly windowStartUs: number;
}

/** A reservation that is not settled yet. */
export interface OpenReservation extends BudgetAmounts {
  readonly atUs: number;
}

/** Of a sliding window, `used` and `reserved` are the sums over its rows. */
interface Level {
  startUs: number;
  used: number;
  reserved: number;
  /** The rows [first, end) are in a sliding window. */
  first: number;
  end: number;
  /** What no sliding window has had room for yet. */
  debt: number;
}

/** What was reserved at one instant and has not left the sliding window. */
interface Row {
  readonly atUs: number;
  used: number;
  reserved: number;
}

export class BudgetLevels {
  private readonly limits: readonly BudgetLimit[];
  /** Numbers of the limits of each node alone, and of all that a reservation at it draws from. */
  private readonly own: ReadonlyMap<string, readonly number[]>;
  private readonly drawn: ReadonlyMap<string, readonly number[]>;
  private levels: VersionedTable<Level>;
  /** By number of the limit; of other windows empty. */
  private rows: readonly VersionedTable<Row>[];

  constructor(nodes: readonly BudgetNodeSpec[]) {
    const limits: BudgetLimit[] = [];
    const own = new Map(
      nodes.map(({ name, limits: some = [] }) => [name, some.map((limit) => limits.push(limit) - 1)]),
    );
    const parents = new Map(nodes.map(({ name, parent }) => [name, parent]));
    this.limits = limits;
    this.own = own;
    this.drawn = new Map(nodes.map(({ name }) => [name, onTheWayUp(name, parents, own)]));
    this.levels = new VersionedTable(copied);
    this.rows = limits.map(() => new VersionedTable<Row>(copied));
    for (const number of limits.keys())
      this.levels.set(number, { startUs: 0, used: 0, reserved: 0, first: 0, end: 0, debt: 0 });
  }

  /** What the limits of `node` alone hold at `nowUs`, which is not before what was booked last. */
  of(node: string, nowUs: number): readonly BudgetLevel[] {
    return (this.own.get(node) ?? []).map((number) => {
      const limit = this.limits[number]!;
      const { startUs, used, reserved, debt } = this.moved(number, nowUs);
      const { window } = limit;
      const windowStartUs = window.kind === 'sliding' ? Math.max(0, nowUs - window.lengthUs) : startUs;
      return { limit, used: used + debt, reserved, windowStartUs };
    });
  }

  reserve(node: string, asked: OpenReservation): void {
    for (const number of this.drawn.get(node) ?? []) {
      const { resource, window } = this.limits[number]!;
      const amount = amountOf(asked, resource);
      const level = this.moved(number, asked.atUs);
      if (amount > 0 && window.kind === 'sliding') this.rowAt(number, level, asked.atUs).reserved += amount;
      level.reserved += amount;
    }
  }

  settle(node: string, asked: OpenReservation, used: BudgetAmounts, nowUs: number): void {
    for (const number of this.drawn.get(node) ?? []) {
      const { resource, window } = this.limits[number]!;
      const before = amountOf(asked, resource);
      const after = amountOf(used, resource);
      const level = this.moved(number, nowUs);
      if (window.kind === 'sliding') this.settleSliding(number, level, { before, after, asked, nowUs });
      else if (asked.atUs >= level.startUs) {
        level.reserved -= before;
        level.used += after;
      } else level.used += Math.max(0, after - before); // The window it came from is over: nothing goes back.
    }
  }

  fork(): BudgetLevels {
    const other = Object.create(BudgetLevels.prototype) as BudgetLevels;
    return Object.assign(other, this, {
      levels: this.levels.fork(),
      rows: this.rows.map((rows) => rows.fork()),
    });
  }

  private settleSliding(number: number, level: Level, { before, after, asked, nowUs }: Settlement): void {
    const { amount, window } = this.limits[number]!;
    assert(window.kind === 'sliding', 'not a sliding window');
    if (before > 0 && asked.atUs + window.lengthUs > nowUs) {
      const row = this.rows[number]!.edit(this.rowOf(number, level, asked.atUs));
      const kept = Math.min(after, before);
      row.reserved -= before;
      row.used += kept;
      level.reserved -= before;
      level.used += kept;
    }
    level.debt += Math.max(0, after - before);
    this.payDebt(number, level, amount, nowUs);
  }

  /** The level as it is at `nowUs`: windows that are over have rolled. */
  private moved(number: number, nowUs: number): Level {
    const { amount, window } = this.limits[number]!;
    const level = this.levels.edit(number);
    if (window.kind === 'fixed' && nowUs >= level.startUs + window.lengthUs) {
      const startUs = nowUs - (nowUs % window.lengthUs);
      // What is still reserved counts in full in its own window.
      const windows = (startUs - level.startUs) / window.lengthUs;
      level.used = Math.max(0, level.used + level.reserved - windows * amount);
      level.reserved = 0;
      level.startUs = startUs;
    }
    if (window.kind === 'sliding') this.slide(number, level, nowUs);
    return level;
  }

  /** Lets out what is a length old, in order; debt takes the room at the very instant at which it comes free. */
  private slide(number: number, level: Level, nowUs: number): void {
    const { amount, window } = this.limits[number]!;
    assert(window.kind === 'sliding', 'not a sliding window');
    const rows = this.rows[number]!;
    while (level.first < level.end) {
      const { atUs, used, reserved } = rows.get(level.first)!;
      const leavesUs = atUs + window.lengthUs;
      if (leavesUs > nowUs) break;
      level.used -= used;
      level.reserved -= reserved;
      level.first++;
      rows.forget(level.first);
      this.payDebt(number, level, amount, leavesUs);
    }
  }

  private payDebt(number: number, level: Level, amount: number, nowUs: number): void {
    const paid = Math.min(level.debt, amount - level.used - level.reserved);
    if (paid <= 0) return;
    this.rowAt(number, level, nowUs).used += paid;
    level.used += paid;
    level.debt -= paid;
  }

  /** The row of this instant, which is the last or a new one. */
  private rowAt(number: number, level: Level, atUs: number): Row {
    const rows = this.rows[number]!;
    const last = level.end - 1;
    if (last < level.first || rows.get(last)!.atUs !== atUs)
      rows.set(level.end++, { atUs, used: 0, reserved: 0 });
    return rows.edit(level.end - 1);
  }

  private rowOf(number: number, level: Level, atUs: number): number {
    let low = level.first;
    let high = level.end - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[number]!.get(middle)!.atUs < atUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Settlement {
  /** Of this limit's resource: what was reserved, and what was used. */
  readonly before: number;
  readonly after: number;
  readonly asked: OpenReservation;
  readonly nowUs: number;
}

function copied<Entry extends object>(entry: Entry): Entry {
  return { ...entry };
}

function onTheWayUp(
  name: string,
  parents: ReadonlyMap<string, string | undefined>,
  own: ReadonlyMap<string, readonly number[]>,
): readonly number[] {
  const numbers: number[] = [];
  for (let node: string | undefined = name; node !== undefined; node = parents.get(node))
    numbers.push(...(own.get(node) ?? []));
  return numbers;
}
