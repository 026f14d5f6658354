/** The kernel as its driver sees it: what it is given and refuses, what it gives out, and that it is deterministic. */
import { expect, test } from 'vitest';

import { AssertionError } from '../../src/base/assert.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { PageId, PageNumber, Pid } from '../../src/kernel/ids.ts';
import type { Input } from '../../src/kernel/inputs.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import { historyVersion } from '../../src/kernel/records.ts';
import type { ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { verifyAuditChain } from '../../src/kernel/audit-log.ts';
import { checkedSimulation, kernelOf, runAgents, type AgentRun } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import {
  allocate,
  burst,
  callTools,
  HOUR,
  SECOND,
  send,
  sleep,
  spawn,
  think,
  tool,
  waitFor,
} from '../support/syscalls.ts';

const S = SECOND;

function errorOf(run: () => unknown): KernelError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(KernelError);
    expect((error as KernelError).message.split('\n')).toHaveLength(1);
    return error as KernelError;
  }
  throw new Error('nothing was thrown');
}

// ---- Bad options -------------------------------------------------------------------------------------------------------

const program = (name: string) => ({ name, version: 1, body: function* () {} as ProgramBody });
const named = (name: string) => ({ name, description: name, parameters: { type: 'object' } });

test.each<readonly [string, Partial<KernelOptionsInput>, string]>([
  ['a seed that is no integer', { seed: 1.5 }, 'seed: 1.5 is not allowed; allowed: an integer'],
  ['no engine', { engines: [] }, 'engines: '],
  [
    'no core',
    { engines: [{ cores: 0 }] },
    'engine engine: cores: 0 is not allowed; allowed: an integer from 1 to 65536',
  ],
  ['a negative memory', { engines: [{ memoryTokens: -1 }] }, 'memoryTokens: -1'],
  [
    'a rate that is not finite',
    { engines: [{ prefillTokensPerSecond: Infinity }] },
    'prefillTokensPerSecond: Infinity',
  ],
  ['a rate of 0', { engines: [{ decodeTokensPerSecond: 0 }] }, 'decodeTokensPerSecond: 0'],
  ['a negative latency', { engines: [{ loadLatencyUs: -1 }] }, 'loadLatencyUs: -1'],
  ['a throughput above 1', { engines: [{ throughput: [1, 1.2] }] }, 'throughput: '],
  ['no throughput', { engines: [{ throughput: [] }] }, 'throughput: '],
  [
    'a negative price',
    { engines: [{ prices: { input: -1, cachedInput: 0, output: 0 } }] },
    'prices.input: -1',
  ],
  ['an unknown capability', { engines: [{ preemption: 'sometimes' as never }] }, 'resume, continue, none'],
  ['a window of 0', { engines: [{ windowTokens: 0 }] }, 'windowTokens: 0'],
  ['two engines of one name', { engines: [{}, {}] }, 'engine name: "engine"'],
  ['two programs of one name', { programs: [program('a'), program('a')] }, 'program name: "a"'],
  ['a tool registered twice', { tools: [named('t'), named('t')] }, 'tool.name: "t"'],
  [
    'an unknown residency',
    { residency: 'here' as never },
    'residency: "here" is not allowed; allowed: independent, prefix',
  ],
  ['unknown victims', { victims: 'all' as never }, 'any, leaf'],
  ['leaves where there are none', { victims: 'leaf', residency: 'independent' }, 'any: in independent'],
  ['an unknown oversize rule', { oversize: 'shrink' as never }, 'fail, bypass'],
  [
    'an unknown lock protocol',
    { lockProtocol: 'ceiling' as never },
    'lockProtocol: "ceiling" is not allowed; allowed: none, inheritance',
  ],
  ['an unknown rule for deadlocks', { deadlocks: 'ignore' as never }, 'allowed: report, resolve'],
  ['a mailbox of 0', { mailboxLimit: 0 }, 'mailboxLimit: 0'],
  [
    'a cyclic budget tree',
    {
      budgets: [
        { name: 'a', parent: 'b' },
        { name: 'b', parent: 'a' },
      ],
    },
    'a -> b -> a',
  ],
  [
    'a negative limit',
    { budgets: [{ name: 'a', limits: [{ resource: 'tokens', amount: -1, window: { kind: 'total' } }] }] },
    'amount: -1',
  ],
])('a kernel with %s is refused in one line', (_, options, words) => {
  const base = kernelOf({ agents: [] });
  const error = errorOf(() => new Kernel({ ...base, ...options }));
  expect(error.code).toBe('INVALID_ARGUMENT');
  expect(error.message).toContain(words);
});

// ---- Bad inputs --------------------------------------------------------------------------------------------------------

