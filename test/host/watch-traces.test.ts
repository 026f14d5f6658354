/** Live, a run has the same trace as in simulation, and its text comes as it is written. */
import { expect, test } from 'vitest';

import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { Message } from '../../src/agents/model/messages.ts';
import { builtInTools } from '../../src/agents/tools/built-in.ts';
import { calculate } from '../../src/agents/tools/calculator.ts';
import type { Trace, TraceEvent } from '../../src/agents/traces/trace.ts';
import { Traces } from '../../src/agents/traces/traces.ts';
import type { ModelDelta } from '../../src/host/ports.ts';
import { watchTraces } from '../../src/host/watch-traces.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { AskedCall, Program, SyscallResult } from '../../src/kernel/syscalls.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { live, said } from '../support/live.ts';

/** What the model says to a prompt: the same live and simulated. */
function answerTo(messages: readonly Message[]): {
  text: string;
  tokensOut: number;
  toolCalls?: AskedCall[];
} {
  const results = messages.filter(({ role }) => role === 'tool').length;
  if (results > 0) return { text: 'It is 42, twice.', tokensOut: 6 };
  const sum = (id: string, expression: string): AskedCall => ({
    id,
    tool: 'calculator',
    arguments: { expression },
  });
  return {
    text: 'I calculate.',
    tokensOut: 4,
    toolCalls: [sum('c1', '6*7'), sum('c2', '('), sum('c3', '40+2')],
  };
}

/** Remembers, works, and has a child work. */
const parent: Program = {
  name: 'parent',
  version: 1,
  body: function* () {
    yield { kind: 'recall', scope: 'team', query: 'sums' };
    const child = (yield {
      kind: 'spawn',
      program: 'agent',
      arguments: { task: 'How much is it?', tools: ['calculator'], reflectEvery: 0 },
    }) as SyscallResult<number>;
    const end = yield { kind: 'wait', pid: (child.ok ? child.value : 0) as never };
    yield { kind: 'remember', scope: 'team', text: 'sums are easy', key: 'sums' };
    return end.ok ? 'done' : end.code;
  },
};
const spawn = { program: 'parent', arguments: { task: 'Sum' }, name: 'parent', run: 'r1' };
const programs = [parent, agentProgram];
const specs = builtInTools.map(({ spec }) => spec);

function withoutTimes(trace: Trace): unknown {
  const timeless = { startedUs: 0, endedUs: 0 };
  return { ...trace, ...timeless, steps: trace.steps.map((step) => ({ ...step, ...timeless })) };
}

