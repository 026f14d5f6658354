/**
 * The naive budget tree: a list of all that was ever reserved, from which every figure is counted anew at every question.
 * Times are small integers, so that a sliding window can be followed tick by tick.
 */
import type { BudgetAmounts, BudgetLimit, BudgetNodeSpec } from '../../src/kernel/budget-limits.ts';
import type { ReserveResult } from '../../src/kernel/budgets.ts';

interface ModelReservation {
  readonly node: number;
  readonly asked: BudgetAmounts;
  readonly atUs: number;
  used?: BudgetAmounts;
  settledUs?: number;
  /** Place of the settlement in the order of all happenings. */
  settledPlace?: number;
  readonly place: number;
}

interface Load {
  readonly used: number;
  readonly reserved: number;
}

/** As reserve answers, without the ticket; `retryAtUs` is checked by hasRoom. */
export type ModelAnswer =
  | Exclude<ReserveResult, { kind: 'reserved' | 'waits' }>
  | { readonly kind: 'reserved' }
  | { readonly kind: 'waits'; readonly node: number };

export class BudgetModel {
  readonly waiters: { node: number; seq: number; id: number }[] = [];
  private readonly reservations: ModelReservation[] = [];
  private readonly specs: readonly BudgetNodeSpec[];
  private places = 0;

  constructor(specs: readonly BudgetNodeSpec[]) {
    this.specs = specs;
  }

  reserve(node: number, asked: BudgetAmounts, nowUs: number, seq: number): ModelAnswer {
    let full = -1;
    for (const at of this.pathOf(node)) {
      if (full === -1 && this.waiters.some((waiter) => waiter.node === at && waiter.seq < seq)) full = at;
      for (const limit of this.limitsOf(at)) {
        const { resource, amount } = limit;
        const load = this.loadOf(at, limit, nowUs);
        const isLast = limit.window.kind === 'total' || amount === 0;
        const most = isLast ? amount - load.used : amount;
        if (asked[resource] > most) {
          return { kind: 'never', node: at, resource, limit: amount, asked: asked[resource] };
        }
        if (full === -1 && load.used + load.reserved + asked[resource] > amount) full = at;
      }
    }
    if (full !== -1) return { kind: 'waits', node: full };
    this.reservations.push({ node, asked, atUs: nowUs, place: this.places++ });
    return { kind: 'reserved' };
  }

  /** `which`: the how-manieth successful reservation. */
  settle(which: number, used: BudgetAmounts, nowUs: number): void {
    const reservation = this.reservations[which]!;
    reservation.used = used;
    reservation.settledUs = nowUs;
    reservation.settledPlace = this.places++;
  }

  settleAllInFull(nowUs: number): void {
    this.reservations.forEach(({ used, asked }, which) => {
      if (used === undefined) this.settle(which, asked, nowUs);
    });
  }

  /** Whether all windows of the node have room if nothing happens until then. */
  hasRoom(node: number, asked: BudgetAmounts, atUs: number): boolean {
    return this.limitsOf(node).every((limit) => {
      const { used, reserved } = this.loadOf(node, limit, atUs);
      return used + reserved + asked[limit.resource] <= limit.amount;
    });
  }

  loadOf(node: number, limit: BudgetLimit, nowUs: number): Load {
    const below = this.reservations.filter((one) => this.pathOf(one.node).includes(node));
    if (limit.window.kind === 'sliding') return slidingLoad(below, limit, limit.window.lengthUs, nowUs);
    return fixedLoad(below, limit, limit.window.kind === 'total' ? Infinity : limit.window.lengthUs, nowUs);
  }

  limitsOf(node: number): readonly BudgetLimit[] {
    return this.specs[node]!.limits ?? [];
  }

  private pathOf(node: number): readonly number[] {
    const path: number[] = [];
    for (let at = node; at !== -1; at = this.specs.findIndex(({ name }) => name === this.specs[at]!.parent)) {
      path.push(at);
    }
    return path;
  }
}

/** Window after window: what one can't hold is carried into the next. */
function fixedLoad(
  all: readonly ModelReservation[],
  { resource, amount }: BudgetLimit,
  lengthUs: number,
  nowUs: number,
): Load {
  const windowOf = (atUs: number): number => (lengthUs === Infinity ? 0 : Math.floor(atUs / lengthUs));
  let carried = 0;
  for (let window = 0; ; window++) {
    let used = carried;
    let reserved = 0;
    for (const one of all) {
      const asked = one.asked[resource];
      const isSettled = one.settledUs !== undefined && windowOf(one.settledUs) <= window;
      if (windowOf(one.atUs) === window) {
        if (isSettled) used += Math.min(asked, one.used![resource]);
        else reserved += asked;
      }
      if (isSettled && windowOf(one.settledUs!) === window) used += Math.max(0, one.used![resource] - asked);
    }
    if (window === windowOf(nowUs)) return { used, reserved };
    carried = Math.max(0, used + reserved - amount);
  }
}

/** Tick after tick: what is a length old leaves, debt takes the room, then what happened at this tick happens. */
function slidingLoad(
  all: readonly ModelReservation[],
  { resource, amount }: BudgetLimit,
  lengthUs: number,
  nowUs: number,
): Load {
  const happenings = all
    .flatMap((of) => [
      { of, isSettlement: false, place: of.place, atUs: of.atUs },
      ...(of.settledUs === undefined
        ? []
        : [{ of, isSettlement: true, place: of.settledPlace!, atUs: of.settledUs }]),
    ])
    .sort((left, right) => left.place - right.place);
  let inside: { of?: ModelReservation; sinceUs: number; amount: number }[] = [];
  let debt = 0;
  for (let tick = 0; tick <= nowUs; tick++) {
    const payDebt = (): void => {
      const room = amount - inside.reduce((sum, entry) => sum + entry.amount, 0);
      inside.push({ sinceUs: tick, amount: Math.min(debt, room) });
      debt -= Math.min(debt, room);
    };
    inside = inside.filter(({ sinceUs }) => sinceUs + lengthUs > tick);
    payDebt();
    for (const { of, isSettlement } of happenings.filter(({ atUs }) => atUs === tick)) {
      if (!isSettlement) {
        inside.push({ of, sinceUs: tick, amount: of.asked[resource] });
      } else {
        const entry = inside.find((one) => one.of === of);
        if (entry !== undefined) entry.amount = Math.min(entry.amount, of.used![resource]);
        debt += Math.max(0, of.used![resource] - of.asked[resource]);
        payDebt();
      }
    }
  }
  const sum = (wantsOpen: boolean): number =>
    inside
      .filter(({ of }) => (of !== undefined && of.used === undefined) === wantsOpen)
      .reduce((total, entry) => total + entry.amount, 0);
  return { used: sum(false) + debt, reserved: sum(true) };
}
