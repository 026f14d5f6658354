import { expect, test } from 'vitest';

import { parseTauBench } from '../../../src/sim/workloads/tau-bench.ts';
import { problemOf } from './support.ts';

const call = (id: string, name: string, argumentsText = '{}'): object => ({
  id,
  type: 'function',
  function: { name, arguments: argumentsText },
});

/** One trajectory that has every kind of message. Ids of tool calls repeat, as they do in the recordings. */
const trajectory = {
  task_id: 3,
  trial: 1,
  reward: 1,
  traj: [
    { role: 'system', content: 'You help.' },
    { role: 'user', content: 'Book a flight' },
    { role: 'assistant', content: null, tool_calls: [call('c1', 'search', '{"to":"SEA"}')] },
    { role: 'tool', tool_call_id: 'c1', name: 'search', content: 'two flights, no Error' },
    { role: 'assistant', content: 'Which?', tool_calls: null },
    { role: 'user', content: 'The first' },
    {
      role: 'assistant',
      content: 'I try both',
      tool_calls: [call('c1', 'book', '{"n":1}'), call('c2', 'book', 'not json')],
    },
    { role: 'tool', tool_call_id: 'c2', name: 'book', content: 'Error: no such flight' },
    { role: 'tool', tool_call_id: 'c1', name: 'book', content: 'booked' },
    { role: 'assistant', content: 'Done' },
    { role: 'user', content: '###STOP###' },
  ],
};
const parse = (...trajectories: unknown[]): unknown => parseTauBench('f', JSON.stringify(trajectories));

/** The trajectory with one message changed, or taken out. */
function changed(index: number, change: object | undefined): unknown {
  const traj = trajectory.traj.flatMap((message, at) => {
    if (at !== index) return [message];
    return change === undefined ? [] : [{ ...message, ...change }];
  });
  return { ...trajectory, traj };
}

test('a trajectory becomes the steps of one agent', () => {
  const firstCall = JSON.stringify([call('c1', 'search', '{"to":"SEA"}')]);
  const bothCalls = JSON.stringify([call('c1', 'book', '{"n":1}'), call('c2', 'book', 'not json')]);
  expect(parse(trajectory)).toEqual([
    {
      name: 'task-3-trial-1',
      messages: 11,
      steps: [
        { op: 'page', kind: 'system', text: 'You help.', importance: 1, pinned: true },
        { op: 'page', kind: 'user', text: 'Book a flight' },
        { op: 'think', tokensOut: Math.ceil(firstCall.length / 4), text: firstCall },
        {
          op: 'tools',
          calls: [{ tool: 'search', arguments: { to: 'SEA' }, result: 'two flights, no Error' }],
        },
        { op: 'think', tokensOut: 2, text: 'Which?' },
        { op: 'ask', answer: 'The first' },
        {
          op: 'think',
          tokensOut: Math.ceil(`I try both\n${bothCalls}`.length / 4),
          text: `I try both\n${bothCalls}`,
        },
        {
          op: 'tools',
          calls: [
            { tool: 'book', arguments: { n: 1 }, result: 'booked' },
            { tool: 'book', arguments: 'not json', result: 'Error: no such flight', failed: true },
          ],
        },
        { op: 'think', tokensOut: 1, text: 'Done' },
        { op: 'ask', answer: '###STOP###' },
      ],
    },
  ]);
});

test('what is wrong is named with trajectory, message, field, value and what is allowed', async () => {
  const problem = (...trajectories: unknown[]): Promise<string> => problemOf(() => parse(...trajectories));
  expect(await problem(trajectory, changed(3, undefined))).toBe(
    'f trajectory 2, message 3: no tool message answers the tool call "c1"',
  );
  expect(await problem(changed(2, { tool_calls: null, content: 'x' }))).toBe(
    'f trajectory 1, message 4: a tool message that answers no tool call of the message before',
  );
  expect(await problem(changed(1, { role: 'developer' }))).toBe(
    'f trajectory 1, message 2: role: "developer" is not allowed; allowed: system, user, assistant, tool',
  );
  expect(await problem(changed(5, { content: 7 }))).toBe(
    'f trajectory 1, message 6: content: 7 is not allowed; allowed: a string',
  );
  expect(await problem(changed(4, { content: undefined }))).toBe(
    'f trajectory 1, message 5: content: missing; allowed: a string',
  );
  expect(await problem({ ...trajectory, trial: -1 })).toBe(
    'f trajectory 1: trial: -1 is not allowed; allowed: an integer from 0 up',
  );
  expect(await problem({ ...trajectory, traj: {} })).toBe(
    'f trajectory 1: traj: {} is not allowed; allowed: a JSON array',
  );
  expect(await problem('x')).toBe('f trajectory 1: trajectory: "x" is not allowed; allowed: a JSON object');
});

test('a document that ends too early or is not JSON is an error', async () => {
  const text = JSON.stringify([trajectory], null, 1);
  for (let length = 1; length < text.length - 1; length += 13) {
    expect(await problemOf(() => parseTauBench('f', text.slice(0, length)))).toMatch(/^f: not /);
  }
  expect(await problemOf(() => parseTauBench('f', text.slice(0, 40)))).toBe(
    'f: not a whole JSON value (the text ends too early); allowed: one JSON value',
  );
  expect(await problemOf(() => parseTauBench('f', '[\n{"a" 1}\n]'))).toBe(
    'f: not JSON (unexpected "1", line 2, column 6); allowed: one JSON value',
  );
});