async function collect(events: AsyncIterable<TraceEvent>): Promise<TraceEvent[]> {
  const all: TraceEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test('a run has the same trace live and in simulation, but for times and pieces of text', async () => {
  const { live: kernel } = live({
    program: parent,
    kernel: { programs, tools: specs },
    model: {
      call: ({ messages }, _stop, tell) => {
        const { text, tokensOut, toolCalls = [] } = answerTo(messages);
        for (const word of text.split(/(?<= )/)) tell({ type: 'text', text: word });
        const finish = toolCalls.length > 0 ? 'tool-calls' : 'stop';
        return Promise.resolve(said(text, { toolCalls, finish, usage: { tokensOut } }));
      },
    },
    tools: {
      call: ({ arguments: args }) => {
        const made = calculate(args as { expression: string });
        return Promise.resolve(made.ok ? made : { ok: false, value: made.message });
      },
    },
  });
  const traces = watchTraces(kernel);
  const watched = collect(traces.watch('r1'));
  await kernel.spawn(spawn).end;
  const liveEvents = await watched;

  const simulated = new Traces();
  const simulation = new Simulation({
    kernel: {
      seed: 1,
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none' }],
      programs,
      tools: specs,
    },
    tools: builtInTools,
    model: {
      answer: ({ messages }) => {
        const answer = answerTo(messages);
        return { ...answer, finish: answer.toolCalls === undefined ? 'stop' : 'tool-calls' };
      },
    },
    onOutput: (output, input) => simulated.take(output, input),
  });
  const read = collect(simulated.watch('r1'));
  simulation.spawn(0, spawn);
  simulation.run();
  const simulatedEvents = await read;

  const trace = traces.trace('r1')!;
  expect(trace).toMatchObject({ status: 'completed', value: 'done', usage: { calls: 2, tokensOut: 10 } });
  expect(trace.steps.map(({ type, parents, status }) => [type, parents, status])).toEqual([
    ['memory_read', [], 'done'],
    ['llm_call', [1], 'done'],
    ['tool_call', [2], 'done'],
    ['tool_call', [2], 'failed'],
    ['tool_call', [2], 'done'],
    ['llm_call', [3, 4, 5], 'done'],
    ['conclusion', [6], 'done'],
    ['memory_write', [1, 7], 'done'],
    ['conclusion', [8], 'done'],
  ]);
  expect(withoutTimes(simulated.trace('r1')!)).toEqual(withoutTimes(trace));
  // Live, each call of a batch ends when it does; each step is told the same all the same.
  const told = (events: readonly TraceEvent[], step: number): unknown[] =>
    events.flatMap((event) =>
      'step' in event && event.step === step && event.type !== 'text_delta' ? [{ ...event, atUs: 0 }] : [],
    );
  for (const { sequence } of trace.steps)
    expect(told(simulatedEvents, sequence)).toEqual(told(liveEvents, sequence));
  expect(simulatedEvents.some(({ type }) => type === 'text_delta')).toBe(false);
  const pieces = liveEvents.flatMap((event) =>
    event.type === 'text_delta' && event.step === 6 ? [[event.offset, event.text]] : [],
  );
  expect(pieces.map(([, text]) => text).join('')).toBe('It is 42, twice.');
  let next = 0;
  for (const [offset, text] of pieces) {
    expect(offset).toBe(next);
    next += (text as string).length;
  }
});

test('who comes late gets what happened, and the text so far in one piece', async () => {
  let tell: (delta: ModelDelta) => void = () => {};
  let finish: () => void = () => {};
  const { live: kernel } = live({
    program: agentProgram,
    model: {
      call: (_call, _stop, onDelta) => {
        tell = onDelta;
        return new Promise((resolve) => {
          finish = () => resolve(said('abc'));
        });
      },
    },
  });
  const traces = watchTraces(kernel);
  const { end } = kernel.spawn({ program: 'agent', arguments: { task: 'x' }, name: 'a', run: 'r1' });
  await new Promise(setImmediate);
  tell({ type: 'text', text: 'a' });
  tell({ type: 'reasoning', text: 'hidden' });
  tell({ type: 'text', text: 'b' });
  const late = collect(traces.watch('r1'));
  tell({ type: 'text', text: 'c' });
  finish();
  await end;
  const events = await late;
  expect(events.map(({ type }) => type)).toEqual([
    'trace_started',
    'step_started',
    'text_delta',
    'llm_call_completed',
    'step_started',
    'conclusion',
    'trace_completed',
  ]);
  expect(events.flatMap((event) => (event.type === 'text_delta' ? [event.text] : []))).toEqual(['abc']);
});

test('a kernel that breaks down fails its traces, and nobody waits for ever', async () => {
  const { live: kernel } = live({
    program: agentProgram,
    options: {
      storage: Object.assign(new MemoryStorage(), {
        append: () => Promise.reject(new Error('disk full')),
      }),
    },
  });
  const traces = watchTraces(kernel);
  const never = collect(traces.watch('r2'));
  const watched = collect(traces.watch('r1'));
  const { end } = kernel.spawn({ program: 'agent', arguments: { task: 'x' }, name: 'a', run: 'r1' });
  await expect(end).rejects.toThrow('disk full');
  expect((await watched).at(-1)).toMatchObject({ type: 'trace_failed', message: 'disk full' });
  expect(traces.trace('r1')!.status).toBe('failed');
  expect(await never).toEqual([]);
  expect(await collect(traces.watch('r3'))).toEqual([]);
});
