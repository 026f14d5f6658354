/** A kernel that prefetches: the time it saves, what it must not do, and what is left of it after a crash. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../src/kernel/contracts.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { Input } from '../../src/kernel/inputs.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { Syscall } from '../../src/kernel/syscalls.ts';
import { stepsToExecution } from '../../src/policies/paging/sessions/steps-to-execution.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { live } from '../support/lives.ts';
import { checkedSimulation, kernelOf, runAgents, type Agent, type AgentRun } from '../support/run-agents.ts';
import { fickle, lastActiveFirst } from '../support/prefetching-policies.ts';
import { seedCount } from '../support/seeds.ts';
import { allocate, burst, onPage, SECOND, sleep, think, touch } from '../support/syscalls.ts';

const engine = {
  memoryTokens: 1_000,
  prefillTokensPerSecond: 1_000,
  decodeTokensPerSecond: 100,
  loadTokensPerSecond: 200,
  loadLatencyUs: 500_000,
};
const tiered = (
  paging: CreatePagingPolicy,
  change: Partial<typeof engine> = {},
): NonNullable<AgentRun['kernel']> => ({
  residency: 'prefix',
  scheduling: fifo,
  paging,
  plan: { stepsToCall: (pid) => pid },
  engines: [{ ...engine, ...change }],
});
/** The same policy, which is never asked. */
const unasked =
  (create: CreatePagingPolicy): CreatePagingPolicy =>
  (context) =>
    Object.assign(create(context), { prefetch: undefined });

/** The second drives out 400 of the first one's 600 tokens, and ends; the first comes back when a transfer of them is over. */
const comesBack: readonly Agent[] = [
  { body: [allocate(200), allocate(400), think(10), sleep(20 * SECOND), think(10)] },
  { atUs: 2 * SECOND, body: [allocate(500), think(10)] },
];

test('what was driven out is back before it is asked for, and nobody waits for its load', () => {
  const with_ = runAgents({ agents: comesBack, kernel: tiered(stepsToExecution) });
  const without = runAgents({ agents: comesBack, kernel: tiered(unasked(stepsToExecution)) });
  // 400 tokens at 200 a second and half a second of latency.
  expect(without.all('call.ended', 1).map(({ loadUs }) => loadUs)).toEqual([0, 2_500_000]);
  expect(with_.all('call.ended', 1).map(({ loadUs }) => loadUs)).toEqual([0, 0]);
  expect(without.end(1).atUs - with_.end(1).atUs).toBe(2_500_000);
  const [started] = with_.all('prefetch.started');
  const [ended] = with_.all('prefetch.ended');
  // With the dispatch that drives it out.
  expect(started).toMatchObject({ atUs: 2 * SECOND, engine: 0, page: 2, tokens: 400 });
  expect(ended).toMatchObject({ atUs: started!.atUs + 2_500_000, tokens: 400, declinedTokens: 0 });
  expect(with_.all('page.prefetched')).toMatchObject([{ atUs: ended!.atUs, page: 2, pages: 1, tokens: 400 }]);
  expect(with_.all('prefetch.used')).toMatchObject([{ pid: 1, tokens: 400 }]);
  expect(with_.all('process.dispatched', 1)[1]).toMatchObject({ cachedTokens: 600, loadTokens: 0 });
  expect(without.all('prefetch.started')).toEqual([]);
});

test('a call that comes before its transfer is over loads for itself, and the transfer brings nothing', () => {
  const [first, second] = comesBack;
  const agents = [{ body: [allocate(200), allocate(400), think(10), sleep(3 * SECOND), think(10)] }, second!];
  const ran = runAgents({ agents, kernel: tiered(stepsToExecution) });
  expect(ran.all('prefetch.started')).toHaveLength(1);
  expect(ran.all('page.prefetched')).toEqual([]);
  expect(ran.all('call.ended', 1)[1]).toMatchObject({ loadUs: 2_500_000 });
  expect(first!.body).not.toEqual(agents[0]!.body);
});

test('nothing is prefetched without a slower tier, nor where pages stand alone', () => {
  for (const change of [
    tiered(stepsToExecution, { loadTokensPerSecond: 0 }),
    { ...tiered(stepsToExecution), residency: 'independent' } as const,
  ]) {
    const ran = runAgents({ agents: comesBack, kernel: change });
    expect(ran.all('page.evicted').length).toBeGreaterThan(0);
    expect(ran.all('prefetch.started')).toEqual([]);
  }
});

test('when nobody is left to load for, the transfer is cancelled and the run is over', () => {
  const ran = runAgents({
    agents: comesBack,
    kernel: tiered(stepsToExecution),
    signals: [[3 * SECOND, 1, 'kill']],
  });
  const [started] = ran.all('prefetch.started');
  expect(started!.atUs).toBeLessThan(3 * SECOND);
  expect(ran.all('prefetch.cancelled')).toMatchObject([{ atUs: 3 * SECOND, engine: 0, tokens: 400 }]);
  expect(ran.all('prefetch.ended')).toEqual([]);
  expect(ran.simulation.nowUs).toBe(3 * SECOND);
});

test('however often a policy changes its mind, what is moved between two calls is at most what memory holds, and one transfer', () => {
  // Three of 400 tokens in a memory of 1,000; then all wait for ever.
  const waits: Syscall = { kind: 'receive' };
  const agent = (atUs: number): Agent => ({ atUs, body: [allocate(200), allocate(200), think(10), waits] });
  const ran = runAgents({
    agents: [agent(0), agent(2 * SECOND), agent(4 * SECOND)],
    kernel: tiered(fickle),
  });
  const lastCall = ran.all('call.ended').at(-1)!;
  let moved = 0;
  for (const { atUs, tokens } of ran.all('prefetch.started')) {
    expect(moved).toBeLessThan(engine.memoryTokens);
    if (atUs >= lastCall.atUs) moved += tokens;
  }
  expect(ran.all('prefetch.started').length).toBeGreaterThan(1);
});