test.each<readonly [string, object, string, string]>([
  [
    'an unknown program',
    { program: 'nobody' },
    'UNKNOWN_PROGRAM',
    'program: "nobody" is not registered; allowed: agent-1',
  ],
  [
    'a priority out of range',
    { priority: -1 },
    'INVALID_ARGUMENT',
    'priority: -1 is not allowed; allowed: a number from 0 to 100',
  ],
  ['a priority above 100', { priority: 101 }, 'INVALID_ARGUMENT', 'priority: 101'],
  ['an unknown budget', { budget: 'gold' }, 'UNKNOWN_BUDGET', 'budget: "gold"'],
  [
    'an unknown engine',
    { engine: 'warp' },
    'UNKNOWN_ENGINE',
    'engine: "warp" does not exist; allowed: engine',
  ],
  ['no run', { run: '' }, 'INVALID_ARGUMENT', 'run: ""'],
])('a spawn with %s is refused, and nothing has changed', (_, fields, code, words) => {
  const kernel = new SteppedKernel({ agents: [{ body: [] }] });
  const before = JSON.stringify(kernel.kernel.snapshot());
  const spawned = {
    type: 'process.spawned',
    program: 'agent-1',
    arguments: null,
    name: 'a',
    run: 'r',
  } as const;
  const error = errorOf(() => kernel.step(S, { ...spawned, ...fields }));
  expect(error.code).toBe(code);
  expect(error.message).toContain(words);
  expect(JSON.stringify(kernel.kernel.snapshot())).toBe(before);
  // The kernel goes on.
  kernel.step(S, spawned);
  expect(kernel.process(1).outcome).toBe('completed');
});

test('a run id is taken once: while its run lives, and after it', () => {
  const kernel = new SteppedKernel({ agents: [{ body: [sleep(S)] }, { body: [] }] });
  const spawned = { type: 'process.spawned', program: 'agent-1', arguments: null, name: 'a' } as const;
  kernel.step(0, { ...spawned, run: 'r' });
  kernel.step(0, { ...spawned, program: 'agent-2', run: 'ended' });
  expect(kernel.process(2).outcome).toBe('completed');
  const before = JSON.stringify(kernel.kernel.snapshot());
  for (const run of ['r', 'ended']) {
    const error = errorOf(() => kernel.step(0, { ...spawned, run }));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `run: "${run}" is not allowed; allowed: an id that no other run has`,
    });
  }
  expect(JSON.stringify(kernel.kernel.snapshot())).toBe(before);
});

test('a signal to a process that never was is refused; to one that has ended it changes nothing', () => {
  const kernel = new SteppedKernel({ agents: [{ body: [] }] });
  expect(errorOf(() => kernel.signal(0, 1, 'kill')).code).toBe('UNKNOWN_PROCESS');
  kernel.spawn(0, 1);
  const count = kernel.events.length;
  kernel.signal(1, 1, 'kill');
  expect(kernel.events).toHaveLength(count);
});

test('time never goes back', () => {
  const kernel = new SteppedKernel({ agents: [{ body: [sleep(S)] }] });
  kernel.spawn(5, 1);
  expect(() => kernel.signal(4, 1, 'stop')).toThrow(AssertionError);
});

test('a program is registered once', () => {
  const kernel = new Kernel(kernelOf({ agents: [{ body: [] }] }));
  kernel.register(program('late'));
  expect(errorOf(() => kernel.register(program('late'))).message).toContain('program name: "late"');
  expect(errorOf(() => kernel.register(program('agent-1'))).code).toBe('INVALID_ARGUMENT');
});

/** `policy`, but for some of its methods. */
function changed<Policy extends object>(policy: Policy, methods: Partial<Policy>): Policy {
  return Object.assign(Object.create(policy) as Policy, methods);
}

test('a scheduling policy that picks who is not ready has broken its contract', () => {
  const { scheduling } = kernelOf({ agents: [] });
  const kernel = new SteppedKernel({
    agents: [{ body: [burst(S)] }],
    kernel: { scheduling: (context) => changed(scheduling(context), { pick: () => 7 as Pid }) },
  });
  const error = errorOf(() => kernel.spawn(0, 1));
  expect(error.code).toBe('POLICY_BROKEN');
  expect(error.message).toContain('picked process 7');
});

test.each([
  [1, 'not eligible'],
  [9, 'not resident'],
])('a paging policy that evicts page %d, which is %s, has broken its contract', (page, words) => {
  const { paging } = kernelOf({ agents: [] });
  const agents = [
    {
      body: [
        allocate(100, { text: 'a', pinned: true }),
        allocate(50, { text: 'b' }),
        { kind: 'touch', pages: [1, 2] as PageNumber[] },
        allocate(100, { text: 'c' }),
        { kind: 'touch', pages: [3] as PageNumber[] },
      ] as const,
    },
  ];
  const engines = [{ memoryTokens: 220 }];
  const sound = new SteppedKernel({ agents, kernel: { engines } });
  sound.spawn(0, 1);
  expect(sound.events.filter(({ type }) => type === 'page.evicted')).toMatchObject([{ page: 2 }]);
  const broken = new SteppedKernel({
    agents,
    kernel: { engines, paging: (context) => changed(paging(context), { evict: () => page as PageId }) },
  });
  expect(() => broken.spawn(0, 1)).toThrow(words);
});

