/** What an agent is given: checked in one line before anything is asked, and the route that its models take. */
import { expect, test } from 'vitest';

import { agentDefaults, agentTaskOf } from '../../../src/agents/loop/agent-task.ts';
import { chainOf, complexityOf } from '../../../src/agents/loop/model-routing.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { runAgent } from './agent-world.ts';

test('what is left out has the defaults', () => {
  expect(agentTaskOf({ task: 'x' })).toEqual({ task: 'x', ...agentDefaults });
  expect(agentDefaults).toMatchObject({
    iterations: 100,
    retries: 2,
    stepTimeoutUs: 120_000_000,
    checkpointEvery: 5,
    toolCalls: 10,
    reflectEvery: 3,
    reflections: 3,
    dropAt: 0.85,
    temperature: 0.3,
  });
});

const wrong: readonly (readonly [given: Json, line: string])[] = [
  ['find it', 'task: "find it" is not allowed; allowed: an object with at least a task'],
  [{}, 'task: undefined is not allowed; allowed: a text that is not empty'],
  [{ task: '' }, 'task: "" is not allowed'],
  [{ task: 'x', system: 5 }, 'system: 5 is not allowed; allowed: a text'],
  [
    { task: 'x', tool: ['a'] },
    'tool: a list is not allowed; allowed: task, system, memories, messages, tools,',
  ],
  [{ task: 'x', memories: 'team' }, 'memories: "team" is not allowed; allowed: { scopes, tokens, limit }'],
  [{ task: 'x', memories: {} }, 'memories.scopes: undefined is not allowed'],
  [{ task: 'x', tools: 'a' }, 'tools: "a" is not allowed; allowed: a list of names'],
  [{ task: 'x', models: [''] }, 'models: a list is not allowed; allowed: a list of names'],
  [
    { task: 'x', routes: { hard: [] } },
    'routes.hard: a list is not allowed; allowed: simple, standard, complex',
  ],
  [{ task: 'x', routes: { simple: 'a' } }, 'routes.simple: "a" is not allowed; allowed: a list of names'],
  [{ task: 'x', temperature: 2.5 }, 'temperature: 2.5 is not allowed; allowed: a number from 0 to 2'],
  [{ task: 'x', iterations: 0 }, 'iterations: 0 is not allowed; allowed: an integer from 1'],
  [{ task: 'x', retries: 11 }, 'retries: 11 is not allowed; allowed: an integer from 0 to 10'],
  [{ task: 'x', critique: 1 }, 'critique: 1 is not allowed; allowed: true or false'],
  [
    { task: 'x', maxOutput: 100_000 },
    'maxOutput: 100000 is not allowed; allowed: less than windowTokens, 100000',
  ],
  [{ task: 'x', dropTo: 0.9 }, 'dropTo: 0.9 is not allowed; allowed: less than dropAt, 0.85'],
  [{ task: 'x', followUpUs: -1 }, 'followUpUs: -1 is not allowed; allowed: an integer from 0'],
];
test.each(wrong.map(([given, line]) => [line, given] as const))('refused: %s', (line, given) => {
  expect(() => agentTaskOf(given)).toThrow(
    expect.objectContaining({ message: expect.stringContaining(line) }),
  );
});

test('an agent with a wrong task fails with that line, and asks nobody', () => {
  const { outcome, result, asked } = runAgent({ task: { retries: 11 }, model: ['x'] });
  expect(outcome).toBe('failed');
  expect(result).toBe('retries: 11 is not allowed; allowed: an integer from 0 to 10');
  expect(asked).toEqual([]);
});

const tasks: readonly (readonly [task: string, tools: number, complexity: string])[] = [
  ['What is the capital of France?', 0, 'simple'],
  ['What is the capital of France? And of Spain?', 0, 'standard'],
  ['Review this patch.', 2, 'standard'],
  ['Find the bug.\n```\nfor (;;)\n```', 6, 'standard'],
  ['Design a cache, then compare it with this one:\n```\nx\n```', 0, 'complex'],
  [`Refactor as follows:\n- a\n- b\n- c`, 0, 'complex'],
  ['word '.repeat(260), 0, 'standard'],
  [`Plan: ${'word '.repeat(260)}`, 0, 'complex'],
];
test.each(tasks)('%j with %d tools is %s', (task, tools, complexity) => {
  expect(complexityOf(task, tools)).toBe(complexity);
});

test('a route of its complexity goes before the chain of models', () => {
  const routes = { simple: ['small', 'large'] };
  expect(chainOf(agentTaskOf({ task: 'What?', routes, models: ['m'] }))).toEqual(['small', 'large']);
  expect(chainOf(agentTaskOf({ task: 'Review it.', routes, models: ['m'] }))).toEqual(['m']);
  expect(chainOf(agentTaskOf({ task: 'Review it.' }))).toEqual([undefined]);
  const { asked } = runAgent({ task: { task: 'What?', routes }, model: ['x'] });
  expect(asked[0]!.request.model).toBe('small');
});
