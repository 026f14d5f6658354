import { expect, test } from 'vitest';

import { feedbackProgram } from '../../../src/agents/memory/feedback-program.ts';
import type { Step, Trace, TraceEvent } from '../../../src/agents/traces/trace.ts';
import { Traces } from '../../../src/agents/traces/traces.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import type { ProgramBody, SyscallResult } from '../../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../../src/kernel/tools.ts';
import { Simulation } from '../../../src/sim/simulation.ts';
import { kernelOf, type AgentRun } from '../../support/run-agents.ts';
import { allocate, callTools, spawn, think, tool } from '../../support/syscalls.ts';

const tools: ToolSpec[] = [
  {
    name: 'read',
    description: 'reads',
    parameters: { type: 'object' },
    effects: () => ({ reads: ['a'], writes: [] }),
  },
  { name: 'risky', description: 'writes', parameters: { type: 'object' }, approval: true },
];
const S = 1_000_000;

interface Traced {
  readonly simulation: Simulation;
  readonly traces: Traces;
  /** Of run-1. */
  readonly trace: () => Trace;
  readonly events: () => Promise<TraceEvent[]>;
}

function traced(body: ProgramBody, setup: Partial<AgentRun> = {}): Traced {
  const traces = new Traces();
  const kernel = kernelOf({ agents: [{ body }], ...setup, kernel: { tools, ...setup.kernel } });
  const simulation = new Simulation({
    kernel: { ...kernel, programs: [...(kernel.programs ?? []), feedbackProgram] },
    onOutput: (output, input) => traces.take(output, input),
  });
  const reader = traces.watch('run-1');
  simulation.spawn(0, { program: 'agent-1', arguments: { task: 'Write it' }, name: 'writer', run: 'run-1' });
  simulation.run();
  return {
    simulation,
    traces,
    trace: () => traces.trace('run-1')!,
    events: async () => {
      const all: TraceEvent[] = [];
      for await (const event of reader) all.push(event);
      return all;
    },
  };
}

/** sequence, type, parents, status. */
const shapeOf = ({ sequence, type, parents, status }: Step): unknown[] => [sequence, type, parents, status];

const everything: ProgramBody = function* () {
  yield { kind: 'recall', scope: 'team', query: 'write' };
  yield allocate(10);
  yield think(5, { script: { tokensOut: 5, text: 'calling' }, request: { model: 'm', tools: ['read'] } });
  yield callTools(
    tool('read', { path: 'a' }, { durationUs: 2 * S }),
    tool('nobody'),
    tool('read', {}, { durationUs: S }),
  );
  yield think(5, { request: { purpose: 'reflection' } });
  const child = (yield spawn('helper')) as SyscallResult<Pid>;
  yield think(5);
  if (child.ok) yield { kind: 'wait', pid: child.value };
  yield { kind: 'ask', question: 'Good?', purpose: 'answer', script: { answer: 'yes', durationUs: S } };
  yield { kind: 'remember', scope: 'team', text: 'it went well' };
  return 'done';
};
const helper: ProgramBody = function* () {
  yield think(7);
  return 'helped';
};

test('a run is a trace: every act a step that hangs on what came before it', () => {
  const { trace, simulation } = traced(everything, { programs: { helper } });
  const { steps, status, value, usage } = trace();
  expect({ status, value }).toEqual({ status: 'completed', value: 'done' });
  expect(steps.map(shapeOf)).toEqual([
    [1, 'memory_read', [], 'done'],
    [2, 'llm_call', [1], 'done'],
    // One batch: the same parent; what follows has them all. (A refused call is told at once, those that start at the end of the kernel's step.)
    [3, 'tool_call', [2], 'failed'],
    [4, 'tool_call', [2], 'done'],
    [5, 'tool_call', [2], 'done'],
    [6, 'reflection', [3, 4, 5], 'done'],
    // The child hangs on the step before its spawn, as its parent's next one does.
    [7, 'llm_call', [6], 'done'],
    [8, 'llm_call', [6], 'done'],
    [9, 'conclusion', [8], 'done'],
    // The wait joins the two.
    [10, 'feedback', [7, 9], 'done'],
    [11, 'memory_write', [10], 'done'],
    [12, 'conclusion', [11], 'done'],
  ]);
  expect(steps[1]!.data).toMatchObject({ purpose: 'turn', model: 'm', tools: ['read'], text: 'calling' });
  expect(steps[2]!.data).toMatchObject({ tool: 'nobody', code: 'UNKNOWN_TOOL' });
  expect(steps[3]!.data).toEqual({
    tool: 'read',
    arguments: { path: 'a' },
    subRun: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    value: 'read done',
  });
  expect(steps[9]!.data).toMatchObject({ question: 'Good?', answer: 'yes', decision: 'answer' });
  expect(steps[10]!.data).toEqual({ scope: 'team', text: 'it went well' });
  const all = simulation.kernel.snapshot().processes.map((process) => process.usage);
  const sum = (field: 'tokensIn' | 'tokensOut' | 'calls' | 'microDollars'): number =>
    all.reduce((total, one) => total + one[field], 0);
  expect(usage).toMatchObject({
    calls: sum('calls'),
    tokensIn: sum('tokensIn'),
    tokensOut: sum('tokensOut'),
    microDollars: sum('microDollars'),
  });
  expect(usage.calls).toBe(4);
});

