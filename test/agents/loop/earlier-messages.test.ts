/** An agent that goes on with a conversation: it stands in the prompt as it was told, also after a crash, and what is no conversation is refused. */
import { expect, test } from 'vitest';

import { agentTaskOf } from '../../../src/agents/loop/agent-task.ts';
import type { Message } from '../../../src/agents/model/messages.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { live } from './agent-lives.ts';
import { asks, runAgent } from './agent-world.ts';

const messages: readonly Message[] = [
  { role: 'system', text: 'Answer in one word.' },
  { role: 'user', text: 'What is 2 + 2?' },
  { role: 'assistant', text: '', toolCalls: [{ id: 'a', tool: 'echo', arguments: { n: 4 } }] },
  { role: 'tool', id: 'a', tool: 'echo', ok: true, value: { echo: { n: 4 } } },
  { role: 'assistant', text: 'Four.' },
  { role: 'user', text: 'And one more?' },
  { role: 'assistant', text: 'Five.' },
];

test('what was said before stands before the task, in its roles', () => {
  const { asked, result } = runAgent({ task: { system: 'Be brief.', messages }, model: ['Six.'] });
  expect(result).toMatchObject({ reason: 'answered', answer: 'Six.', toolCalls: 0, iterations: 1 });
  expect(asked[0]!.messages).toEqual([
    { role: 'system', text: 'Be brief.' },
    ...messages,
    { role: 'user', text: 'What is it?' },
  ]);
});

test('it goes on behind a crash at every step, before and behind a checkpoint', () => {
  const args = {
    task: 'And now?',
    messages,
    tools: ['echo'],
    reflectEvery: 0,
    checkpointEvery: 1,
  } as unknown as Json;
  const model = ({ messages: said }: { readonly messages: readonly Message[] }) =>
    said.at(-1)!.role === 'tool' ? 'done' : asks('echo', { n: 1 });
  const steps = live(new MemoryStore(), { args, model }).steps;
  expect(steps).toBeGreaterThan(4);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const asked: string[] = [];
    const { nowUs } = live(store, { args, model, steps: crash });
    live(store, { args, model, fromUs: nowUs, asked });
    expect(store.processes('run-1')[0]!.end).toMatchObject({ outcome: 'completed' });
    for (const prompt of asked) {
      const [said] = JSON.parse(prompt) as readonly [readonly Message[]];
      expect(said.slice(0, messages.length + 1)).toEqual([...messages, { role: 'user', text: 'And now?' }]);
    }
  }
});

test('when the window is short the oldest leaves, an answer with its results, and the task stays', () => {
  const long = 'a word and another '.repeat(40);
  const many = Array.from({ length: 12 }, (_, index): Message[] => [
    { role: 'user', text: `${index}: ${long}` },
    { role: 'assistant', text: '', toolCalls: [{ id: 'a', tool: 'echo', arguments: {} }] },
    { role: 'tool', id: 'a', tool: 'echo', ok: true, value: long },
    { role: 'assistant', text: 'ok' },
  ]).flat();
  const { asked } = runAgent({
    task: { system: 'Be brief.', messages: many, windowTokens: 3_000, maxOutput: 100 },
    model: ['done'],
  });
  const prompt = asked[0]!.messages;
  expect(prompt.length).toBeLessThan(many.length);
  expect(prompt[0]).toEqual({ role: 'system', text: 'Be brief.' });
  expect(prompt.at(-1)).toEqual({ role: 'user', text: 'What is it?' });
  for (const [at, { role }] of prompt.entries())
    if (role === 'tool')
      expect(prompt[at - 1]).toMatchObject({ role: 'assistant', toolCalls: [{ id: 'a' }] });
});

const answer = messages[2]!;
const result = messages[3]!;

test.each([
  [{ no: 'list' }, 'messages: an object is not allowed; allowed: a list of messages'],
  [['hello'], 'messages[0]: "hello" is not allowed; allowed: { role, text, … }'],
  [
    [{ role: 'developer', text: 'x' }],
    'messages[0].role: "developer" is not allowed; allowed: system, user, assistant, tool',
  ],
  [[{ role: 'user', text: 1 }], 'messages[0].text: 1 is not allowed; allowed: a text'],
  [[{ role: 'user', text: '' }], 'messages[0].text: "" is not allowed; allowed: a text that is not empty'],
  [
    [{ role: 'assistant', text: '' }],
    'messages[0].text: "" is not allowed; allowed: a text that is not empty',
  ],
  [[{ role: 'user', text: 'x', name: 'ann' }], 'name'],
  [[result], 'messages[0].id: "a" is not allowed; allowed: a result behind an answer that asks for it'],
  [
    [answer, { ...result, id: 'b' }],
    'messages[1].id: "b" is not allowed; allowed: the id of a call that has no result: a',
  ],
  [
    [answer, result, result],
    'messages[2].id: "a" is not allowed; allowed: a result behind an answer that asks for it',
  ],
  [
    [answer, { ...result, tool: 'other' }],
    'messages[1].tool: "other" is not allowed; allowed: the tool of the call: echo',
  ],
  [[answer, { ...result, ok: 'yes' }], 'messages[1].ok: "yes" is not allowed; allowed: true or false'],
  [
    [answer, { role: 'user', text: 'x' }],
    'messages[1].role: "user" is not allowed; allowed: tool: call a has no result yet',
  ],
  [[answer], 'messages[1].role: "user" is not allowed; allowed: tool: call a has no result yet'],
  [
    [{ role: 'assistant', text: '', toolCalls: [{ id: 'a', tool: 'echo' }] }],
    'messages[0].toolCalls[0].arguments: undefined is not allowed; allowed: an object',
  ],
  [
    [
      {
        role: 'assistant',
        text: '',
        toolCalls: [
          { id: 'a', tool: 'x', arguments: {} },
          { id: 'a', tool: 'x', arguments: {} },
        ],
      },
    ],
    'messages[0].toolCalls[1].id: "a" is not allowed; allowed: an id that no other call of the answer has',
  ],
])('what is no conversation: %j', (given, words) => {
  expect(() => agentTaskOf({ task: 'x', messages: given as unknown as Json })).toThrow(words);
});
