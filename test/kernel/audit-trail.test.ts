/** What the kernel tells its audit log: every act on the world, also one without a result, at its cost, with an input that names its contents. */
import { expect, test } from 'vitest';

import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { AuditRecord } from '../../src/kernel/records.ts';
import type { Syscall } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { live } from '../support/lives.ts';
import { runAgents, type AgentRun } from '../support/run-agents.ts';
import {
  allocate,
  burst,
  callTools,
  onPage,
  SECOND,
  send,
  sleep,
  spawn,
  think,
  tool,
} from '../support/syscalls.ts';

const S = SECOND;

// A micro-dollar for each token of an answer; nothing for a prompt.
const engine = {
  prices: { input: 0, cachedInput: 0, output: 1_000_000 },
  decodeTokensPerSecond: 100,
} as const;
const tools: ToolSpec[] = ['a', 'b'].map((name) => ({
  name,
  description: name,
  parameters: { type: 'object' },
  ...(name === 'b' ? { approval: true } : {}),
}));

function actsOf(setup: AgentRun, run = 'run-1'): Pick<AuditRecord, 'action' | 'output' | 'microDollars'>[] {
  const { store } = runAgents({ kernel: { engines: [engine], tools }, ...setup });
  expect(store.verifyAudit(run).ok).toBe(true);
  return store.audit(run).map(({ record: { action, output, microDollars } }) => ({
    action,
    output: output.length === 64 ? 'hash' : output,
    microDollars,
  }));
}

const act = (action: string, output: string, microDollars = 0) => ({ action, output, microDollars });

// ---- Acts without a result -----------------------------------------------------------------------------------------------

test.each(['kill', 'terminate'] as const)(
  'a model call that a %s ends is told, with what it cost',
  (signal) => {
    expect(actsOf({ agents: [{ body: [think(500)] }], signals: [[2 * S, 1, signal]] })).toEqual([
      act('think', 'none', 200),
    ]);
  },
);

test('a call that never started is no act', () => {
  const setup: AgentRun = {
    agents: [{ body: [burst(9 * S)] }, { body: [burst(S)] }],
    signals: [[2 * S, 2, 'kill']],
  };
  expect(actsOf(setup, 'run-2')).toEqual([]);
});

test('a result that arrived while its process was suspended is told once, also when that is then killed', () => {
  const setup: AgentRun = {
    agents: [{ body: [callTools(tool('a', {}, { durationUs: 3 * S })), sleep(S)] }],
    signals: [
      [S, 1, 'stop'],
      [9 * S, 1, 'kill'],
    ],
  };
  expect(actsOf(setup)).toEqual([act('tool/a', 'hash')]);
});

test('a tool call that ran when its process was killed is told; one that waited for a person was no act', () => {
  const body = [callTools(tool('a', {}, { durationUs: 9 * S }), tool('b'), tool('nobody'))];
  expect(actsOf({ agents: [{ body }], signals: [[S / 10, 1, 'kill']] })).toEqual([
    act('tool/nobody', 'error/UNKNOWN_TOOL'),
    act('tool/a', 'none'),
    // It says that it stopped.
    act('tool/a/late', 'error/TOOL_FAILED'),
  ]);
});

test.each<readonly [string, Syscall, string]>([
  [
    'question',
    { kind: 'ask', question: 'Who?', purpose: 'answer', script: { durationUs: 9 * S } },
    'ask/answer',
  ],
  ['memory', { kind: 'remember', scope: 's', text: 'note' }, 'remember/s'],
  ['checkpoint', { kind: 'checkpoint', state: 1 }, 'checkpoint'],
])('a %s without an answer is told when its process is killed', (_, syscall, action) => {
  const setup: AgentRun = { agents: [{ body: [syscall] }], signals: [[S, 1, 'kill']], flushUs: 9 * S };
  expect(actsOf(setup)).toEqual([act(action, 'none')]);
});

test('who ends himself by a signal did so', () => {
  const body: Syscall[] = [{ kind: 'signal', pid: 1 as never, signal: 'kill' }];
  expect(actsOf({ agents: [{ body }] })).toEqual([act('signal/kill/1', 'none')]);
});

test('a write that a crash interrupted is told when that is known', () => {
  const setup: AgentRun = {
    agents: [{ body: [callTools(tool('a'), tool('a', { x: 1 }))] }],
    kernel: { tools },
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 2 });
  live(setup, store, { fromUs: first.nowUs });
  expect(store.audit('run-1').map(({ record: { action, output } }) => [action, output.length])).toEqual([
    ['tool/a', 64],
    ['tool/a', 'error/TOOL_INTERRUPTED'.length],
  ]);
});

// ---- Costs ---------------------------------------------------------------------------------------------------------------

