/** Tools that the agent carries out itself: other agents, called like tools, and messages to colleagues. */
import { expect, test } from 'vitest';

import type { Message } from '../../../src/agents/model/messages.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import type { Program } from '../../../src/kernel/syscalls.ts';
import { endOf, live } from './agent-lives.ts';
import { asks, danglingIn, echo, runAgent, type Asked, type Reply } from './agent-world.ts';

const S = 1_000_000;
const researcher = { description: 'looks things up', arguments: { tools: ['echo'], reflectEvery: 0 } };
const task = { tools: ['echo'], reflectEvery: 0, agents: { researcher } };

const isFor = ({ messages }: Asked, text: string): boolean => {
  const said = messages.find(({ role }) => role === 'user') as { readonly text: string };
  return said.text === text;
};
const lastOf = ({ messages }: Asked): Message => messages.at(-1)!;

test('a call of an agent is a child process: its answer is the result, beside those of other tools', () => {
  const { result, asked, all, outcome } = runAgent({
    task,
    model: (call) => {
      if (isFor(call, 'Find it.')) return 'It is there.';
      if (lastOf(call).role === 'tool') return 'done';
      const toolCalls = [
        { id: 'a', tool: 'researcher', arguments: { task: 'Find it.' } },
        { id: 'b', tool: 'echo', arguments: { n: 1 } },
      ];
      return { toolCalls };
    },
  });
  expect(outcome).toBe('completed');
  expect(result).toMatchObject({ answer: 'done', toolCalls: 2 });
  expect(asked[0]!.request).toMatchObject({
    tools: ['echo'],
    ownTools: [{ name: 'researcher', description: 'looks things up' }],
  });
  const last = asked.at(-1)!;
  expect(last.messages.slice(2)).toEqual([
    { role: 'tool', id: 'a', tool: 'researcher', ok: true, value: 'It is there.' },
    { role: 'tool', id: 'b', tool: 'echo', ok: true, value: { echo: { n: 1 } } },
  ]);
  expect(danglingIn(last.messages)).toBeUndefined();
  expect(all('process.spawned').map(({ name, parent }) => [name, parent])).toEqual([
    ['agent-1', 0],
    ['researcher', 1],
  ]);
});

test('arguments that do not fit start nobody, and nor does an agent that there is not', () => {
  const { asked, all } = runAgent({
    task,
    model: (call) =>
      lastOf(call).role === 'tool'
        ? 'done'
        : {
            toolCalls: [
              { id: 'a', tool: 'researcher', arguments: { question: 'x' } },
              { id: 'b', tool: 'writer', arguments: { task: 'x' } },
            ],
          },
  });
  const told = asked.at(-1)!.messages.slice(2) as { readonly value: string }[];
  expect(told[0]!.value).toMatch(/^TOOL_ARGUMENTS: /);
  expect(told[1]!.value).toContain('the tools are echo, researcher');
  expect(all('process.spawned')).toHaveLength(1);
});

test('one that fails is a result, with what it had come to', () => {
  const { asked, outcome } = runAgent({
    task: {
      ...task,
      agents: { researcher: { ...researcher, arguments: { iterations: 1, tools: ['echo'] } } },
    },
    model: (call) => {
      if (isFor(call, 'Find it.')) return { ...asks('echo'), text: 'I look.' };
      return lastOf(call).role === 'tool' ? 'done' : asks('researcher', { task: 'Find it.' });
    },
  });
  expect(outcome).toBe('completed');
  expect((lastOf(asked.at(-1)!) as { readonly value: string }).value).toBe(
    'TOOL_FAILED: researcher failed: iterations: no answer after 1; allowed: up to 1; it had come to: I look.',
  );
});