test('its events tell each step from its start to its one result, in order', async () => {
  const { events } = traced(everything, { programs: { helper } });
  const all = await events();
  const told = (step: number): string[] =>
    all.filter((event) => 'step' in event && event.step === step).map(({ type }) => type);
  expect(all[0]).toMatchObject({ type: 'trace_started', arguments: { task: 'Write it' } });
  expect(all.at(-1)).toMatchObject({ type: 'trace_completed', value: 'done', usage: { calls: 4 } });
  expect(told(1)).toEqual(['step_started', 'memory_loaded']);
  expect(told(2)).toEqual(['step_started', 'llm_call_completed']);
  expect(told(3)).toEqual(['step_started', 'tool_result']);
  expect(told(4)).toEqual(['step_started', 'tool_executing', 'tool_result']);
  expect(told(6)).toEqual(['step_started', 'llm_call_completed']);
  expect(told(10)).toEqual(['step_started', 'awaiting_user_action', 'step_completed']);
  expect(told(11)).toEqual(['step_started', 'step_completed']);
  expect(told(12)).toEqual(['step_started', 'conclusion']);
  expect(all.map(({ atUs }) => atUs)).toEqual(all.map(({ atUs }) => atUs).toSorted((a, b) => a - b));
  // The quicker of two calls of a batch does not wait for the slower one to be told.
  const results = all.filter(({ type, atUs }) => type === 'tool_result' && atUs > 0);
  expect(results.map((event) => 'step' in event && event.step)).toEqual([5, 4, 3]);
});

test('a run that asks a person waits, and is not completed; a denied call is a failed step', () => {
  const body: ProgramBody = function* () {
    yield callTools(tool('risky'), tool('read'));
    return null;
  };
  const traces = new Traces();
  const simulation = new Simulation({
    kernel: kernelOf({ agents: [{ body }], kernel: { tools } }),
    faults: { personAbsent: 1 },
    onOutput: (output, input) => traces.take(output, input),
  });
  simulation.spawn(0, { program: 'agent-1', arguments: null, name: 'a', run: 'run-1' });
  simulation.run();
  const waiting = traces.trace('run-1')!;
  expect(waiting.status).toBe('waiting');
  expect(waiting.endedUs).toBe(-1);
  // Its safe sibling has gone on.
  expect(waiting.steps.map(({ data, status }) => [data['tool'], status])).toEqual([
    ['risky', 'open'],
    ['read', 'done'],
  ]);
  simulation.send(9 * S, { type: 'person.answered', request: 1 as never, decision: 'deny', value: 'no' });
  simulation.run();
  const ended = traces.trace('run-1')!;
  expect(ended.status).toBe('completed');
  expect(ended.steps[0]).toMatchObject({ status: 'failed', data: { decision: 'deny', code: 'TOOL_DENIED' } });
});

test('a killed run is cancelled: what was under way has no result, and what it used is counted', async () => {
  const body: ProgramBody = function* () {
    yield allocate(100);
    yield think(1_000);
  };
  const traces = new Traces();
  const simulation = new Simulation({
    kernel: kernelOf({ agents: [{ body }] }),
    onOutput: (output, input) => traces.take(output, input),
  });
  const reader = traces.watch('run-1');
  simulation.spawn(0, { program: 'agent-1', arguments: null, name: 'a', run: 'run-1' });
  simulation.signal(S, 1 as Pid, 'kill');
  simulation.run();
  const { status, steps, usage } = traces.trace('run-1')!;
  expect(status).toBe('cancelled');
  expect(steps.map(shapeOf)).toEqual([
    [1, 'llm_call', [], 'cancelled'],
    [2, 'conclusion', [1], 'cancelled'],
  ]);
  const used = simulation.kernel.snapshot().processes[0]!.usage;
  expect(used.tokensIn).toBe(100);
  expect(steps[0]!.usage).toMatchObject({ tokensIn: used.tokensIn, tokensOut: used.tokensOut });
  expect(usage).toMatchObject({ tokensIn: used.tokensIn, calls: used.calls });
  const types: string[] = [];
  for await (const { type } of reader) types.push(type);
  expect(types.slice(-2)).toEqual(['conclusion', 'trace_cancelled']);
});