// ---- What it gives out -------------------------------------------------------------------------------------------------

/** Something of everything. */
const boss: ProgramBody = function* () {
  yield allocate(500, { text: 'system', pinned: true, importance: 1 });
  yield think(40, { keepAnswer: true, script: { tokensOut: 40, text: 'plan' } });
  const helper = (yield spawn('helper')) as SyscallResult<number>;
  yield { kind: 'checkpoint', state: { step: 1 } };
  yield callTools(tool('write'), tool('write'));
  yield send(helper.ok ? helper.value : 0, 'go');
  yield waitFor(0);
  yield { kind: 'remember', scope: 's', text: 'done' };
  yield think(20);
};
const busy: AgentRun = {
  agents: [
    { name: 'boss', priority: 30, body: boss },
    {
      atUs: S,
      priority: 60,
      budget: 'poor',
      body: [allocate(300), think(80), think(80), { kind: 'ask', question: 'Go on?', purpose: 'approve' }],
    },
    {
      atUs: 2 * S,
      priority: 10,
      body: [allocate(400), burst(3 * S), sleep(S), { kind: 'recall', scope: 's', query: 'done' }, think(10)],
    },
  ],
  programs: { helper: [{ kind: 'receive' }, allocate(300), think(30), { kind: 'exit', value: 'helped' }] },
  kernel: {
    engines: [{ cores: 1, memoryTokens: 1_200 }],
    scheduling: roundRobinWith({ sliceUs: 400_000 }),
    tools: [named('write')],
    budgets: [
      { name: 'org' },
      {
        name: 'poor',
        parent: 'org',
        limits: [{ resource: 'tokens', amount: 500, window: { kind: 'fixed', lengthUs: HOUR } }],
      },
    ],
  },
};

test('events are numbered from 1 without gaps, in the order of time', () => {
  const { events } = runAgents(busy);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events.every(({ atUs }, index) => index === 0 || atUs >= events[index - 1]!.atUs)).toBe(true);
  expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(20);
});

test('the same inputs give the same events, requests and records, to the byte', () => {
  const inputs: Input[] = [];
  const out: string[] = [];
  const simulation = checkedSimulation(kernelOf(busy), { onInput: (input) => void inputs.push(input) });
  for (const [index, { body: _, atUs, args, ...fields }] of busy.agents.entries())
    simulation.spawn(atUs ?? 0, {
      name: 'a',
      run: `run-${index}`,
      ...fields,
      program: `agent-${index + 1}`,
      arguments: args ?? null,
    });
  simulation.run();
  for (let round = 0; round < 2; round++) {
    const kernel = new Kernel(kernelOf(busy));
    // Through JSON, as a recording would keep them.
    out.push(
      inputs
        .map((input) => JSON.stringify(kernel.step(JSON.parse(JSON.stringify(input)) as Input)))
        .join('\n'),
    );
  }
  expect(inputs.length).toBeGreaterThan(30);
  expect(out[0]).toBe(out[1]);
});

test('every record has the format version, and is plain JSON', () => {
  const kernel = new SteppedKernel(busy);
  kernel.spawn(0, 1);
  kernel.spawn(S, 2);
  kernel.signal(2 * S, 2, 'kill');
  expect(kernel.records.length).toBeGreaterThan(5);
  for (const record of kernel.records) {
    expect(record.v).toBe(historyVersion);
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  }
});

test('the settings of a run stand in its first record; what is no JSON is refused', () => {
  const kernel = new SteppedKernel(busy);
  const spawn = { type: 'process.spawned', program: 'agent-1', name: 'p', arguments: null } as const;
  const settings = { model: { url: 'http://localhost/v1' } };
  kernel.step(0, { ...spawn, run: 'r1', settings });
  kernel.step(0, { ...spawn, run: 'r2' });
  const [r1, r2] = kernel.records.filter(({ type }) => type === 'run.started');
  const v = historyVersion;
  expect(r1).toEqual({ v, type: 'run.started', run: 'r1', branch: 'main', settings, atUs: 0 });
  expect(r2).not.toHaveProperty('settings');
  const at = new Date(0) as never;
  const flawed = errorOf(() => kernel.step(0, { ...spawn, run: 'r3', settings: { at } }));
  expect(flawed).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(flawed.message).toMatch(/^settings\.at: /);
});

