/** What was spent before a crash stays spent: by the budgets, by each process, and of its share of an hourly limit. */
import { expect, test } from 'vitest';

import { hourUs } from '../../src/kernel/budget-limits.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { Usage } from '../../src/kernel/process.ts';
import { live, type Life } from '../support/lives.ts';
import { kernelOf, type AgentRun } from '../support/run-agents.ts';
import { allocate, burst, SECOND, sleep, think } from '../support/syscalls.ts';

const S = SECOND;

const usageIn = ({ kernel }: Life, pid = 1): Readonly<Usage> =>
  kernel.snapshot().processes.find((process) => process.pid === pid)!.usage;
const limitsIn = ({ kernel }: Life) => kernel.snapshot().budgets[0]!.limits;

test.each(['resume', 'continue'] as const)(
  'what a process used is counted in all its lives (%s), but for faults',
  (preemption) => {
    const setup: AgentRun = {
      agents: [
        { body: [allocate(500), think(40), think(70), think(30), sleep(60 * S), think(20)] },
        // Takes the core from it, in the middle of its second call.
        { atUs: 1_400_000, priority: 10, body: [burst(S), sleep(60 * S)] },
      ],
      kernel: { engines: [{ preemption, decodeTokensPerSecond: 50 }] },
    };
    const whole = live(setup, new MemoryStore());
    const store = new MemoryStore();
    // Both sleep.
    const first = live(setup, store, { steps: whole.steps - 3 });
    expect(usageIn(first)).toMatchObject({ tokensOut: 140, calls: 3 });
    const second = live(setup, store, { steps: 1, fromUs: first.nowUs });
    // Their pages have not been asked for yet.
    expect(usageIn(second)).toEqual({ ...usageIn(first), faults: 0 });
    live(setup, store, { steps: 1, fromUs: second.nowUs });
    const last = live(setup, store, { fromUs: second.nowUs });
    expect(usageIn(last)).toMatchObject({ tokensOut: 160, calls: 4 });
    expect(usageIn(whole)).toMatchObject({ tokensOut: 160, calls: 4 });
  },
);

test('a call that a crash interrupted is used in full, as by its budgets, and is one call when it has ended', () => {
  const limit = { resource: 'tokens', amount: 1_000, window: { kind: 'total' } } as const;
  const setup: AgentRun = {
    agents: [
      {
        body: [
          allocate(100),
          burst(10 * S, { maxOutput: 30, script: { tokensOut: 10, durationUs: 10 * S } }),
        ],
      },
    ],
    kernel: { budgets: [{ name: 'root', limits: [limit] }] },
  };
  const store = new MemoryStore();
  live(setup, store, { steps: 1 });
  const second = live(setup, store, { steps: 1, fromUs: S });
  expect(usageIn(second)).toMatchObject({ tokensIn: 100, tokensOut: 30, calls: 0 });
  const third = live(setup, store, { fromUs: 2 * S });
  expect(usageIn(third)).toMatchObject({ tokensIn: 300, tokensOut: 70, calls: 1 });
  expect(limitsIn(third)).toMatchObject([{ used: 370, reserved: 0 }]);
});

test.each(['fixed', 'sliding'] as const)(
  'who used over 0.3 of an hourly limit (%s) before a crash ranks behind the others after it',
  (kind) => {
    const window = { kind, lengthUs: hourUs } as const;
    const heavy = (maxOutput: number) => think(maxOutput, { script: { tokensOut: maxOutput } });
    const setup: AgentRun = {
      agents: [
        // Better by its priority.
        { priority: 45, body: [heavy(400), sleep(100 * S), burst(S)] },
        { priority: 50, body: [sleep(100 * S), burst(S)] },
        { priority: 40, body: [sleep(90 * S), burst(20 * S)] },
      ],
      kernel: { budgets: [{ name: 'team', limits: [{ resource: 'tokens', amount: 1_000, window }] }] },
    };
    const order = (...lives: readonly Life[]) =>
      lives
        .flatMap(({ events }) => events)
        .flatMap((event) => (event.type === 'process.dispatched' && event.atUs > 50 * S ? [event.pid] : []));
    const whole = live(setup, new MemoryStore());
    expect(order(whole)).toEqual([3, 2, 1]);
    const store = new MemoryStore();
    const first = live(setup, store, { steps: 4 });
    expect(usageIn(first).tokensOut).toBe(400);
    expect(order(live(setup, store, { fromUs: 60 * S }))).toEqual([3, 2, 1]);
  },
);