test('after a crash memory is cold and the transfer is gone: what it would have brought is computed anew', () => {
  const setup = { agents: comesBack, kernel: tiered(stepsToExecution) };
  const store = new MemoryStore();
  // The second has been dispatched: the transfer is under way.
  const first = live(setup, store, { steps: 3 });
  expect(first.events.at(-1)!.type).toBe('prefetch.started');
  const second = live(setup, store, { fromUs: first.nowUs });
  // The second's call is made again, and then the first's: all of it is new.
  expect(second.events.filter(({ type }) => type.includes('prefetch'))).toEqual([]);
  expect(second.events.filter(({ type }) => type === 'process.dispatched')).toMatchObject([
    { pid: 2, newTokens: 500 },
    { pid: 1, newTokens: 600, cachedTokens: 0, loadTokens: 0 },
  ]);
});

test('a policy that names what cannot be loaded is broken', () => {
  const paging: CreatePagingPolicy = (context) =>
    Object.assign(lastActiveFirst(context), { prefetch: () => [77] });
  expect(() => runAgents({ agents: comesBack, kernel: tiered(paging) })).toThrow(
    'paging policy last-active-first: prefetch names page 77',
  );
});

// ---- Random agents on a small memory ---------------------------------------------------------------------------------

const syscall: fc.Arbitrary<Syscall> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }).map((tokens) => think(tokens)) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }).map((count) => burst(count * SECOND)) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 120 }).map((tokens) => allocate(tokens)) },
  {
    weight: 2,
    arbitrary: fc
      .record({ first: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 1, max: 8 }) })
      .map(({ first, count }): Syscall => allocate(16, { blocks: { space: 'shared', first, count } })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 8 }).map((tenths) => sleep(1 + tenths * 700_000)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('pin', 'unpin', 'drop', 'free'), fc.integer({ min: 1, max: 9 }))
      .map(([kind, page]) => onPage(kind as 'pin', page)),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }).map((page) => touch(page)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 9 }).map((pages): Syscall => ({ kind: 'truncate', pages })),
  },
);
const policies: Readonly<Record<string, CreatePagingPolicy>> = {
  stepsToExecution,
  lastActiveFirst,
  fickle,
};
const drawnRun = fc.record({
  agents: fc.array(fc.array(syscall, { minLength: 10, maxLength: 24 }), { minLength: 2, maxLength: 4 }),
  policy: fc.constantFrom(...Object.keys(policies)),
  victims: fc.constantFrom('leaf', 'any'),
  preemption: fc.constantFrom('resume', 'continue', 'none'),
  cores: fc.integer({ min: 1, max: 2 }),
  memoryTokens: fc.integer({ min: 150, max: 400 }),
  loadTokensPerSecond: fc.constantFrom(50, 500, 100_000),
  loadLatencyUs: fc.constantFrom(0, 1_500, 700_000),
  oversize: fc.constantFrom('fail', 'bypass'),
});

test('whatever agents do, prefetching keeps every promise, and a rerun of the inputs gives the same events', () => {
  let prefetched = 0;
  let used = 0;
  fc.assert(
    fc.property(drawnRun, ({ agents, policy, victims, oversize, ...rates }) => {
      const kernel = kernelOf({
        agents: agents.map((body) => ({ body })),
        kernel: {
          residency: 'prefix',
          victims,
          oversize,
          scheduling: roundRobinWith({ sliceUs: 2 * SECOND }),
          paging: policies[policy]!,
          plan: { stepsToCall: (pid) => (pid * 7) % 5 },
          engines: [
            {
              ...rates,
              prefillTokensPerSecond: 200,
              decodeTokensPerSecond: 40,
            },
          ],
        },
      });
      const { events, inputs } = recorded(kernel, agents.length);
      for (const event of events) {
        if (event.type === 'page.prefetched') prefetched += event.tokens;
        if (event.type === 'prefetch.used') used += event.tokens;
      }
      const rerun = new Kernel(kernel);
      expect(JSON.stringify(inputs.flatMap((input) => rerun.step(input).events))).toBe(
        JSON.stringify(events),
      );
    }),
    { seed: 11, numRuns: seedCount(100, 10_000) },
  );
  expect(used).toBeGreaterThan(1_000);
  expect(prefetched).toBeGreaterThan(used);
});

function recorded(
  kernel: KernelOptionsInput,
  agents: number,
): { readonly events: readonly KernelEvent[]; readonly inputs: readonly Input[] } {
  const events: KernelEvent[] = [];
  const inputs: Input[] = [];
  const simulation = checkedSimulation(kernel, {
    onEvent: (event) => void events.push(event),
    onInput: (input) => void inputs.push(input),
  });
  for (let agent = 1; agent <= agents; agent++)
    simulation.spawn(agent * 300_000, {
      program: `agent-${agent}`,
      name: `agent-${agent}`,
      run: `run-${agent}`,
      arguments: null,
    });
  simulation.run();
  simulation.checkers.finish();
  // Whoever waits for ever, ends.
  for (let pid = 1; pid <= agents; pid++) simulation.signal(simulation.nowUs, pid as Pid, 'kill');
  simulation.run();
  return { events, inputs };
}