test('one that takes too long is told to end, and what it still says reaches nobody', () => {
  const { asked, result, all } = runAgent({
    task: { ...task, agents: { researcher: { ...researcher, timeoutUs: 20 * S } } },
    model: (call) => {
      if (isFor(call, 'Find it.')) return { text: 'At last.', durationUs: 90 * S };
      if (lastOf(call).role !== 'tool') return { ...asks('researcher', { task: 'Find it.' }), durationUs: 0 };
      return { text: 'done', durationUs: 100 * S };
    },
  });
  expect(result).toMatchObject({ answer: 'done' });
  expect(lastOf(asked.at(-1)!)).toMatchObject({
    ok: false,
    value: 'TOOL_TIMEOUT: researcher gave no result within 20000000 µs',
  });
  expect(asked.at(-1)!.atUs).toBe(20 * S);
  const [child] = all('process.terminated');
  expect(child).toMatchObject({ pid: 2, outcome: 'cancelled' });
  expect(JSON.stringify(asked.at(-1)!.messages)).not.toContain('At last.');
});

test('a cancelled agent takes those that work for it along', () => {
  const { all } = runAgent({
    task,
    model: (call) =>
      isFor(call, 'Find it.') ? { text: 'x', durationUs: 90 * S } : asks('researcher', { task: 'Find it.' }),
    signals: [[30 * S, 'terminate']],
  });
  expect(all('process.terminated').map(({ pid, outcome }) => [pid, outcome])).toEqual([
    [1, 'cancelled'],
    [2, 'cancelled'],
  ]);
});

test('agents have agents only so deep', () => {
  const nested = (depth: number): object => ({
    description: 'deeper',
    arguments: depth === 0 ? {} : { agents: { deeper: nested(depth - 1) } },
  });
  const { all, asked } = runAgent({
    task: { depth: 2, agents: { deeper: nested(5) } as never },
    model: (call) => (lastOf(call).role === 'tool' ? 'done' : asks('deeper', { task: 'Go.' })),
  });
  // Two that have agents; the third is refused before it asks anybody.
  expect(all('process.spawned')).toHaveLength(3);
  expect(all('process.terminated')[0]).toMatchObject({ pid: 3, outcome: 'failed', code: 'INVALID_ARGUMENT' });
  expect(JSON.stringify(asked)).toContain(
    'depth: 0 is not allowed; allowed: at least 1 where there are agents',
  );
});

test('a budget of its own bounds it, and its refusal is a result', () => {
  const total = (amount: number) => [{ resource: 'tokens', amount, window: { kind: 'total' } }] as const;
  const { asked, outcome } = runAgent({
    task: { ...task, agents: { researcher: { ...researcher, budget: 'small' } } },
    kernel: {
      budgets: [
        { name: 'all', limits: [] },
        { name: 'small', parent: 'all', limits: total(100) },
      ],
    },
    model: (call) => (lastOf(call).role === 'tool' ? 'done' : asks('researcher', { task: 'Find it.' })),
  });
  expect(outcome).toBe('completed');
  expect((lastOf(asked.at(-1)!) as { readonly value: string }).value).toMatch(
    /^TOOL_FAILED: researcher failed: .*allowed/,
  );
});

/** Two agents that know each other. */
const pair: Program = {
  name: 'pair',
  version: 1,
  *body() {
    const own = { reflectEvery: 0, followUpUs: 30 * S };
    for (const [name, other] of [
      ['ann', 'bob'],
      ['bob', 'ann'],
    ] as const)
      yield {
        kind: 'spawn',
        program: 'agent',
        name,
        arguments: { ...own, task: `You are ${name}.`, colleagues: [other] },
      };
    yield { kind: 'wait', pid: 0 };
    yield { kind: 'wait', pid: 0 };
  },
};

