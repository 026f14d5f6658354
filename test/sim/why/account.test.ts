/** Where the time of a process went: to the microsecond what the metrics say, in stretches without gaps, each with what made it as long as it was. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import { Metrics } from '../../../src/sim/metrics/metrics.ts';
import type { TimelineMachine } from '../../../src/sim/timeline/folded-state.ts';
import type { Cause, ProcessAccount } from '../../../src/sim/why/account.ts';
import { AccountReader } from '../../../src/sim/why/account-reader.ts';
import { seedCount } from '../../support/seeds.ts';
import { migrating } from '../migrating-worlds.ts';
import { runWorld } from '../random-world.ts';

interface World {
  readonly machine: TimelineMachine;
  readonly events: readonly KernelEvent[];
}

function randomWorld(seed: number): World {
  const events: KernelEvent[] = [];
  let machine: TimelineMachine | undefined;
  runWorld(seed, {
    ...(seed % 3 === 0 ? { alter: migrating(seed) } : {}),
    onFacts: ({ engines, budgets = [] }) => (machine = { engines, budgets }),
    onEvent: (event) => events.push(event),
  });
  return { machine: machine!, events };
}

function accountOf({ machine, events }: World, pid: number, endUs = events.at(-1)!.atUs): ProcessAccount {
  const reader = new AccountReader(machine, pid);
  for (const event of events) reader.read(event);
  return reader.account(endUs)!;
}

function checkTiling({ stretches, spawnedUs, endUs }: ProcessAccount, what: string): void {
  let atUs = spawnedUs;
  for (const { fromUs, toUs, state, fromIndex, toIndex } of stretches) {
    expect(fromUs, what).toBe(atUs);
    expect(fromIndex, what).toBeLessThanOrEqual(toIndex);
    if (state !== 'running') expect(toUs, what).toBeGreaterThan(fromUs);
    atUs = toUs;
  }
  expect(atUs, what).toBe(endUs);
}

test('whoever it is, wherever the run is cut: the split of the metrics, to the microsecond', () => {
  const kinds = new Set<Cause['kind']>();
  for (let seed = 1; seed <= seedCount(25, 2_000); seed++) {
    const { machine, events: all } = randomWorld(seed);
    for (const events of [all, all.slice(0, Math.ceil(all.length / 2))]) {
      const metrics = new Metrics(machine);
      for (const event of events) metrics.onEvent(event);
      const endUs = events.at(-1)!.atUs + 5;
      for (const { pid, split, turnaroundUs, outcome } of metrics.result(endUs).perProcess) {
        const account = accountOf({ machine, events }, pid, endUs);
        const what = `seed ${seed}, process ${pid} of ${events.length} events`;
        expect(account, what).toMatchObject({ split, turnaroundUs, outcome, downUs: 0 });
        checkTiling(account, what);
        for (const { cause } of account.stretches) kinds.add(cause.kind);
      }
    }
  }
  expect([...kinds].toSorted()).toEqual(
    'budget call child lock memory message person queue storage suspended timer tool'.split(' '),
  );
});
