/** A crash in the middle of a batch of tool calls: what has ended keeps its result, and no write is silently done a second time. */
import { expect, test } from 'vitest';

import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { PersonAsk } from '../../src/kernel/requests.ts';
import type { ProgramBody, SyscallResult, ToolCall } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { live, type Life } from '../support/lives.ts';
import type { AgentRun } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { callTools, failed, ok, SECOND, sleep, tool } from '../support/syscalls.ts';

const S = SECOND;

const toolNamed = (name: string, fields: Partial<ToolSpec> = {}): ToolSpec => ({
  name,
  description: name,
  parameters: { type: 'object' },
  ...fields,
});
const tools = [
  toolNamed('read', { effects: () => ({ reads: ['disk'], writes: [] }) }),
  toolNamed('write', { effects: () => ({ reads: [], writes: ['disk'] }) }),
  toolNamed('flaky', { effects: () => ({ reads: [], writes: ['net'] }), retries: 2 }),
  toolNamed('slow', { effects: () => ({ reads: [], writes: ['net'] }) }),
  toolNamed('guarded', { approval: true }),
];

/** One agent whose program makes one batch and ends with its results. */
function batchOf(...calls: readonly ToolCall[]): AgentRun {
  const body: ProgramBody = function* () {
    yield sleep(S);
    const result: SyscallResult<unknown> = yield callTools(...calls);
    return result.ok ? (result.value as Json) : result.code;
  };
  return { agents: [{ body }], kernel: { tools } };
}

const starts = (...lives: readonly Life[]): string[] =>
  lives.flatMap(({ events }) =>
    events.flatMap((event) => (event.type === 'tool.started' ? [`${event.n}/${event.index}`] : [])),
  );
const valueIn = (store: MemoryStore): unknown => store.processes('run-1')[0]!.end!.value;

/** Three writes to one place, one after the other. */
const writes = batchOf(
  tool('write', { path: 'a' }),
  tool('write', { path: 'b' }),
  tool('write', { path: 'c' }),
);
const interrupted = failed('TOOL_INTERRUPTED', 'whether it acted is not known');

test('a write that had ended keeps its result, one that ran was interrupted, one that had not started runs', () => {
  const store = new MemoryStore();
  // Spawned, slept, the first write has ended: the second runs.
  const first = live(writes, store, { steps: 3 });
  expect(starts(first)).toEqual(['2/0', '2/1']);
  const second = live(writes, store, { fromUs: first.nowUs });
  expect(starts(second)).toEqual(['2/2']);
  expect(valueIn(store)).toEqual([ok('write done'), interrupted, ok('write done')]);
  expect(second.events.filter(({ type }) => type === 'tool.interrupted')).toMatchObject([
    { pid: 1, tool: 'write', n: 2, index: 1 },
  ]);
});

test('of a tool whose calls act once for their key, an interrupted write is started again, with its key', () => {
  const store = new MemoryStore();
  const again = {
    ...writes,
    kernel: { tools: tools.map((one) => (one.name === 'write' ? { ...one, idempotent: true } : one)) },
  };
  const first = live(again, store, { steps: 3 });
  const second = live(again, store, { steps: 1, fromUs: first.nowUs });
  const third = live(again, store, { fromUs: second.nowUs });
  expect(starts(first, second, third)).toEqual(['2/0', '2/1', '2/1', '2/1', '2/2']);
  expect(valueIn(store)).toEqual([ok('write done'), ok('write done'), ok('write done')]);
});

test('a second crash does not forget what the first interrupted', () => {
  const store = new MemoryStore();
  const first = live(writes, store, { steps: 3 });
  const second = live(writes, store, { steps: 1, fromUs: first.nowUs });
  const third = live(writes, store, { fromUs: second.nowUs });
  expect(starts(first, second, third)).toEqual(['2/0', '2/1', '2/2']);
  expect(valueIn(store)).toEqual([ok('write done'), interrupted, interrupted]);
});

test('the record of a start is in the same step as its request, and comes back in the same order', () => {
  const kernel = new SteppedKernel({ ...writes, agents: [{ body: [callTools(tool('write'))] }] });
  const [request] = kernel.spawn(0, 1);
  expect(request).toMatchObject({ type: 'tool.start', attempt: 0, identity: { pid: 1, n: 1, index: 0 } });
  expect(kernel.records.at(-1)).toMatchObject({ type: 'tool.started', pid: 1, n: 1, index: 0, attempt: 0 });
  const store = new MemoryStore();
  store.append(kernel.records);
  const input = recoveryInput(store, 'run-1')!;
  expect(input.processes[0]!.batch).toMatchObject({ n: 1, calls: [{ index: 0, end: 'unknown' }] });
});

test('a read that was cut off leaves no record and is done again', () => {
  const store = new MemoryStore();
  const setup = batchOf(tool('read', { path: 'a' }), tool('write', { path: 'b' }));
  const first = live(setup, store, { steps: 2 });
  expect(starts(first)).toEqual(['2/0']);
  expect(store.journal({ run: 'run-1', branch: 'main', pid: 1 as never })).toEqual([]);
  const second = live(setup, store, { fromUs: first.nowUs });
  expect(starts(second)).toEqual(['2/0', '2/1']);
  expect(valueIn(store)).toEqual([ok('read done'), ok('write done')]);
});