test.each([
  ['fixed', [0.099, 0.099, 0.099, 0]],
  ['sliding', [0.7, 0.7, 0.1, 0]],
] as const)('the share of an hourly limit (%s) is the same in every life', (kind, shares) => {
  const window = { kind, lengthUs: hourUs } as const;
  const used = (durationUs: number, tokensOut: number, maxOutput = tokensOut) =>
    burst(durationUs, { maxOutput, script: { tokensOut, durationUs } });
  const setup: AgentRun = {
    agents: [
      {
        budget: 'team',
        // 600 in this hour; 100 more, beyond what was reserved just before its end, in the next.
        body: [
          sleep(hourUs / 2),
          used(S, 600),
          sleep(hourUs / 2 - 2 * S),
          used(9 * S, 100, 1),
          sleep(3 * hourUs),
        ],
      },
    ],
    kernel: {
      budgets: [{ name: 'team', limits: [{ resource: 'tokens', amount: 1_000, window }] }],
    },
  };
  const shareIn = ({ kernel }: Life, atUs: number) =>
    kernel['state'].quotas.share(kernel['state'].processes[1]!, atUs);
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 5 });
  expect(first.nowUs).toBe(hourUs + 8 * S);
  const instants = [first.nowUs, first.nowUs + 1, 1.6 * hourUs, 2 * hourUs];
  const later = instants.map((atUs) => shareIn(live(setup, store, { steps: 1, fromUs: atUs }), atUs));
  expect(later).toEqual(shares);
  expect(instants.map((atUs) => shareIn(first, atUs))).toEqual(shares);
});

// ---- The ledger ----------------------------------------------------------------------------------------------------------

test('a crash and a restore at one instant: each reservation is one of its own', () => {
  const limit = { resource: 'tokens', amount: 100, window: { kind: 'total' } } as const;
  const setup: AgentRun = {
    agents: [{ body: [think(10)] }],
    kernel: { budgets: [{ name: 'root', limits: [limit] }] },
  };
  const store = new MemoryStore();
  for (let life = 1; life <= 3; life++) live(setup, store, { steps: 1 });
  const last = live(setup, store);
  const seqs = store.ledger().flatMap(({ what, seq }) => (what === 'reserved' ? [seq] : []));
  expect(seqs).toEqual([1, 2, 3, 4]);
  expect(limitsIn(last)).toMatchObject([{ used: 40, reserved: 0 }]);
});

test('before its first input a kernel stands where its ledger ends', () => {
  const limit = { resource: 'tokens', amount: 100, window: { kind: 'sliding', lengthUs: hourUs } } as const;
  const setup: AgentRun = {
    agents: [{ atUs: S, body: [think(10)] }],
    kernel: { budgets: [{ name: 'root', limits: [limit] }] },
  };
  const store = new MemoryStore();
  const { nowUs } = live(setup, store);
  const kernel = new Kernel({ ...kernelOf(setup), ledger: store.ledger() });
  expect(kernel.nowUs).toBe(nowUs);
  kernel.checkInvariants();
  expect(kernel.snapshot()).toMatchObject({ nowUs, budgets: [{ limits: [{ used: 10 }] }] });
  expect(() => kernel.step({ atUs: nowUs - 1, type: 'timer.fired', timer: 1 as never })).toThrow(
    'time went back',
  );
});
