/** The window: what leaves, when, and what never does; a summary in its place where one is asked for. */
import { expect, test } from 'vitest';

import { Conversation, type Steps } from '../../../src/agents/loop/conversation.ts';
import { settle, stretchesToDrop, type Stretch } from '../../../src/agents/loop/window.ts';
import { danglingIn, asks, fails, runAgent, type Asked, type Reply } from './agent-world.ts';

const task = {
  tools: ['echo'],
  toolCalls: 1_000,
  reflectEvery: 0,
  windowTokens: 2_000,
  maxOutput: 100,
  system: 'You are careful.',
};
const paragraph = 'x'.repeat(300);
const isSummary = ({ messages }: Asked): boolean => JSON.stringify(messages.at(-1)).includes('Sum up all');

test('nothing leaves before 85 %, and then enough to come down to 50 %', () => {
  const { asked, result, all, store } = runAgent({
    task,
    model: (_, index) => (index < 60 ? asks('echo', { paragraph }) : 'done'),
  });
  expect(result.reason).toBe('answered');
  const sizes = asked.map(({ promptTokens }) => promptTokens);
  const falls = sizes.filter((size, index) => index > 0 && size < sizes[index - 1]!);
  expect(falls.length).toBeGreaterThan(2);
  // Rarely and much.
  expect(falls.length).toBeLessThan(sizes.length / 5);
  for (const size of falls) expect(size).toBeLessThanOrEqual(1_000 + 110);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_700);
  expect(Math.max(...sizes)).toBeGreaterThan(1_500);
  for (const { messages } of asked) {
    expect(messages[0]).toEqual({ role: 'system', text: 'You are careful.' });
    expect(messages[1]).toEqual({ role: 'user', text: 'What is it?' });
    expect(danglingIn(messages)).toBeUndefined();
  }
  const drops = all('page.dropped');
  expect(drops.reduce((sum, { pages }) => sum + pages, 0)).toBeGreaterThan(10);
  // What leaves leaves at once: the prefix is broken no oftener than the window is full.
  expect(new Set(drops.map(({ atUs }) => atUs)).size).toBe(falls.length);
  const syscalls = store.history('run-1', { branch: 'main', pid: 1 as never });
  expect(syscalls.filter(({ kind }) => kind === 'drop')).toHaveLength(falls.length);
});

test('the oldest leaves first, and what a user said later than what tools gave', () => {
  const stretch = (first: number, importance: number, tokens = 10): Stretch => ({
    first,
    count: 1,
    tokens,
    importance,
  });
  const settled = [stretch(2, 0.9), stretch(3, 0.7), stretch(4, 0.8), stretch(5, 0.7)];
  const order = (target: number) => stretchesToDrop(settled, 40, target).map(({ first }) => first);
  expect(order(40)).toEqual([]);
  expect(order(39)).toEqual([3]);
  expect(order(20)).toEqual([3, 5]);
  expect(order(5)).toEqual([3, 5, 4, 2]);
});

test('stretches are joined while they are neighbours of one importance and small', () => {
  const list: Stretch[] = [];
  for (const [first, importance] of [
    [1, 0.7],
    [3, 0.7],
    [5, 0.7],
    [8, 0.7],
    [10, 0.9],
  ] as const)
    settle(list, { first, count: 2, tokens: 10, importance }, 20);
  expect(list.map(({ first, count, tokens }) => [first, count, tokens])).toEqual([
    [1, 4, 20],
    [5, 2, 10],
    [8, 2, 10],
    [10, 2, 10],
  ]);
});

test('the task stays as long as it is worked on, whatever is said meanwhile', () => {
  const { asked, result, all } = runAgent({
    task: { ...task, task: 'Find the key.' },
    model: (_, index) => (index < 40 ? { ...asks('echo', { paragraph }), durationUs: 20_000_000 } : 'done'),
    // What is said last stays, what was said before it may leave: more of it than the window holds is said in all.
    messages: Array.from(
      { length: 8 },
      (_, index) => [(index + 1) * 80_000_000, `${index}${'y'.repeat(2_400)}`] as const,
    ),
  });
  expect(result).toMatchObject({ reason: 'answered', iterations: 41 });
  for (const { messages } of asked) expect(messages[1]).toEqual({ role: 'user', text: 'Find the key.' });
  expect(
    asked
      .at(-1)!
      .messages.filter(({ role }) => role === 'user')
      .at(-1),
  ).toMatchObject({
    text: expect.stringContaining('7yyy') as string,
  });
  expect(all('page.dropped').length).toBeGreaterThan(10);
});

