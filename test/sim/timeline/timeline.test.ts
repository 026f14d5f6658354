/** Property: wherever one goes in a run, the view is that of its first events folded from the start, and what the kernel itself says where both tell the same. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { BudgetLimit } from '../../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { KernelSnapshot, ProcessSnapshot } from '../../../src/kernel/snapshot.ts';
import type { TimelineMachine } from '../../../src/sim/timeline/folded-state.ts';
import { EventStore } from '../../../src/sim/timeline/event-store.ts';
import type { MachineView, ViewedProcess } from '../../../src/sim/timeline/machine-view.ts';
import { Timeline } from '../../../src/sim/timeline/timeline.ts';
import { seedCount } from '../../support/seeds.ts';
import { migrating } from '../migrating-worlds.ts';
import { Draw } from '../random-draw.ts';
import { runWorld, type WorldWatch } from '../random-world.ts';

interface World {
  readonly machine: TimelineMachine;
  readonly events: readonly KernelEvent[];
}

function recordedWorld(seed: number): World {
  const events: KernelEvent[] = [];
  let machine: TimelineMachine | undefined;
  runWorld(seed, {
    onFacts: ({ engines, budgets = [] }) => (machine = { engines, budgets }),
    onEvent: (event) => events.push(event),
  });
  return { machine: machine!, events };
}

function timelineOf({ machine, events }: World, snapshotEvery?: number): Timeline {
  const timeline = new Timeline(machine, snapshotEvery);
  for (const event of events) timeline.add(event);
  return timeline;
}

/** Views at random places, near and far, against those of a timeline that has no more events than that. */
function checkWalk(seed: number, world: World): void {
  const { events, machine } = world;
  const draw = new Draw(rngFor(seed, 'walk'));
  const timeline = timelineOf(world, draw.between(1, 200));
  const { length } = events;
  for (let step = 0; step < 25; step++) {
    const near = Math.min(Math.max(0, timeline.index + draw.between(-3, 3)), length);
    const index = draw.chance(0.5) ? draw.between(0, length) : near;
    timeline.seek(index);
    const fresh = timelineOf({ machine, events: events.slice(0, index) });
    fresh.seek(index);
    expect(JSON.stringify(timeline.view()), `seed ${seed}, event ${index}`).toBe(
      JSON.stringify(fresh.view()),
    );
  }
}

test('wherever it goes, the view is that of the events so far', () => {
  for (let seed = 1; seed <= seedCount(8, 2_000); seed++) checkWalk(seed, recordedWorld(seed));
});

test('of several kernels one after the other, it shows the one of the moment', () => {
  const first = recordedWorld(3);
  const endUs = first.events.at(-1)!.atUs;
  const second = first.events.map((event) => ({ ...event, atUs: event.atUs + endUs }));
  // The first one crashes in the middle.
  const cut = first.events.slice(0, first.events.length / 2);
  const world = { machine: first.machine, events: [...cut, ...second] };
  checkWalk(3, world);
  const timeline = timelineOf(world);
  timeline.seek(cut.length + 1);
  expect(timeline.view()).toMatchObject({ life: 2, processes: [{ pid: 1 }], nowUs: second[0]!.atUs });
});

test('budgets outlive a kernel: what was reserved when it crashed counts in full', () => {
  const limits: readonly BudgetLimit[] = [
    { resource: 'tokens', amount: 100, window: { kind: 'fixed', lengthUs: 1_000 } },
    { resource: 'calls', amount: 9, window: { kind: 'sliding', lengthUs: 300 } },
  ];
  const spawned = {
    type: 'process.spawned',
    run: 'r',
    parent: 0,
    name: 'a',
    program: 'p',
    priority: 50,
    engine: 0,
  };
  const asked = { type: 'budget.reserved', pid: 1, node: 'team', tokens: 30, microDollars: 0, coreUs: 0 };
  const events = [
    { seq: 1, atUs: 0, ...spawned, pid: 1, budget: 'team' },
    { seq: 2, atUs: 10, ...asked },
    { seq: 1, atUs: 50, ...spawned, pid: 1, budget: 'team' },
    { seq: 2, atUs: 60, ...asked },
    { seq: 3, atUs: 320, type: 'process.waiting', pid: 1, on: 'timer' },
  ] as unknown as readonly KernelEvent[];
  const engines = [{ name: 'llm', cores: 1, memoryTokens: 10 }];
  const timeline = timelineOf({ machine: { engines, budgets: [{ name: 'team', limits }] }, events });
  const levels = (index: number): unknown => {
    timeline.seek(index);
    return timeline.view().budgets[0]!.limits.map(({ used, reserved }) => [used, reserved]);
  };
  expect([2, 3, 4, 5].map(levels)).toEqual([
    [
      [0, 30],
      [0, 1],
    ],
    [
      [30, 0],
      [1, 0],
    ],
    [
      [30, 30],
      [1, 1],
    ],
    [
      [30, 30],
      [0, 1],
    ],
  ]);
});

