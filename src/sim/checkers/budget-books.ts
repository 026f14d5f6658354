/** What the windows of every limit hold, booked from the events alone. */
import {
  amountOf,
  type BudgetAmounts,
  type BudgetLimit,
  type BudgetNodeSpec,
} from '../../kernel/budget-limits.ts';
import { limitsOnTheWayUp, type BoundLimit } from './budget-chain.ts';
import type { EventOf } from './checker.ts';

/** What one limit knows of its window. Amounts of one resource. */
interface Window {
  /** Of settled calls, and of open reservations. */
  used(atUs: number): number;
  reserved(atUs: number): number;
  /** From when on pacing lets the next call start, a fraction of a µs included. */
  pacedUs(atUs: number): number;
  reserve(asked: number, atUs: number): void;
  settle(asked: number, used: number, reservedAtUs: number, atUs: number): void;
}

interface Open {
  readonly asked: BudgetAmounts;
  readonly atUs: number;
  hasRun: boolean;
}

export class BudgetBooks {
  /** A node's own limits and those of its ancestors, nearest first. */
  readonly limitsOf: (node: string) => readonly BoundLimit[];
  private readonly windows = new Map<BoundLimit, Window>();
  private readonly open = new Map<number, Open>();
  /** What an overrun owes to later sliding windows is not booked. */
  private readonly inexact = new Set<BoundLimit>();

  constructor(budgets: readonly BudgetNodeSpec[]) {
    this.limitsOf = limitsOnTheWayUp(budgets);
  }

  used(bound: BoundLimit, atUs: number): number {
    return this.windowOf(bound).used(atUs);
  }

  held(bound: BoundLimit, atUs: number): number {
    const window = this.windowOf(bound);
    return window.used(atUs) + window.reserved(atUs);
  }

  pacedUs(bound: BoundLimit, atUs: number): number {
    return this.windowOf(bound).pacedUs(atUs);
  }

  isExact(bound: BoundLimit): boolean {
    return !this.inexact.has(bound);
  }

  reserve(event: EventOf<'budget.reserved'>): void {
    const asked = askedBy(event);
    for (const bound of this.limitsOf(event.node))
      this.windowOf(bound).reserve(amountOf(asked, bound.limit.resource), event.atUs);
    this.open.set(event.pid, { asked, atUs: event.atUs, hasRun: false });
  }

  dispatched({ pid }: { readonly pid: number }): void {
    const reservation = this.open.get(pid);
    if (reservation !== undefined) reservation.hasRun = true;
  }

  settle(event: EventOf<'budget.settled'>): void {
    const { pid, node, tokens, microDollars, coreUs } = event;
    const reservation = this.open.get(pid);
    if (reservation === undefined) return; // the reservations' checker speaks of it
    const used = { tokens, microDollars, coreUs, calls: reservation.hasRun ? 1 : 0 };
    for (const bound of this.limitsOf(node)) {
      const { resource, window } = bound.limit;
      const asked = amountOf(reservation.asked, resource);
      const spent = amountOf(used, resource);
      if (spent > asked && window.kind === 'sliding') this.inexact.add(bound);
      this.windowOf(bound).settle(asked, spent, reservation.atUs, event.atUs);
    }
    this.open.delete(pid);
  }

  private windowOf(bound: BoundLimit): Window {
    let window = this.windows.get(bound);
    if (window === undefined) {
      const { limit } = bound;
      window = limit.window.kind === 'sliding' ? slidingWindow(limit) : fixedWindow(limit);
      this.windows.set(bound, window);
    }
    return window;
  }
}

export function askedBy({ tokens, microDollars, coreUs }: EventOf<'budget.reserved'>): BudgetAmounts {
  return { tokens, microDollars, coreUs, calls: 1 };
}

/** Windows aligned to multiples of their length; a total is one window without end. */
function fixedWindow({ amount, window }: BudgetLimit): Window {
  const lengthUs = window.kind === 'total' ? Infinity : window.lengthUs;
  let startUs = 0;
  /** Used in this window, and still reserved in it. */
  let used = 0;
  let reserved = 0;

  function roll(atUs: number): void {
    if (atUs < startUs + lengthUs) return;
    const nextUs = atUs - (atUs % lengthUs);
    // An open reservation stays in its window in full; only what the windows since could not hold is still owed.
    used = Math.max(0, used + reserved - amount * ((nextUs - startUs) / lengthUs));
    reserved = 0;
    startUs = nextUs;
  }

  return {
    used(atUs) {
      roll(atUs);
      return used;
    },
    reserved(atUs) {
      roll(atUs);
      return reserved;
    },
    pacedUs(atUs) {
      roll(atUs);
      const held = used + reserved;
      return lengthUs === Infinity || held === 0 ? 0 : startUs + (held * lengthUs) / amount;
    },
    reserve(asked, atUs) {
      roll(atUs);
      reserved += asked;
    },
    settle(asked, spent, reservedAtUs, atUs) {
      roll(atUs);
      if (reservedAtUs < startUs) {
        used += Math.max(0, spent - asked);
        return;
      }
      reserved -= asked;
      used += spent;
    },
  };
}

/** Counts a reservation from its instant for one length, its end excluded. */
function slidingWindow({ amount, window }: BudgetLimit): Window {
  const lengthUs = window.kind === 'sliding' ? window.lengthUs : Infinity;
  /** In the order of time; those before `first` have slid out. */
  const entries: { readonly atUs: number; readonly asked: number; held: number; isOpen: boolean }[] = [];
  let first = 0;
  let used = 0;
  let reserved = 0;

  function slide(atUs: number): void {
    for (; first < entries.length && entries[first]!.atUs + lengthUs <= atUs; first++) {
      const { held, isOpen } = entries[first]!;
      if (isOpen) reserved -= held;
      else used -= held;
    }
  }

  return {
    used(atUs) {
      slide(atUs);
      return used;
    },
    reserved(atUs) {
      slide(atUs);
      return reserved;
    },
    pacedUs(atUs) {
      slide(atUs);
      // What the calls since each instant take to be paid for, from that instant on: the latest end.
      let held = 0;
      let pacedUs = 0;
      for (const entry of entries.slice(first).reverse()) {
        held += entry.held;
        if (held > 0) pacedUs = Math.max(pacedUs, entry.atUs + (held * lengthUs) / amount);
      }
      return pacedUs;
    },
    reserve(asked, atUs) {
      slide(atUs);
      entries.push({ atUs, asked, held: asked, isOpen: true });
      reserved += asked;
    },
    settle(asked, spent, reservedAtUs, atUs) {
      slide(atUs);
      // Reservations of one instant and amount are alike: it doesn't matter which of them is found.
      for (let index = entries.length - 1; index >= first; index--) {
        const entry = entries[index]!;
        if (entry.atUs < reservedAtUs) return;
        if (entry.atUs !== reservedAtUs || entry.asked !== asked || !entry.isOpen) continue;
        entry.isOpen = false;
        entry.held = Math.min(asked, spent);
        reserved -= asked;
        used += entry.held;
        return;
      }
    },
  };
}
