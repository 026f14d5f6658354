/** Property: whatever programs, faults and signals do, the traces of a world are sound, and account for all that was used. */
import { expect, test } from 'vitest';

import { isTraceEnd, noUsage, type Trace, type TraceEvent } from '../../../src/agents/traces/trace.ts';
import { Traces } from '../../../src/agents/traces/traces.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { runWorld } from '../../sim/random-world.ts';
import { seedCount } from '../../support/seeds.ts';

const seeds = seedCount(20, 3_000);

interface World {
  readonly traces: Traces;
  readonly events: readonly KernelEvent[];
  readonly kernel: Kernel;
  readonly told: ReadonlyMap<string, Promise<TraceEvent[]>>;
}

function worldOf(seed: number): World {
  const traces = new Traces();
  const events: KernelEvent[] = [];
  const told = new Map<string, Promise<TraceEvent[]>>();
  let kernel: Kernel | undefined;
  runWorld(seed, {
    alter: (setup) => ({ ...setup, kernel: { ...setup.kernel, records: true } }),
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'process.spawned' && !told.has(event.run))
        told.set(event.run, collect(traces.watch(event.run)));
    },
    onOutput: (output, input) => traces.take(output, input),
    onStep: (stepped) => void (kernel = stepped),
  });
  return { traces, events, kernel: kernel!, told };
}

async function collect(events: AsyncIterable<TraceEvent>): Promise<TraceEvent[]> {
  const all: TraceEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test('sequences have no gaps, parents stand before their children, every act is one step, and usage adds up', async () => {
  let steps = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { traces, events, kernel, told } = worldOf(seed);
    const all = traces.runs().map((run) => traces.trace(run)!);
    for (const trace of all) {
      checkSteps(trace);
      checkEvents(trace, await told.get(trace.run)!);
      steps += trace.steps.length;
    }
    checkActs(all, events);
    checkUsage(all, kernel);
  }
  expect(steps).toBeGreaterThan(20 * seeds);
});

function checkSteps({ steps, usage, status, endedUs }: Trace): void {
  expect(['completed', 'failed', 'cancelled']).toContain(status);
  const sum = { ...noUsage };
  for (const [index, step] of steps.entries()) {
    expect(step.sequence).toBe(index + 1);
    for (const parent of step.parents) {
      expect(parent).toBeGreaterThanOrEqual(1);
      expect(parent).toBeLessThan(step.sequence);
      expect(steps[parent - 1]!.startedUs).toBeLessThanOrEqual(step.startedUs);
    }
    expect(new Set(step.parents).size).toBe(step.parents.length);
    expect(step.status).not.toBe('open');
    expect(step.endedUs).toBeGreaterThanOrEqual(step.startedUs);
    expect(step.endedUs).toBeLessThanOrEqual(endedUs);
    for (const field of ['tokensIn', 'tokensCached', 'tokensOut', 'microDollars'] as const)
      sum[field] += step.usage[field];
  }
  expect(usage).toMatchObject(sum);
}

/** Each step is told from its start to its one result; the end is told last. */
function checkEvents(trace: Trace, events: readonly TraceEvent[]): void {
  expect(events[0]!.type).toBe('trace_started');
  expect(events.filter(isTraceEnd)).toEqual([events.at(-1)]);
  const started: number[] = [];
  const closed = new Set<number>();
  for (const event of events) {
    if (!('step' in event)) continue;
    if (event.type === 'step_started') started.push(event.step);
    else expect(started).toContain(event.step);
    if (event.type === 'step_started' || event.type === 'tool_executing') continue;
    if (event.type === 'tool_late') {
      expect(closed.has(event.step)).toBe(true);
      continue;
    }
    if (event.type === 'awaiting_user_action' || event.type === 'text_delta') continue;
    expect(closed.has(event.step), `step ${event.step} has two results`).toBe(false);
    closed.add(event.step);
  }
  expect(started).toEqual(trace.steps.map(({ sequence }) => sequence));
  expect(closed.size).toBe(started.length);
}

function checkActs(all: readonly Trace[], events: readonly KernelEvent[]): void {
  const made = all.flatMap(({ steps }) => steps);
  const keyOf = ({ pid, n, index = 0 }: { pid: number; n: number; index?: number }): string =>
    `${pid}/${n}/${index}`;
  const keys = (types: readonly string[]): string[] =>
    made.filter(({ type }) => types.includes(type)).map(keyOf);
  const calls = events.flatMap((event) => (event.type === 'call.requested' ? [keyOf(event)] : []));
  expect(keys(['llm_call', 'reflection']).toSorted()).toEqual(calls.toSorted());
  const tools = events.flatMap((event) =>
    event.type === 'tool.started' || event.type === 'tool.refused' ? [keyOf(event)] : [],
  );
  const toolSteps = keys(['tool_call']);
  expect(new Set(toolSteps).size).toBe(toolSteps.length);
  for (const key of new Set(tools)) expect(toolSteps).toContain(key);
  const unstarted = made.filter((step) => step.type === 'tool_call' && !tools.includes(keyOf(step)));
  // Put to a person, and never allowed; or itself a question.
  for (const { status, data } of unstarted) if (data['tool'] !== 'asking') expect(status).not.toBe('done');
  const ends = events.filter(({ type }) => type === 'process.terminated').length;
  expect(keys(['conclusion'])).toHaveLength(ends);
}

function checkUsage(all: readonly Trace[], kernel: Kernel): void {
  const { processes } = kernel.snapshot();
  for (const trace of all) {
    const sum = { ...noUsage, calls: 0 };
    for (const { run, usage } of processes)
      if (run === trace.run)
        for (const field of Object.keys(sum) as (keyof typeof sum)[]) sum[field] += usage[field];
    expect(trace.usage).toEqual(sum);
  }
}