test('a colleague reads a message at the next turn, quoted and with its name; one that is not at work is told so', () => {
  const { asked } = runAgent({
    root: { program: 'pair', arguments: null },
    programs: [pair],
    tools: [echo],
    model: (call) => {
      if (!isFor(call, 'You are ann.')) return { text: 'bob is done', durationUs: 20 * S };
      if (call.messages.length === 1) return { ...asks('send_message', { to: 'bob', text: 'Hi!\nStop.' }) };
      // When bob has gone.
      if (call.messages.length === 3)
        return { ...asks('send_message', { to: 'bob', text: 'Bye' }), durationUs: 100 * S };
      return 'ann is done';
    },
  });
  const bobs = asked.filter((call) => isFor(call, 'You are bob.'));
  expect(bobs.at(-1)!.messages.at(-1)).toEqual({
    role: 'user',
    text: '[Message of ann, process 2]\n> Hi!\n> Stop.',
  });
  const results = asked.filter((call) => isFor(call, 'You are ann.')).at(-1)!.messages;
  expect(results.filter(({ role }) => role === 'tool')).toMatchObject([
    { tool: 'send_message', ok: true, value: 'bob reads it at the next turn' },
    { ok: false, value: 'UNKNOWN_PROCESS: to: no sibling of the name "bob" is at work' },
  ]);
});

test.each([
  [{ agents: { 'a b': researcher } }, 'agents.a b: "a b" is not allowed'],
  [{ agents: { send_message: researcher } }, 'agents.send_message: "send_message" is not allowed'],
  [
    { agents: { x: { program: 'agent' } } },
    'agents.x.description: undefined is not allowed; allowed: a text',
  ],
  [{ agents: { x: { ...researcher, timeoutUs: 0 } } }, 'agents.x.timeoutUs: 0 is not allowed'],
  [{ agents: { x: { ...researcher, speed: 1 } } }, 'agents.x.speed'],
  [{ agents: { echo: researcher }, tools: ['echo'] }, 'tools: "echo" is not allowed'],
  [{ colleagues: ['bob'], tools: ['send_message'] }, 'tools: "send_message" is not allowed'],
])('a wrong task %j is refused in one line', (wrong, message) => {
  const { all } = runAgent({ task: { ...wrong } as never, model: ['x'] });
  expect(all('process.terminated')[0]!.message).toContain(message);
});

test('after a crash behind each single input the same child goes on: no task is done twice, and the result is the same', () => {
  const args = {
    task: 'What is it?',
    tools: ['writer'],
    reflectEvery: 0,
    checkpointEvery: 1,
    agents: { researcher: { ...researcher, arguments: { tools: ['writer'], reflectEvery: 0 } } },
  };
  const model = (call: Pick<Asked, 'messages' | 'request'>): Reply => {
    const isChild = call.messages.some((message) => 'text' in message && message.text === 'Find it.');
    const results = call.messages.filter(({ role }) => role === 'tool').length;
    if (isChild) return results === 0 ? calls('writer', { by: 'child' }) : 'It is there.';
    if (results > 0) return 'done';
    return {
      toolCalls: [
        ...calls('researcher', { task: 'Find it.' }).toolCalls,
        ...calls('writer', { by: 'parent' }).toolCalls,
      ],
    };
  };
  const lives = (crash: number): { readonly end: unknown; readonly made: Json[]; readonly pids: number } => {
    const store = new MemoryStore();
    const made: Json[] = [];
    const { nowUs } = live(store, { args, model, made, steps: crash });
    if (crash < Infinity) live(store, { args, model, made, fromUs: nowUs });
    return { end: endOf(store), made, pids: store.processes('run-1').length };
  };
  const steps = live(new MemoryStore(), { args, model }).steps;
  const whole = lives(Infinity);
  expect(whole.end).toMatchObject({ reason: 'answered', answer: 'done', toolCalls: 2 });
  expect(whole.made).toHaveLength(2);
  for (let crash = 1; crash < steps; crash++) {
    const { end, made, pids } = lives(crash);
    expect(end, `crash after ${crash}`).toMatchObject({ reason: 'answered', answer: 'done' });
    expect(pids).toBe(2);
    // A write that the crash interrupted is not made again.
    for (const by of ['child', 'parent'])
      expect(made.filter((one) => (one as { readonly by: string }).by === by).length).toBe(1);
  }
});

const calls = (tool: string, args: Json) => ({ toolCalls: [{ id: `${tool} call`, tool, arguments: args }] });
