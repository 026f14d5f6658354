import { expect, test } from 'vitest';

import { parseSweAgent } from '../../../src/sim/workloads/swe-agent.ts';
import { problemOf } from './support.ts';

const toolCalls = [{ id: 'x', type: 'function', function: { name: 'open', arguments: '{"path":"a"}' } }];
const recorded = {
  environment: 'main',
  trajectory: [
    { response: 'Look', action: 'ls -F\n', observation: 'a b', execution_time: 0.116055538 },
    { response: 'Open', action: 'open "a"', observation: '', execution_time: 2 },
    { response: 'Hm', action: '', observation: 'Say one command.' },
  ],
  history: [
    { role: 'system', content: 'SETTING' },
    { role: 'user', content: 'demo', is_demo: true },
    { role: 'assistant', content: 'demo answer', is_demo: true },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'The ' },
        { type: 'text', text: 'issue' },
      ],
    },
    { role: 'assistant', content: 'Look', tool_calls: null },
    { role: 'tool', content: 'a b\n(dir: /)' },
    { role: 'assistant', content: 'Open', tool_calls: toolCalls },
    { role: 'tool', content: 'No output' },
    { role: 'assistant', content: 'Hm' },
    { role: 'user', content: 'Say one command.' },
  ],
};
const parse = (document: unknown): ReturnType<typeof parseSweAgent> =>
  parseSweAgent('f', JSON.stringify(document));

test('the beginning becomes pages, each step a thought and a tool call with its time', () => {
  const openText = `Open\n${JSON.stringify(toolCalls)}`;
  expect(parse(recorded)).toEqual([
    {
      name: 'main',
      messages: 10,
      steps: [
        { op: 'page', kind: 'system', text: 'SETTING', importance: 1, pinned: true },
        { op: 'page', kind: 'user', text: 'demo' },
        { op: 'page', kind: 'assistant', text: 'demo answer' },
        { op: 'page', kind: 'user', text: 'The issue' },
        { op: 'think', tokensOut: 1, text: 'Look' },
        {
          op: 'tools',
          calls: [
            { tool: 'ls', arguments: { command: 'ls -F\n' }, result: 'a b\n(dir: /)', durationUs: 116_056 },
          ],
        },
        { op: 'think', tokensOut: Math.ceil(openText.length / 4), text: openText },
        {
          op: 'tools',
          calls: [
            { tool: 'open', arguments: { command: 'open "a"' }, result: 'No output', durationUs: 2_000_000 },
          ],
        },
        { op: 'think', tokensOut: 1, text: 'Hm' },
        { op: 'page', kind: 'user', text: 'Say one command.' },
      ],
    },
  ]);
});

test('equal answers keep their own replies', () => {
  const step = { response: 'Again', action: 'run', observation: '' };
  const said = { role: 'assistant', content: 'Again' };
  const history = [said, { role: 'user', content: 'one' }, said, { role: 'user', content: 'two' }];
  const [agent] = parse({ trajectory: [step, step], history });
  expect(agent!.steps[1]).toMatchObject({ calls: [{ result: 'one' }] });
  expect(agent!.steps[3]).toMatchObject({ calls: [{ result: 'two' }] });
});

test('without a history the beginning is that of the first query, and results are the observations', () => {
  const { trajectory } = recorded;
  const query = [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'U' },
  ];
  const [agent] = parse({ trajectory: [{ ...trajectory[0], query }, ...trajectory.slice(1)] });
  expect(agent!.name).toBe('swe-agent');
  expect(agent!.steps.map(({ op }) => op)).toEqual([
    'page',
    'page',
    'think',
    'tools',
    'think',
    'tools',
    'think',
    'page',
  ]);
  expect(agent!.steps[3]).toMatchObject({ calls: [{ result: 'a b' }] });
  expect(agent!.steps[5]).toMatchObject({ calls: [{ result: '' }] });
});

test('a step that is not as it should be is named', async () => {
  const [first, ...rest] = recorded.trajectory;
  const problem = (step: object): Promise<string> =>
    problemOf(() => parse({ ...recorded, trajectory: [...rest, { ...first, ...step }] }));
  expect(await problem({ execution_time: -0.5 })).toMatch(
    /^f step 3: execution_time: -0.5 is not allowed; allowed: a number from 0 to/,
  );
  expect(await problem({ execution_time: 'long' })).toMatch(/^f step 3: execution_time: "long" is not/);
  expect(await problem({ action: undefined })).toBe('f step 3: action: missing; allowed: a string');
  expect(await problem({ response: null })).toMatch(/^f step 3: response: null is not allowed/);
  expect(await problemOf(() => parse({ ...recorded, trajectory: [] }))).toBe(
    'f: trajectory: [] is not allowed; allowed: at least one step',
  );
  expect(await problemOf(() => parse({ ...recorded, history: [{ content: '' }] }))).toBe(
    'f message 1: role: missing; allowed: a string',
  );
  expect(await problemOf(() => parseSweAgent('f', '{"trajectory": ['))).toContain('ends too early');
});