test('it gives back its events to the byte, and finds a time among them', () => {
  const odd = [
    {
      seq: 1,
      atUs: 0,
      type: 'program.failed',
      pid: 1,
      message: 'é\u{1f600}"\\',
      x: [0.1, -0, null, { a: [] }],
    },
    { seq: 2, atUs: 5, type: 'program.failed', pid: 2 ** 50 + 1, message: '', x: -1e-7, y: null, z: true },
    { seq: 3, atUs: 5, type: 'program.failed', pid: -(2 ** 50), message: '', x: 1e300, y: false },
    { seq: 3, atUs: 9, type: 'program.failed', y: false, pid: 2 ** 53 - 1 },
  ] as unknown as readonly KernelEvent[];
  const { events } = recordedWorld(5);
  for (const [every, list] of [
    [2, odd],
    [100, events],
  ] as const) {
    const store = new EventStore(every);
    for (const event of list) store.add(event);
    const back = list.map((_, index) => store.at(index));
    expect(back.map((event) => JSON.stringify(event))).toEqual(list.map((event) => JSON.stringify(event)));
    for (const { atUs } of list)
      for (const at of [atUs - 1, atUs])
        expect(store.countUntil(at), `${at}`).toBe(list.filter((event) => event.atUs <= at).length);
  }
});

test('at every step it says what the kernel says', () => {
  const alterations: readonly WorldWatch[] = [{}, { alter: migrating(1) }];
  let compared = 0;
  for (let seed = 1; seed <= seedCount(14, 10_000); seed++)
    for (const alteration of alterations) {
      let timeline: Timeline | undefined;
      let steps = 0;
      runWorld(seed, {
        ...alteration,
        onFacts: ({ engines, budgets = [] }) => (timeline = new Timeline({ engines, budgets }, 100)),
        onEvent: (event) => timeline!.add(event),
        onStep(kernel) {
          if (++steps % 7 !== 0) return;
          timeline!.seek(timeline!.count);
          compared++;
          const view = timeline!.view();
          const snapshot = kernel.snapshot();
          expect(ofView(view), `seed ${seed}, step ${steps}`).toEqual(ofKernel(snapshot));
          // A window that has rolled since the last event has told nobody.
          if (view.nowUs === snapshot.nowUs)
            expect(
              view.budgets.map(({ name, parent, limits }) => ({ name, parent, limits })),
              `seed ${seed}, step ${steps}`,
            ).toEqual(snapshot.budgets);
        },
      });
    }
  expect(compared).toBeGreaterThan(100);
});

/** What both tell. */
function ofView({ processes, engines, locks, semaphores }: MachineView): unknown {
  return {
    processes: processes.map((process) => ({ ...same(process), usage: usageOf(process) })),
    engines: engines.map(({ cores, ready, memory }) => ({
      running: cores.map(({ pid }) => pid),
      ready: ready.length,
      residentTokens: memory.residentTokens,
      roomTokens: memory.roomTokens,
    })),
    waitingForMemory: engines.map(({ waitingForMemory }) => waitingForMemory.toSorted(byNumber)),
    locks: sorted(locks.map(({ lock, owner, waiters, token }) => ({ lock, owner, waiters, token }))),
    semaphores: sorted(semaphores),
  };
}

function ofKernel({ processes, engines, locks, semaphores }: KernelSnapshot): unknown {
  return {
    processes: processes.map((process) => ({ ...same(process), usage: usageOf(process) })),
    engines: engines.map(({ running, ready, residentTokens, roomTokens }) => ({
      running,
      ready,
      residentTokens,
      roomTokens,
    })),
    waitingForMemory: engines.map(({ index }) =>
      processes
        .filter(
          ({ state, waitingOn, engine }) => state === 'waiting' && waitingOn === 'memory' && engine === index,
        )
        .map(({ pid }) => pid)
        .toSorted(byNumber),
    ),
    locks: sorted(locks.map(({ lock, owner, waiters, token }) => ({ lock, owner, waiters, token }))),
    semaphores: sorted(semaphores),
  };
}

function same(process: ViewedProcess | ProcessSnapshot): object {
  const { pid, run, name, program, priority, effectivePriority } = process;
  const { state, sinceUs, core, engine, budget, outcome, mail } = process;
  // The kernel keeps the last reason of who is suspended.
  const waitingOn = state === 'waiting' ? process.waitingOn : '';
  const about = { pid, run, name, program, priority, effectivePriority, budget };
  return { ...about, state, waitingOn, sinceUs, core, engine, outcome, mail };
}

/** Tokens the kernel counts by settlements, events by calls. */
function usageOf({
  usage: { calls, coreUs, microDollars, faults },
}: ViewedProcess | ProcessSnapshot): unknown {
  return { calls, coreUs, microDollars, faults };
}

const byNumber = (a: number, b: number): number => a - b;

/** They come in no order that means anything. */
const sorted = (list: readonly object[]): readonly string[] =>
  list.map((one) => JSON.stringify(one)).toSorted();