test('when it is answered, the task may leave for the next one, and its answer before it', () => {
  const { asked } = runAgent({
    task: { ...task, task: 'x'.repeat(4_000), followUpUs: 100_000_000 },
    model: ['one', { text: 'two', durationUs: 1 }],
    messages: [[50_000_000, 'z'.repeat(4_000)]],
  });
  expect(asked[1]!.messages.map((message) => 'text' in message && message.text[0])).toEqual(['Y', 'z']);
});

test('a conversation that is restored knows what its turn began with, and that it is over', () => {
  const options = { countTokens: (text: string) => text.length, windowTokens: 1_000, keepsKeys: false };
  let page = 0;
  const run = (steps: Steps<unknown>): void => {
    for (let step = steps.next(); step.done !== true;) step = steps.next({ ok: true, value: ++page });
  };
  const pagesToDrop = (restore: (conversation: Conversation) => Conversation): readonly number[] => {
    page = 0;
    let conversation = new Conversation(options);
    const say = (steps: (conversation: Conversation) => Steps<unknown>): void => {
      conversation = restore(conversation);
      run(steps(conversation));
    };
    say((it) => it.user('Count.'));
    say((it) => it.answer({ role: 'assistant', text: 'one' }));
    say((it) => it.user('In French.'));
    say((it) => it.answer({ role: 'assistant', text: 'deux' }));
    say((it) => it.user('On.'));
    const before = conversation.droppable(0).map(({ first }) => first);
    say((it) => it.answer({ role: 'assistant', text: 'trois' }));
    conversation = restore(conversation);
    conversation.close();
    say((it) => it.user('Thanks.'));
    return [...before, 0, ...conversation.droppable(0).map(({ first }) => first)];
  };
  const live = pagesToDrop((conversation) => conversation);
  expect(live).toEqual([2, 3, 0, 2, 4, 6, 1, 3, 5]);
  expect(pagesToDrop((before) => new Conversation({ ...options, saved: before.save() }))).toEqual(live);
});

test('a summary stands for what left, and is metered', () => {
  const { asked, all } = runAgent({
    task: { ...task, summarise: true },
    model: (call, index) =>
      isSummary(call) ? 'Nothing was found yet.' : index < 30 ? asks('echo', { paragraph }) : 'done',
  });
  const at = asked.findIndex(isSummary);
  expect(at).toBeGreaterThan(0);
  expect(asked[at + 1]!.messages.at(-1)).toEqual({
    role: 'user',
    text: '[Summary of the earlier conversation, which was removed]\nNothing was found yet.',
  });
  expect(asked[at + 1]!.promptTokens).toBeLessThan(asked[at]!.promptTokens / 1.4);
  expect(asked[at + 1]!.messages.some((message) => JSON.stringify(message).includes('Sum up all'))).toBe(
    false,
  );
  expect(all('budget.settled')).toHaveLength(asked.length);
});

test('where the question for a summary does not fit any more, the oldest leave without one, and the run goes on', () => {
  const { outcome, asked, all } = runAgent({
    task: { ...task, summarise: true, toolCalls: 100 },
    // From below the mark to above the window in one turn.
    model: (call, index) =>
      isSummary(call)
        ? 'Nothing was found yet.'
        : index < 30
          ? asks('echo', { text: 'w'.repeat(1_900) })
          : 'done',
  });
  expect(outcome).toBe('completed');
  expect(asked.filter(isSummary).length).toBeGreaterThan(2);
  expect(asked.every(({ promptTokens, maxOutput }) => promptTokens + maxOutput <= task.windowTokens)).toBe(
    true,
  );
  expect(all('call.refused')).toEqual([]);
});

test('summaries are asked of models of their own, the next one when one is not available', () => {
  const { asked, all } = runAgent({
    task: { ...task, summarise: true, summaryModels: ['gone', 'brief'], retries: 0, toolCalls: 100 },
    model: (call, index) => {
      if (!isSummary(call)) return index < 60 ? asks('echo', { paragraph }) : 'done';
      return call.request.model === 'gone' ? fails({ retryable: false }) : 'Nothing was found yet.';
    },
    kernel: { engines: [{ name: 'own' }, { name: 'brief' }] },
  });
  const summaries = asked.filter(isSummary).map(({ request }) => request.model);
  expect(summaries.length).toBeGreaterThan(2);
  expect(summaries).toEqual(['gone', ...summaries.slice(1).map(() => 'brief')]);
  expect(asked.filter((call) => !isSummary(call)).every(({ request }) => request.model === undefined)).toBe(
    true,
  );
  // A model that is an engine's is asked there, and no turn is.
  const moves = all('process.migrated').map(({ to }) => to);
  expect(moves.slice(0, 4)).toEqual([1, 0, 1, 0]);
});