test('without records it does the same and records nothing', () => {
  const { events } = runAgents(busy);
  const kernel = { ...busy.kernel!, records: false };
  const silent = runAgents({ ...busy, kernel });
  expect(silent.events.map((event) => JSON.stringify(event))).toEqual(
    events.map((event) => JSON.stringify(event)),
  );
  expect(silent.store.runs()).toEqual([]);
});

test('a snapshot is plain JSON at every moment, and says what is so', () => {
  const { kernel, simulation } = runAgents({ ...busy, untilUs: 0 });
  while (simulation.stepOnce()) {
    const snapshot = kernel.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  }
  const { processes, engines, budgets, nowUs } = kernel.snapshot();
  expect(nowUs).toBe(kernel.nowUs);
  expect(processes.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual([
    'agent-2 completed',
    'agent-3 completed',
    'boss completed',
    'boss/helper completed',
  ]);
  expect(engines).toMatchObject([{ ready: 0, running: [0], pinnedTokens: 0, roomTokens: 0 }]);
  expect(budgets.map(({ name, parent }) => [name, parent])).toEqual([
    ['org', ''],
    ['poor', 'org'],
  ]);
});

test('a snapshot tells who runs, who is ready and why, and who waits for what', () => {
  const { kernel } = runAgents({
    agents: [
      { name: 'ann', body: [burst(10 * S)] },
      { name: 'bob', atUs: S, body: [burst(S)] },
      { name: 'cy', body: [sleep(9 * S)] },
    ],
    untilUs: 3 * S,
  });
  const { processes, engines } = kernel.snapshot();
  expect(engines[0]).toMatchObject({
    running: [1],
    ready: 1,
    scheduler: 'priority',
    paging: 'importance-lru',
    loadControl: 'none',
  });
  expect(processes.map(({ name, state, waitingOn, core }) => [name, state, waitingOn, core])).toEqual([
    ['ann', 'running', '', 0],
    ['cy', 'waiting', 'timer', -1],
    ['bob', 'ready', '', -1],
  ]);
  expect(processes.find(({ name }) => name === 'bob')!.explanation).toContain('is ready for');
});

test('the end of everything: no timer, no lock, no room, nothing is left', () => {
  const { simulation, kernel, end } = runAgents({ agents: [{ body: [burst(S)] }, { body: [burst(S)] }] });
  expect(kernel.alive).toBe(0);
  expect(simulation.nowUs).toBe(end(2).atUs);
});

// ---- The audit trail ---------------------------------------------------------------------------------------------------

test('the audit log tells every act on the world, in order, and verifies', () => {
  const { store } = runAgents(busy);
  const [boss] = store.runs();
  const log = store.audit(boss!.run);
  expect(
    log.filter(({ record }) => record.pid === 1).map(({ record }) => record.action.split('/')[0]),
  ).toEqual(['think', 'spawn', 'checkpoint', 'tool', 'tool', 'send', 'remember', 'think']);
  expect(log.every(({ record }) => record.atUs >= 0 && record.run === boss!.run)).toBe(true);
  for (const { run } of store.runs()) expect(store.verifyAudit(run)).toMatchObject({ ok: true });
});

test('the audit log names inputs and outputs by hash, failures by code, and the cost of a call', () => {
  const { store } = runAgents({
    agents: [{ body: [think(10), callTools(tool('nobody', { secret: 'swordfish' })), send(9, 'swordfish')] }],
    kernel: { engines: [{ prices: { input: 0, cachedInput: 0, output: 1_000_000 } }] },
  });
  const records = store.audit('run-1').map(({ record }) => record);
  expect(records.map(({ action, microDollars }) => [action, microDollars])).toEqual([
    ['think', 10],
    ['tool/nobody', 0],
    ['send/9', 0],
  ]);
  expect(records[1]!.output).toBe('error/UNKNOWN_TOOL');
  expect(records[2]!.input).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(records)).not.toContain('swordfish');
});

test('tampering with the audit log of a run shows', () => {
  const { store } = runAgents(busy);
  const { run } = store.runs()[0]!;
  const log = store.audit(run);
  const verdict = store.verifyAudit(run);
  if (!verdict.ok) throw new Error(verdict.message);
  const { head } = verdict;
  expect(verifyAuditChain(log, head).ok).toBe(true);
  const altered = log.map((entry, index) =>
    index === 2 ? { ...entry, record: { ...entry.record, microDollars: 1 } } : entry,
  );
  expect(verifyAuditChain(altered, head)).toMatchObject({ ok: false, problem: 'altered', index: 2 });
  expect(verifyAuditChain(log.slice(0, -1), head)).toMatchObject({ ok: false, problem: 'removed' });
  expect(verifyAuditChain([log[1]!, log[0]!, ...log.slice(2)], head)).toMatchObject({ ok: false });
});