test('a tool call is timed out, failed or cancelled when it is, not with its batch; what comes late is kept beside its result', () => {
  const specs = ['quick', 'bad', 'deaf', 'lost'].map((name) => ({
    name,
    description: name,
    parameters: { type: 'object' },
    effects: () => ({ reads: [], writes: [] }),
    timeoutUs: name === 'deaf' ? 5 * S : 100 * S,
  }));
  const calls = callTools(
    tool('quick', {}, { durationUs: 0 }),
    tool('bad', {}, { durationUs: 0, failed: true, result: 'no' }),
    tool('deaf', {}, { durationUs: 8 * S }),
    tool('lost', {}, { durationUs: 50 * S }),
  );
  const traces = new Traces();
  const simulation = new Simulation({
    kernel: kernelOf({ agents: [{ body: [calls] }], kernel: { tools: specs } }),
    // They take some times longer, and don't hear that they are told to stop.
    faults: { toolLate: 1 },
    onOutput: (output, input) => traces.take(output, input),
  });
  simulation.spawn(0, { program: 'agent-1', arguments: null, name: 'a', run: 'run-1' });
  simulation.signal(20 * S, 1 as Pid, 'kill');
  simulation.run(19 * S);
  const shape = (): unknown[] =>
    traces.trace('run-1')!.steps.map(({ status, endedUs }) => [status, endedUs / S]);
  expect(shape()).toEqual([
    ['done', 0],
    ['failed', 0],
    ['timed-out', 5],
    ['open', -1 / S],
  ]);
  const message = 'deaf gave no result within 5000000 µs';
  expect(traces.trace('run-1')!.steps[2]!.data).toMatchObject({ code: 'TOOL_TIMEOUT', message });
  simulation.run();
  expect(shape().slice(3)).toEqual([
    ['cancelled', 20],
    ['cancelled', 20],
  ]);
  const { steps, endedUs } = traces.trace('run-1')!;
  expect(endedUs).toBe(20 * S);
  expect(steps[2]!.data['late']).toMatchObject({ ok: true, value: 'deaf done' });
  expect(steps[3]!.data['late']).toMatchObject({ ok: true, value: 'lost done' });
});

test('a run that failed says why', async () => {
  const { events, trace } = traced(function* () {
    yield allocate(1);
    throw new Error('lost');
  });
  expect(trace().status).toBe('failed');
  expect((await events()).at(-1)).toMatchObject({ type: 'trace_failed', code: 'PROGRAM_FAILED' });
});

test('feedback on a step is a step behind it, and its experience joins the trace', async () => {
  const { traces, simulation, trace } = traced(function* () {
    yield think(5, { script: { tokensOut: 5, text: 'It is blue.' } });
    return null;
  });
  const said = { run: 'run-1', step: 1, scope: 'team' } as const;
  simulation.spawn(
    simulation.nowUs,
    traces.feedback({ ...said, kind: 'correction', text: 'Name your source' }),
  );
  simulation.run();
  const { steps, status } = trace();
  expect(status).toBe('completed');
  expect(steps.map(shapeOf).slice(2)).toEqual([
    [3, 'feedback', [1], 'done'],
    [4, 'memory_read', [3], 'done'],
    [5, 'memory_write', [4], 'done'],
    [6, 'conclusion', [5], 'done'],
  ]);
  expect(simulation.store.recall({ scope: 'team', query: 'source', limit: 1 })[0]).toMatchObject({
    data: {
      kind: 'experience',
      condition: 'working on the task: Write it',
      rule: 'Name your source',
      confidence: 0.6,
      evidence: [{ run: 'run-1', step: 1, text: 'Name your source' }],
    },
  });
  expect(traces.runs()).toEqual(['run-1']);
  expect(() => traces.feedback({ ...said, step: 9, kind: 'positive' })).toThrow('step: 9 is not allowed');
  expect(() => traces.feedback({ ...said, step: 3, kind: 'positive' })).toThrow('step: 3');
  expect(() => traces.feedback({ ...said, run: 'x', kind: 'positive' })).toThrow('run: "x"');
  expect(() => traces.feedback({ ...said, kind: 'correction' })).toThrow('feedback.text');
  // Who watches now is told everything from the start, to the end of the run.
  const types: string[] = [];
  for await (const { type } of traces.watch('run-1')) types.push(type);
  expect(types).toEqual([
    'trace_started',
    'step_started',
    'llm_call_completed',
    'step_started',
    'conclusion',
    'trace_completed',
  ]);
  expect(traces.forget('run-1')).toBe(true);
  expect(traces.trace('run-1')).toBeUndefined();
  expect(traces.forget('run-1')).toBe(false);
});