test('a refused call costs nothing, whatever the one before it cost', () => {
  const budgets = [
    { name: 'team', limits: [{ resource: 'tokens', amount: 50, window: { kind: 'total' } }] },
  ] as const;
  const kernel = { engines: [engine], budgets };
  expect(actsOf({ agents: [{ budget: 'team', body: [think(30), think(30)] }], kernel })).toEqual([
    act('think', 'hash', 30),
    act('think', 'error/BUDGET_EXCEEDED', 0),
  ]);
});

test('a call that is refused when it wants to go on costs what its stretches cost', () => {
  const acts = actsOf({
    agents: [
      { priority: 50, budget: 'team', body: [allocate(500), think(300)] },
      { priority: 10, atUs: S, body: [burst(S)], budget: 'free' },
    ],
    kernel: {
      budgets: [
        { name: 'team', limits: [{ resource: 'tokens', amount: 1_000, window: { kind: 'total' } }] },
        { name: 'free' },
      ],
      engines: [{ ...engine, preemption: 'continue', prefillTokensPerSecond: 1_000 }],
    },
  });
  expect(acts).toEqual([act('think', 'error/BUDGET_EXCEEDED', 50)]);
});

test('a call of several stretches costs the sum, also when it is killed in between', () => {
  const setup = (killUs: number): AgentRun => ({
    agents: [
      { priority: 50, body: [think(300)] },
      { priority: 10, atUs: S, body: [burst(10 * S)] },
    ],
    kernel: { engines: [{ ...engine, preemption: 'continue' }] },
    signals: [[killUs, 1, 'kill']],
  });
  expect(actsOf(setup(2 * S))).toEqual([act('think', 'none', 100)]);
  // The prefill of the 100 again took a while.
  expect(actsOf(setup(12 * S))).toEqual([act('think', 'none', 198)]);
  expect(actsOf(setup(60 * S))).toEqual([act('think', 'hash', 300)]);
});

// ---- Inputs --------------------------------------------------------------------------------------------------------------

/** The inputs of the model calls of the last agent of the list. */
function inputsOf(...bodies: readonly (readonly Syscall[])[]): string[] {
  const { store } = runAgents({ agents: bodies.map((body) => ({ body })) });
  return store
    .audit(`run-${bodies.length}`)
    .filter(({ record }) => record.action === 'think')
    .map(({ record }) => record.input);
}

const text = (words: string, fields = {}): Syscall => allocate(10, { text: words, ...fields });

test('the input of a model call is a hash of what its prompt contains, and of nothing else', () => {
  const [input] = inputsOf([text('system'), text('Delete nothing.'), think(5)]);
  expect(input).toMatch(/^prompt\/[0-9a-f]{64}\/20$/);
  expect(inputsOf([text('system'), text('Delete everything.'), think(5)])).not.toEqual([input]);
  expect(inputsOf([text('Delete nothing.'), text('system'), think(5)])).not.toEqual([input]);
  // Whatever this kernel saw before, and however the pages matter.
  const others = [text('system'), text('else'), text('Delete everything.'), allocate(7), sleep(S)];
  expect(
    inputsOf(others, [sleep(S), text('system', { pinned: true }), text('Delete nothing.'), think(5)]),
  ).toEqual([input]);
});

test('the same prompt has the same name after detours', () => {
  const [input] = inputsOf([text('a'), text('b'), think(5)]);
  const detour = [
    text('a'),
    text('c'),
    think(5),
    { kind: 'truncate', pages: 1 } as const,
    text('b'),
    think(5),
    think(5),
    onPage('drop', 1),
    think(5),
  ];
  const [, second, third, fourth] = inputsOf(detour);
  expect([second, third]).toEqual([input, input]);
  expect([fourth]).toEqual(inputsOf([text('b'), think(5)]));
});

test('recorded blocks are named alike, however memory has divided them', () => {
  const blocks = (first: number, count: number): Syscall =>
    allocate(10, { blocks: { space: 's', first, count } });
  const [whole] = inputsOf([blocks(0, 20), think(5)]);
  expect(inputsOf([blocks(0, 7), think(5), blocks(7, 13), think(5)])[1]).toBe(whole);
  // Another agent shares the first five, and then a piece in the middle.
  expect(inputsOf([blocks(0, 5), sleep(S)], [blocks(2, 9), sleep(S)], [blocks(0, 20), think(5)])).toEqual([
    whole,
  ]);
  expect(inputsOf([blocks(1, 20), think(5)])).not.toEqual([whole]);
});

test('without records nothing is named and nothing told', () => {
  const { store } = runAgents({
    agents: [{ body: [text('a'), think(5), send(1, 2), spawn('x')] }],
    kernel: { records: false },
  });
  expect(store.runs()).toEqual([]);
});
