import { amountOf, type BudgetAmounts, type BudgetLimit } from '../../kernel/budget-limits.ts';
import { limitsOnTheWayUp, type BoundLimit } from './budget-chain.ts';
import { checkOf, type CheckerFacts, type Check, type Checker } from './checker.ts';

/** What one limit knows of its window. Amounts of one resource. */
interface Window {
  /** A reservation at `atUs`; returns what the window holds then, the reservation included. */
  reserve(asked: number, atUs: number): number;
  settle(asked: number, used: number, reservedAtUs: number, atUs: number): void;
}

/**
 * No window of a limit ever holds more than its amount: reservations in full, settled ones with what they used. What was used above a
 * reservation is debited first to the window in which it was settled, then to the next ones (fixed windows and totals; a sliding window is
 * checked without such debts).
 */
export function budgetLimits({ budgets }: CheckerFacts): Checker {
  const check: Check = checkOf('budget-limits');
  const limitsOf = limitsOnTheWayUp(budgets);
  const windows = new Map<BoundLimit, Window>();
  const open = new Map<number, { readonly asked: BudgetAmounts; readonly atUs: number; hasRun: boolean }>();

  function windowOf(bound: BoundLimit): Window {
    let window = windows.get(bound);
    if (window === undefined) {
      const { limit } = bound;
      window = limit.window.kind === 'sliding' ? slidingWindow(limit.window.lengthUs) : fixedWindow(limit);
      windows.set(bound, window);
    }
    return window;
  }

  return {
    name: 'budget-limits',
    promise:
      'A budget is hard: no window of a node holds more than its limit, but for overruns, and those are debited next.',
    on: {
      'budget.reserved': (event) => {
        const { pid, node, atUs, tokens, microDollars, coreUs } = event;
        const asked = { tokens, microDollars, coreUs, calls: 1 };
        for (const bound of limitsOf(node)) {
          const { resource, amount, window } = bound.limit;
          const held = windowOf(bound).reserve(amountOf(asked, resource), atUs);
          check(
            held <= amount,
            event,
            () =>
              `process ${pid} reserves ${amountOf(asked, resource)} ${resource}: budget ${bound.node} then holds ${held} of ${amount} (${window.kind})`,
          );
        }
        open.set(pid, { asked, atUs, hasRun: false });
      },
      'process.dispatched': (event) => {
        const reservation = open.get(event.pid);
        if (reservation !== undefined) reservation.hasRun = true;
      },
      'budget.settled': (event) => {
        const { pid, node, tokens, microDollars, coreUs } = event;
        const reservation = open.get(pid);
        if (reservation === undefined) return; // the reservations' checker speaks of it
        const used = { tokens, microDollars, coreUs, calls: reservation.hasRun ? 1 : 0 };
        for (const bound of limitsOf(node)) {
          const { resource } = bound.limit;
          windowOf(bound).settle(
            amountOf(reservation.asked, resource),
            amountOf(used, resource),
            reservation.atUs,
            event.atUs,
          );
        }
        open.delete(pid);
      },
    },
  };
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
    reserve(asked, atUs) {
      roll(atUs);
      reserved += asked;
      return used + reserved;
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
function slidingWindow(lengthUs: number): Window {
  /** In the order of time; those before `first` have slid out. */
  const entries: { readonly atUs: number; readonly asked: number; held: number }[] = [];
  let first = 0;
  let sum = 0;

  function slide(atUs: number): void {
    for (; first < entries.length && entries[first]!.atUs + lengthUs <= atUs; first++)
      sum -= entries[first]!.held;
  }

  return {
    reserve(asked, atUs) {
      slide(atUs);
      entries.push({ atUs, asked, held: asked });
      sum += asked;
      return sum;
    },
    settle(asked, used, reservedAtUs, atUs) {
      slide(atUs);
      const rest = asked - Math.min(asked, used);
      if (rest === 0) return;
      // Reservations of one instant and amount are alike: it doesn't matter which of them is found.
      for (let index = entries.length - 1; index >= first; index--) {
        const entry = entries[index]!;
        if (entry.atUs < reservedAtUs) return;
        if (entry.atUs === reservedAtUs && entry.asked === asked && entry.held === asked) {
          entry.held -= rest;
          sum -= rest;
          return;
        }
      }
    },
  };
}