test('a read that had ended is not done again where its batch was cut off', () => {
  const store = new MemoryStore();
  const setup = batchOf(tool('read', { path: 'a' }), tool('write', { path: 'b' }), tool('read', {}));
  // The first read has ended: the write runs.
  const first = live(setup, store, { steps: 3 });
  expect(starts(first)).toEqual(['2/0', '2/1']);
  const second = live(setup, store, { fromUs: first.nowUs });
  expect(starts(second)).toEqual(['2/2']);
  expect(valueIn(store)).toEqual([ok('read done'), interrupted, ok('read done')]);
  // The last one needs no record: the result of the batch has it.
  const journal = store.journal({ run: 'run-1', branch: 'main', pid: 1 as never });
  expect(journal.map((record) => [record.type, 'index' in record && record.index])).toEqual([
    ['tool.started', 1],
    ['tool.ended', 0],
    ['tool.ended', 1],
  ]);
});

test('a write that failed and was to be repeated is repeated, as often as it still may', () => {
  const store = new MemoryStore();
  const setup = batchOf(tool('flaky', {}, { failed: true, result: 'no line' }));
  // It has failed once, and waits for its first repeat.
  const first = live(setup, store, { steps: 3 });
  const second = live(setup, store, { fromUs: first.nowUs });
  expect([starts(first).length, starts(second).length]).toEqual([1, 2]);
  expect(valueIn(store)).toEqual([failed('TOOL_FAILED', 'no line')]);
});

test('a repeat that has not started in this life holds nothing: not while its process is stopped, and not at its end', () => {
  const [slow, flaky] = [
    tool('slow', {}, { durationUs: 5 * S }),
    tool('flaky', {}, { failed: true, durationUs: 1 }),
  ];
  const setup: AgentRun = {
    agents: [{ body: [sleep(S + 2), callTools(slow)] }, { body: [sleep(S), callTools(flaky)] }],
    kernel: { tools },
    signals: [
      [3 * S, 2, 'stop'],
      [9 * S, 2, 'kill'],
    ],
  };
  const store = new MemoryStore();
  // The second waits to repeat its call, the first for its locks. After the crash the first comes first.
  const first = live(setup, store, { steps: 5 });
  expect(first.kernel.snapshot().processes.map(({ waitingOn }) => waitingOn)).toEqual(['lock', 'timer']);
  const second = live(setup, store, { fromUs: 2 * S });
  expect(second.events.filter(({ type }) => type === 'tool.started')).toMatchObject([
    { pid: 1, tool: 'slow' },
  ]);
  expect(second.events.filter(({ type }) => type === 'tool.settled')).toHaveLength(1);
});

test('who was asked and said no is not asked again', () => {
  const calls = callTools(tool('guarded'), tool('write'));
  const kernel = new SteppedKernel({ agents: [{ body: [calls] }], kernel: { tools } });
  const asked = kernel.spawn(0, 1).find(({ type }) => type === 'person.ask') as PersonAsk;
  kernel.step(1, { type: 'person.answered', request: asked.request, decision: 'deny', value: 'no' });
  const store = new MemoryStore();
  store.append(kernel.records);
  const second = new SteppedKernel({ agents: [{ body: [calls] }], kernel: { tools } });
  // As a recording would have it.
  second.step(2, JSON.parse(JSON.stringify(recoveryInput(store, 'run-1')!)) as never);
  expect(second.events.map(({ type }) => type)).not.toContain('person.asked');
  expect(second.process(1)).toMatchObject({ state: 'terminated' });
  expect(second.records.find(({ type }) => type === 'history')).toMatchObject({
    result: ok([failed('TOOL_DENIED'), interrupted] as never),
  });
});

test.each<readonly [string, ProgramBody, string]>([
  [
    'another batch',
    function* () {
      yield sleep(S);
      yield callTools(tool('write', { path: 'elsewhere' }));
    },
    'syscall 2 is callTools, its history holds callTools with other arguments',
  ],
  [
    'another syscall',
    function* () {
      yield sleep(S);
      yield sleep(S);
    },
    'syscall 2 is sleep, its history holds callTools',
  ],
  [
    'nothing more',
    function* () {
      yield sleep(S);
    },
    'the program ended after syscall 1, its history holds callTools next',
  ],
])(
  'a changed program that yields %s in the place of a batch under way fails: PROGRAM_DIVERGED',
  (_, body, words) => {
    const store = new MemoryStore();
    const first = live(writes, store, { steps: 3 });
    const second = live({ ...writes, agents: [{ body }] }, store, { fromUs: first.nowUs });
    expect(store.processes('run-1')[0]!.end).toMatchObject({ outcome: 'failed', value: words });
    expect(second.events.find(({ type }) => type === 'process.terminated')).toMatchObject({
      code: 'PROGRAM_DIVERGED',
    });
  },
);

test('results that arrived while a process was suspended are kept: they are not asked for again', () => {
  const setup: AgentRun = {
    ...batchOf(tool('write', { path: 'a' })),
    signals: [
      [1_500_000, 1, 'stop'],
      [9 * S, 1, 'continue'],
    ],
  };
  const store = new MemoryStore();
  // Spawned, slept, stopped; the write ends.
  const first = live(setup, store, { steps: 4 });
  expect(first.kernel.snapshot().processes[0]).toMatchObject({ state: 'suspended' });
  const second = live(setup, store, { fromUs: first.nowUs });
  expect(starts(first, second)).toEqual(['2/0']);
  expect(valueIn(store)).toEqual([ok('write done')]);
  expect(second.events.find(({ type }) => type === 'process.continued')?.atUs).toBe(9 * S);
});
