/** Reflection and critique: judged by the real transcript, metered, without a trace when they fail; and an answer keeps its tail. */
import { expect, test } from 'vitest';

import type { Json } from '../../../src/kernel/ids.ts';
import { asks, fails, runAgent, type Asked, type Reply } from './agent-world.ts';

const task = { tools: ['echo'], critique: false };
const isReflection = ({ request }: Asked): boolean => request.format !== undefined;
const reflection = (fields: Readonly<Record<string, Json>> = {}): Reply => ({
  text: JSON.stringify({ score: 0.5, issues: [], suggestions: [], goOn: true, plan: '', ...fields }),
});

test('every third iteration, at most three times, metered, and gone afterwards', () => {
  const { asked, result, all } = runAgent({
    task: { ...task, toolCalls: 100 },
    model: (call) => (isReflection(call) ? reflection() : call.messages.length > 30 ? 'done' : asks('echo')),
  });
  const places = asked.flatMap((call, index) => (isReflection(call) ? [index] : []));
  expect(places).toEqual([3, 7, 11]);
  expect(result).toMatchObject({ reason: 'answered', reflections: 3 });
  // It sees all that was said, and its question last; nothing of it is in the next prompt.
  const [before, judged, after] = [asked[2]!, asked[3]!, asked[4]!].map(({ messages }) => messages);
  expect(judged!.slice(0, before!.length)).toEqual(before);
  expect(judged!.at(-1)).toMatchObject({ role: 'user', text: expect.stringContaining('Step back') });
  expect(after).toEqual(judged!.slice(0, -1));
  expect(all('budget.settled')).toHaveLength(asked.length);
});

test('a new plan becomes a message', () => {
  const { asked } = runAgent({
    task,
    model: (call, index) =>
      isReflection(call)
        ? reflection({
            plan: 'Look elsewhere.',
            issues: ['I ran in circles'],
            suggestions: ['read'],
            score: 0.2,
          })
        : index > 3
          ? 'done'
          : asks('echo'),
  });
  expect(asked[4]!.messages.at(-1)).toEqual({
    role: 'user',
    text: '[Your reflection on the work so far; score 0.2]\nIssue: I ran in circles\nSuggestion: read\nNew plan: Look elsewhere.',
  });
});

test('a reflection can stop the work: one last answer, without tools', () => {
  const { asked, made, result, outcome } = runAgent({
    task,
    model: (call) =>
      isReflection(call)
        ? reflection({ goOn: false })
        : // It asks for tools to the last.
          { ...asks('echo'), text: 'what I have' },
  });
  expect(outcome).toBe('completed');
  expect(result).toMatchObject({ reason: 'stopped-by-reflection', answer: 'what I have', iterations: 4 });
  expect(made).toHaveLength(3);
  expect(asked).toHaveLength(5);
  expect(asked[4]!.request.tools).toBeUndefined();
});

const useless: readonly (readonly [what: string, reply: Reply])[] = [
  ['fails', fails({ retryable: false })],
  ['is no JSON', { text: 'All is well.' }],
  ['lacks a field', { text: '{"score": 1, "goOn": false}' }],
  ['has a score that is none', reflection({ score: 7 })],
  ['is cut off', { text: '{"score": 0.5, "issues": ["a"', finish: 'length' }],
];
test.each(useless)('a reflection that %s leaves no trace', (_, reply) => {
  const { asked, result } = runAgent({
    task,
    model: (call, index) => (isReflection(call) ? reply : index > 3 ? 'done' : asks('echo')),
  });
  expect(result).toMatchObject({ reason: 'answered', answer: 'done', reflections: 0 });
  expect(asked[4]!.messages).toEqual(asked[3]!.messages.slice(0, -1));
});

test('a reflection that a model refuses to give does not take that model away from the conversation', () => {
  const { asked, result } = runAgent({
    task: { ...task, models: ['own', 'other'], toolCalls: 100 },
    model: (call) =>
      isReflection(call) && call.request.model === 'own'
        ? fails({ retryable: false, status: 400, message: 'no such format' })
        : isReflection(call)
          ? reflection()
          : call.messages.length > 16
            ? 'done'
            : asks('echo'),
  });
  const modelsOf = (calls: readonly Asked[]) => calls.map(({ request }) => request.model);
  expect(modelsOf(asked.filter(isReflection))).toEqual(['own', 'other', 'own', 'other']);
  expect(new Set(modelsOf(asked.filter((call) => !isReflection(call))))).toEqual(new Set(['own']));
  expect(result).toMatchObject({ reason: 'answered', reflections: 2 });
});