test.each<readonly [what: string, reply: Reply]>([
  ['fails', fails({ retryable: false })],
  ['is cut off', { text: 'Nothing w', finish: 'length' }],
  ['is empty', ''],
])('a summary that %s drops nothing', (_, reply) => {
  const { outcome, result, all } = runAgent({
    task: { ...task, summarise: true },
    model: (call) => (isSummary(call) ? reply : asks('echo', { paragraph })),
  });
  expect(all('page.dropped')).toEqual([]);
  expect(outcome).toBe('failed');
  expect(result).toMatchObject({
    reason: 'WINDOW_EXCEEDED',
    message: expect.stringMatching(
      /^windowTokens: .* tokens, and nothing was dropped, as there is no summary: .*; allowed: up to 2000$/,
    ) as string,
  });
});

test('where there is no budget for a summary, the run says that the budget ended it', () => {
  const run = (calls: number) =>
    runAgent({
      task: { ...task, summarise: true },
      model: (call) => (isSummary(call) ? '' : asks('echo', { paragraph: 'x'.repeat(2_000) })),
      kernel: {
        budgets: [{ name: 'org', limits: [{ resource: 'calls', amount: calls, window: { kind: 'total' } }] }],
      },
    });
  const rich = run(100);
  expect(rich.result.reason).toBe('WINDOW_EXCEEDED');
  const lastSummary = rich.asked.findLastIndex(isSummary);
  const { result, outcome, all } = run(lastSummary);
  expect(outcome).toBe('failed');
  expect(result.reason).toBe('BUDGET_EXCEEDED');
  expect(all('page.dropped')).toEqual([]);
});

test.each([
  ['results', [], { paragraph: 'x'.repeat(1_400) }],
  ['what a user says', [[25_000_000, 'z'.repeat(1_500)]] as const, { paragraph }],
])('there is a summary also where %s would leave no room to ask for one', (_, messages, args) => {
  const { asked, result, all } = runAgent({
    task: { ...task, summarise: true, dropAt: 0.9 },
    model: (call, index) =>
      isSummary(call)
        ? 'Nothing was found yet.'
        : index < 30
          ? { ...asks('echo', args, index % 2 === 1 ? 2 : 1), durationUs: 2_000_000 }
          : 'done',
    messages,
  });
  expect(result.reason).toBe('answered');
  const at = asked.flatMap((call, index) => (isSummary(call) ? [index] : []));
  expect(at.length).toBeGreaterThan(2);
  for (const { messages: prompt, promptTokens, maxOutput } of asked) {
    expect(danglingIn(prompt)).toBeUndefined();
    expect(promptTokens + maxOutput).toBeLessThanOrEqual(2_000);
  }
  // Nothing leaves that no summary has seen.
  const dropped = all('page.dropped').reduce((sum, { pages }) => sum + pages, 0);
  expect(dropped).toBeGreaterThan(10);
  const drops = all('page.dropped').map(({ atUs }) => atUs);
  const summaries = new Set(all('call.ended').map(({ atUs }) => atUs));
  expect(drops.every((atUs) => summaries.has(atUs))).toBe(true);
});

test('a result that would fill the window is cut off, and says so', () => {
  const { asked, result } = runAgent({
    task,
    model: (_, index) => (index === 0 ? asks('echo', { text: 'y'.repeat(50_000) }) : 'done'),
  });
  expect(result.reason).toBe('answered');
  const told = asked[1]!.messages.at(-1) as { readonly value: string };
  expect(told.value).toMatch(/^\{"echo":\{"text":"y+ \[cut off: the first \d+ of 50020 characters\]$/);
  expect(asked[1]!.promptTokens).toBeLessThan(600);
});

test('a task that does not fit ends the run with a code, and asks nobody', () => {
  const { asked, outcome, result } = runAgent({
    task: { ...task, task: 'z'.repeat(10_000) },
    model: ['x'],
  });
  expect(asked).toEqual([]);
  expect(outcome).toBe('failed');
  expect(result.reason).toBe('WINDOW_EXCEEDED');
});

test('a page larger than context memory, too', () => {
  const { result } = runAgent({
    task: { ...task, task: 'z'.repeat(10_000), windowTokens: 10_000 },
    model: ['x'],
    kernel: { engines: [{ name: 'small', memoryTokens: 1_000 }] },
  });
  expect(result.reason).toBe('CONTEXT_TOO_LARGE');
});
