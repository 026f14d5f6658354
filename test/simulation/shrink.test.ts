import { afterEach, expect, test, vi } from 'vitest';

import { GroupCommit } from '../../src/host/group-commit.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { JournalRecord } from '../../src/kernel/records.ts';
import { brokenPromiseOf } from './broken-promise.ts';
import { checkScenario } from './check-scenario.ts';
import { drawScenario } from './draw-scenario.ts';
import { everyBoundary } from './every-boundary.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { smallScenario } from './small-scenario.ts';

afterEach(() => vi.restoreAllMocks());

async function promiseBrokenIn(scenario: Scenario): Promise<string | undefined> {
  try {
    await checkScenario(scenario);
    return undefined;
  } catch (error) {
    return brokenPromiseOf(error).promise;
  }
}

/** What is left of the first of these worlds that breaks it. */
async function smallest(promise: string, worlds: readonly Scenario[]): Promise<Scenario> {
  for (const world of worlds) {
    if ((await promiseBrokenIn(world)) !== promise) continue;
    return shrink(world, async (smaller) => (await promiseBrokenIn(smaller)) === promise);
  }
  throw new Error(`none breaks the promise "${promise}"`);
}

test('of a driver that waits for no flush one question to a model is left', async () => {
  vi.spyOn(GroupCommit.prototype, 'whenDurable').mockImplementation((act) => act());
  const { runs, tools, storms } = await smallest('durable before it begins', [1, 2, 3].map(drawScenario));
  const [{ agents, scripts, workers, signals }] = runs as [Scenario['runs'][number]];
  expect({ runs: runs.length, agents: agents.length, crashes: workers[0]!.crashes.length }).toEqual({
    runs: 1,
    agents: 1,
    crashes: 0,
  });
  expect({ tools, storms, scripts, signals }).toEqual({ tools: [], storms: [], scripts: {}, signals: [] });
});

test('of a storage that forgets which writes have started one write and one crash are left', async () => {
  const [run] = smallScenario.runs as [Scenario['runs'][number]];
  const scripts = { 'agent-1': run.scripts['agent-1']!.slice(0, 2) };
  const { crashed } = await everyBoundary({ ...smallScenario, runs: [{ ...run, scripts }] });
  const journal = Object.getOwnPropertyDescriptor(MemoryStore.prototype, 'journal')!.value as (
    this: MemoryStore,
    ...question: Parameters<MemoryStore['journal']>
  ) => JournalRecord[];
  vi.spyOn(MemoryStore.prototype, 'journal').mockImplementation(function (
    this: MemoryStore,
    address,
    filter,
  ) {
    const all = journal.call(this, address, filter);
    return filter === undefined ? all : all.filter(({ type }) => type !== 'tool.started');
  });
  const { runs } = await smallest('a write is not repeated', crashed);
  const [{ agents, scripts: left, workers }] = runs as [Scenario['runs'][number]];
  const calls = Object.values(left).flatMap((turns) => turns.flatMap((turn) => turn.calls));
  expect({ agents: agents.length, crashes: workers[0]!.crashes.length, calls: calls.length }).toEqual({
    agents: 1,
    crashes: 1,
    calls: 1,
  });
});
