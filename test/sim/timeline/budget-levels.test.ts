/** Property: the levels that are booked from reservations and settlements are those of the kernel's own budget tree, overruns and forks included. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { BudgetLimit, BudgetNodeSpec, BudgetWindow } from '../../../src/kernel/budget-limits.ts';
import { BudgetTree, type Reservation } from '../../../src/kernel/budgets.ts';
import { BudgetLevels } from '../../../src/sim/timeline/budget-levels.ts';
import { seedCount } from '../../support/seeds.ts';
import { Draw } from '../random-draw.ts';

function drawNodes(draw: Draw): readonly BudgetNodeSpec[] {
  const limits = (): BudgetLimit[] =>
    Array.from({ length: draw.between(0, 2) }, (_, index) => ({
      resource: index === 0 ? 'tokens' : 'calls',
      amount: draw.between(index === 0 ? 20 : 1, index === 0 ? 200 : 6),
      window: draw.of<BudgetWindow>([
        { kind: 'total' },
        { kind: 'fixed', lengthUs: 100 },
        { kind: 'sliding', lengthUs: 100 },
        { kind: 'sliding', lengthUs: 37 },
      ]),
    }));
  return [
    { name: 'root', limits: limits() },
    { name: 'team', parent: 'root', limits: limits() },
    { name: 'agent', parent: 'team', limits: limits() },
  ];
}

test('at every moment the levels are those of the budget tree', () => {
  let overruns = 0;
  for (let seed = 1; seed <= seedCount(200, 20_000); seed++) {
    const draw = new Draw(rngFor(seed, 'levels'));
    const nodes = drawNodes(draw);
    const tree = new BudgetTree(nodes);
    let levels = new BudgetLevels(nodes);
    const open: Reservation[] = [];
    let nowUs = 0;
    for (let step = 0; step < 60; step++) {
      nowUs += draw.chance(0.4) ? 0 : draw.between(1, 40);
      const other = levels.fork();
      // Whatever the one is told from now on, the other one knows nothing of it.
      if (draw.chance(0.3)) levels = other;
      if (draw.chance(0.6)) {
        const node = draw.between(0, 2);
        const asked = { tokens: draw.between(0, 40), calls: 1, microDollars: 0, coreUs: 0 };
        const result = tree.reserve(node, asked, nowUs, 0);
        if (result.kind === 'reserved') {
          levels.reserve(nodes[node]!.name, { ...asked, atUs: nowUs });
          open.push(result.reservation);
        }
      } else if (open.length > 0) {
        const [reservation] = open.splice(draw.between(0, open.length - 1), 1);
        const tokens = draw.chance(0.2) ? draw.between(0, 300) : draw.between(0, reservation!.tokens);
        const used = { tokens, calls: draw.of([0, 1]), microDollars: 0, coreUs: 0 };
        overruns += tree.settle(reservation!, used, nowUs).length;
        levels.settle(nodes[reservation!.node]!.name, reservation!, used, nowUs);
      }
      for (const [index, { name }] of nodes.entries())
        expect(
          levels.of(name, nowUs).map(({ limit, ...level }) => ({ ...level, limit: limit.amount })),
          `seed ${seed}, step ${step}, ${name}`,
        ).toEqual(
          tree.usage(index, nowUs).map(({ used, reserved, windowStartUs, limit }) => ({
            used,
            reserved,
            windowStartUs,
            limit,
          })),
        );
    }
  }
  expect(overruns).toBeGreaterThan(100);
});
