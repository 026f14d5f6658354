/** The budget tree against a naive model that counts everything anew from a list of all reservations. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type {
  BudgetAmounts,
  BudgetLimit,
  BudgetNodeSpec,
  BudgetResource,
} from '../../src/kernel/budget-limits.ts';
import type { Reservation } from '../../src/kernel/budgets.ts';
import { BudgetTree } from '../../src/kernel/budgets.ts';
import { seedCount } from '../support/seeds.ts';
import { BudgetModel } from './budget-model.ts';

const amountsUpTo = (max: number): fc.Arbitrary<BudgetAmounts> => {
  const some = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat({ max }) });
  return fc.record({ tokens: some, calls: some, microDollars: fc.constant(0), coreUs: fc.constant(0) });
};

const limit: fc.Arbitrary<BudgetLimit> = fc.record({
  resource: fc.constantFrom<BudgetResource[]>('tokens', 'tokens', 'calls'),
  amount: fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 12, arbitrary: fc.integer({ min: 1, max: 14 }) },
  ),
  window: fc.oneof(
    { weight: 1, arbitrary: fc.constant({ kind: 'total' as const }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('fixed' as const, 'sliding' as const),
        lengthUs: fc.integer({ min: 1, max: 12 }),
      }),
    },
  ),
});

const limits = fc.uniqueArray(limit, {
  maxLength: 3,
  selector: ({ resource, window }) => `${resource} ${JSON.stringify(window)}`,
});

/** Each node's parent is one with a smaller number, or none. */
const trees: fc.Arbitrary<readonly BudgetNodeSpec[]> = fc
  .array(fc.record({ limits, parent: fc.nat({ max: 9 }) }), { minLength: 1, maxLength: 5 })
  .map((nodes) =>
    nodes.map(({ limits, parent }, index) => {
      const above = index === 0 ? -1 : (parent % (index + 1)) - 1;
      return { name: `n${index}`, limits, ...(above === -1 ? {} : { parent: `n${above}` }) };
    }),
  );

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      node: fc.nat({ max: 9 }),
      amounts: amountsUpTo(8),
      joins: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat({ max: 99 }),
      used: amountsUpTo(14),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), us: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat({ max: 99 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('retry' as const), which: fc.nat({ max: 99 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Tree and model side by side: every step is done to both, and `got` and `want` gather what they say of it. */
class Pair {
  readonly seen = { reserved: 0, waits: 0, never: 0, overruns: 0, retried: 0 };
  got: unknown[] = [];
  want: unknown[] = [];
  private tree: BudgetTree;
  private readonly model: BudgetModel;
  private readonly specs: readonly BudgetNodeSpec[];
  private readonly open: { which: number; ticket: Reservation }[] = [];
  private readonly askedBy = new Map<number, { node: number; amounts: BudgetAmounts }>();
  private reservations = 0;
  private nowUs = 0;
  private seq = 0;

  constructor(specs: readonly BudgetNodeSpec[]) {
    this.specs = specs;
    this.tree = new BudgetTree(specs);
    this.model = new BudgetModel(specs);
  }

  run(step: Step): void {
    this.got = [];
    this.want = [];
    switch (step.do) {
      case 'reserve': {
        const seq = ++this.seq;
        this.askedBy.set(seq, { node: step.node % this.specs.length, amounts: step.amounts });
        this.reserve(seq, step.joins);
        break;
      }
      case 'settle':
        this.settle(step.which, step.used);
        break;
      case 'pass':
        this.nowUs += step.us;
        break;
      case 'leave':
        this.leave(step.which);
        break;
      case 'retry': {
        const seq = this.leave(step.which);
        if (seq !== undefined) this.reserve(seq, true);
        break;
      }
      case 'crash':
        this.crash();
        break;
    }
    this.compare();
  }

  private note(got: unknown, want: unknown): void {
    this.got.push(got);
    this.want.push(want);
  }

  private reserve(seq: number, joins: boolean): void {
    const { node, amounts } = this.askedBy.get(seq)!;
    const answer = this.tree.reserve(node, amounts, this.nowUs, seq);
    const expected = this.model.reserve(node, amounts, this.nowUs, seq);
    this.seen[answer.kind]++;
    if (answer.kind === 'reserved') {
      this.note(expected, { kind: 'reserved' });
      this.note({ ...amounts, node, atUs: this.nowUs }, pickTicket(answer.reservation));
      this.open.push({ which: this.reservations++, ticket: answer.reservation });
    } else if (answer.kind === 'never') {
      this.note(answer, expected);
    } else {
      this.note({ kind: answer.kind, node: answer.node }, expected);
      this.checkRetry(answer.node, amounts, answer.retryAtUs);
      if (joins) {
        this.tree.addWaiter(answer.node, seq, seq * 10);
        this.model.waiters.push({ node: answer.node, seq, id: seq * 10 });
      }
    }
  }

  /** The very first instant at which there is room if nothing else happens. */
  private checkRetry(node: number, amounts: BudgetAmounts, retryAtUs: number): void {
    if (this.model.hasRoom(node, amounts, this.nowUs)) {
      this.note(retryAtUs, Infinity); // an earlier waiter stands before it
    } else if (retryAtUs === Infinity) {
      const isTotalFull = this.model.limitsOf(node).some((limit) => {
        const { used, reserved } = this.model.loadOf(node, limit, this.nowUs);
        return limit.window.kind === 'total' && used + reserved + amounts[limit.resource] > limit.amount;
      });
      this.note(isTotalFull, true);
    } else {
      this.seen.retried++;
      this.note(retryAtUs > this.nowUs, true);
      this.note(this.model.hasRoom(node, amounts, retryAtUs - 1), false);
      this.note(this.model.hasRoom(node, amounts, retryAtUs), true);
    }
  }

  private settle(which: number, used: BudgetAmounts): void {
    if (this.open.length === 0) return;
    const [settled] = this.open.splice(which % this.open.length, 1);
    const overruns = this.tree.settle(settled!.ticket, used, this.nowUs);
    this.model.settle(settled!.which, used, this.nowUs);
    this.seen.overruns += overruns.length;
    for (const { node, resource, amount } of overruns) {
      this.note(amount, used[resource] - settled!.ticket[resource]);
      this.note(
        this.model.limitsOf(node).some((limit) => limit.resource === resource),
        true,
      );
    }
  }

  private leave(which: number): number | undefined {
    const { waiters } = this.model;
    if (waiters.length === 0) return undefined;
    const [{ node, seq } = { node: 0, seq: 0 }] = waiters.splice(which % waiters.length, 1);
    this.tree.removeWaiter(node, seq);
    return seq;
  }

  private crash(): void {
    const saved = JSON.parse(JSON.stringify(this.tree.save()));
    this.tree = new BudgetTree(this.specs);
    this.tree.load(saved);
    this.model.settleAllInFull(this.nowUs);
    this.model.waiters.length = 0;
    this.open.length = 0;
  }

  private compare(): void {
    this.tree.checkInvariants(this.nowUs);
    const { waiters } = this.model;
    this.specs.forEach((_, node) => {
      const first = waiters.filter((one) => one.node === node).sort((left, right) => left.seq - right.seq)[0];
      this.note(this.tree.firstWaiter(node), first?.id ?? -1);
      const usage = this.tree.usage(node, this.nowUs).map(({ used, reserved }) => ({ used, reserved }));
      const expected = this.model.limitsOf(node).map((limit) => this.model.loadOf(node, limit, this.nowUs));
      this.note(usage, expected);
    });
    const nodes = [...new Set(waiters.map(({ node }) => node))].sort((left, right) => left - right);
    this.note([...this.tree.nodesWithWaiters()], nodes);
  }
}

test('tree and model agree on every answer, every usage and every waiter', () => {
  const seen = { reserved: 0, waits: 0, never: 0, overruns: 0, retried: 0 };
  fc.assert(
    fc.property(trees, fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (specs, steps) => {
      const pair = new Pair(specs);
      for (const one of steps) {
        pair.run(one);
        expect(pair.got).toEqual(pair.want);
      }
      for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += pair.seen[key];
    }),
    { seed: 20260, numRuns: seedCount(300, 20_000) },
  );
  // The cases reach everything that can happen, many times.
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(100);
});

test('what is reserved and settled to nothing leaves no trace, at any node, within one window', () => {
  fc.assert(
    fc.property(trees, fc.array(amountsUpTo(8), { maxLength: 20 }), (specs, asked) => {
      const tree = new BudgetTree(specs);
      const node = specs.length - 1;
      const tickets = asked.flatMap((amounts) => {
        const answer = tree.reserve(node, amounts, 0, 1);
        return answer.kind === 'reserved' ? [answer.reservation] : [];
      });
      for (const ticket of tickets)
        tree.settle(ticket, { tokens: 0, calls: 0, microDollars: 0, coreUs: 0 }, 0);
      tree.checkInvariants(0);
      specs.forEach((_, index) => {
        for (const { used, reserved } of tree.usage(index, 0))
          expect({ used, reserved }).toEqual({ used: 0, reserved: 0 });
      });
    }),
    { seed: 20261, numRuns: seedCount(200, 5_000) },
  );
});

function pickTicket({ tokens, calls, microDollars, coreUs, node, atUs }: Reservation): object {
  return { tokens, calls, microDollars, coreUs, node, atUs };
}