test('nobody reflects behind the last iteration', () => {
  const { asked, result } = runAgent({
    task: { ...task, iterations: 3 },
    model: (call) => (isReflection(call) ? reflection({ goOn: false }) : asks('echo')),
  });
  expect(result.reason).toBe('ITERATION_LIMIT');
  expect(asked.filter(isReflection)).toEqual([]);
});

test('whoever still has something to say lets go on what a reflection has stopped', () => {
  const { asked, result } = runAgent({
    task,
    model: (call, index) =>
      isReflection(call)
        ? { ...(reflection({ goOn: false }) as object), durationUs: 10_000_000 }
        : index < 5
          ? { ...asks('echo'), durationUs: 10_000_000 }
          : 'done',
    messages: [[35_000_000, 'Look in the cellar.']],
  });
  expect(asked[3]!.request.format).toBeDefined();
  expect(asked[4]!.messages.at(-1)).toEqual({ role: 'user', text: 'Look in the cellar.' });
  expect(asked[4]!.request.tools).toEqual(['echo']);
  expect(result).toMatchObject({ reason: 'answered', answer: 'done', toolCalls: 4 });
});

test('a reflection may stand in a block of code', () => {
  const { result } = runAgent({
    task,
    model: (call, index) =>
      isReflection(call)
        ? { text: '```json\n{"score":1,"issues":[],"suggestions":[],"goOn":true,"plan":""}\n```' }
        : index > 3
          ? 'done'
          : asks('echo'),
  });
  expect(result.reflections).toBe(1);
});

// ---- Critique ----------------------------------------------------------------------------------------------------------

const long = 'The answer is long. '.repeat(500);
const isCritique = ({ messages }: Asked): boolean => JSON.stringify(messages.at(-1)).includes('Look over');

test.each<readonly [what: string, reply: Reply, answer: string]>([
  ['a whole better answer', `${long}And that is all.`, `${long}And that is all.`],
  ['its beginning, which it calls whole', long.slice(0, 2_000), long],
  ['a remark', 'The first line is better as: The answer is very long. The rest as above.', long],
  ['OK', 'OK.', long],
  ['one that was cut off', { text: long.slice(0, 8_000), finish: 'length' }, long],
  ['one whose end nobody vouches for', { text: long.slice(0, 8_000), finish: 'other' }, long],
  ['nothing', '', long],
  ['a tool call', { ...asks('echo'), text: 'better' }, long],
  ['a failure', fails({ retryable: false }), long],
])('self-critique that gives %s', (_, reply, answer) => {
  const { result, asked } = runAgent({
    task: { critique: true },
    model: (call) => (isCritique(call) ? reply : long),
  });
  expect(asked).toHaveLength(2);
  // It sees the whole answer.
  expect(asked[1]!.messages.at(-2)).toEqual({ role: 'assistant', text: long });
  expect(result).toMatchObject({ reason: 'answered', answer, isWhole: true });
});

test('a short answer may become another one, and a long one lose some of its words', () => {
  for (const [first, second] of [
    ['Yes, I think that this is the case.', 'No.'],
    [long, long.slice(0, 6_000).trim()],
  ] as const) {
    const { result } = runAgent({
      task: { critique: true },
      model: (call) => (isCritique(call) ? second : first),
    });
    expect(result.answer).toBe(second);
  }
});

test('round for round a long answer keeps its tail', () => {
  const { result } = runAgent({
    task: { critique: true, followUpUs: 100_000_000 },
    model: (call) =>
      isCritique(call)
        ? { text: long.slice(0, 8_000), finish: 'length' }
        : { text: long, durationUs: 1_000_000 },
    messages: [
      [20_000_000, 'Again.'],
      [60_000_000, 'Again.'],
    ],
  });
  expect(result).toMatchObject({ answer: long, isWhole: true, iterations: 3 });
});

test('a revised answer is what stands in the conversation that goes on', () => {
  const { asked, result } = runAgent({
    task: { critique: true, followUpUs: 60_000_000 },
    model: (call, index) => (isCritique(call) ? 'better' : index < 2 ? 'good' : 'and on'),
    messages: [[30_000_000, 'Go on.']],
  });
  expect(asked[2]!.messages.slice(1)).toEqual([
    { role: 'assistant', text: 'better' },
    { role: 'user', text: 'Go on.' },
  ]);
  expect(result.answer).toBe('better');
});
