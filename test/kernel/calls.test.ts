/** Model calls by themselves: what is refused, what a call larger than memory does, what an answer is. */
import { expect, test } from 'vitest';

import { runAgents } from '../support/run-agents.ts';
import { allocate, failed, ok, SECOND, sleep, think } from '../support/syscalls.ts';

const S = SECOND;

test('a call larger than the window of the model is refused: WINDOW_EXCEEDED', () => {
  const { results, all } = runAgents({
    agents: [{ body: [allocate(900), think(101), think(100)] }],
    kernel: { engines: [{ windowTokens: 1_000 }] },
  });
  expect(results(1).slice(1)).toEqual([
    failed('WINDOW_EXCEEDED', 'take 1001 tokens; allowed: up to the window of 1000'),
    expect.objectContaining({ ok: true }),
  ]);
  expect(all('call.refused')).toMatchObject([{ n: 2, code: 'WINDOW_EXCEEDED' }]);
  expect(all('call.ended')).toHaveLength(1);
});

test('a call that can never fit into memory is refused: CONTEXT_TOO_LARGE; nothing is evicted for it', () => {
  const { results, all } = runAgents({
    agents: [{ body: [allocate(900, { text: 'a' }), think(100), think(101)] }],
    kernel: { engines: [{ memoryTokens: 1_000 }] },
  });
  expect(results(1).at(-1)).toEqual(
    failed('CONTEXT_TOO_LARGE', 'take 1001 tokens; allowed: up to the context memory of 1000'),
  );
  expect(all('page.evicted')).toEqual([]);
});

test('with the oversize rule `bypass` it runs, pays for everything and keeps nothing', () => {
  const { results, all, kernel } = runAgents({
    agents: [
      {
        body: [
          allocate(1_500, { text: 'a' }),
          think(100),
          think(100, { keepAnswer: true, script: { tokensOut: 100, text: 'b' } }),
        ],
      },
    ],
    kernel: { engines: [{ memoryTokens: 1_000, prefillTokensPerSecond: 1_000 }], oversize: 'bypass' },
  });
  expect(all('call.bypassed').map(({ tokens }) => tokens)).toEqual([1_600, 1_600]);
  expect(
    all('process.dispatched').map((event) => [
      event.newTokens,
      event.repeatedTokens,
      event.cachedTokens,
      event.room,
    ]),
  ).toEqual([
    [1_500, 0, 0, -1],
    [0, 1_500, 0, -1],
  ]);
  expect(results(1)[2]).toMatchObject({ value: { tokensIn: 1_500, tokensCached: 0 } });
  expect(all('page.loaded')).toEqual([]);
  expect(kernel.snapshot().engines[0]!.residentTokens).toBe(0);
});

test('bypass: resident pages of the prompt are paid for as well, and stay', () => {
  const { all, kernel } = runAgents({
    agents: [{ body: [allocate(600), think(100), allocate(600), think(100), sleep(S)] }],
    kernel: { engines: [{ memoryTokens: 1_000 }], oversize: 'bypass' },
    untilUs: 20 * S,
  });
  expect(all('process.dispatched')[1]).toMatchObject({
    newTokens: 600,
    repeatedTokens: 600,
    cachedTokens: 0,
  });
  expect(kernel.nowUs).toBeLessThan(20 * S);
});

test.each([
  [{ maxOutput: 0 }, 'maxOutput: 0'],
  [{ maxOutput: -5 }, 'maxOutput: -5'],
  [{ maxOutput: 1.5 }, 'maxOutput: 1.5'],
  [{ maxOutput: Number.NaN }, 'maxOutput: NaN'],
  [{ maxOutput: Infinity }, 'maxOutput: Infinity'],
  [{ promptTokens: -1 }, 'promptTokens: -1'],
  [{ promptTokens: 0.5 }, 'promptTokens: 0.5'],
])('think with %j is refused, and raises no quota', (fields, words) => {
  const { results, kernel } = runAgents({
    agents: [{ budget: 'team', body: [think(10, fields)] }],
    kernel: {
      budgets: [{ name: 'team', limits: [{ resource: 'tokens', amount: 100, window: { kind: 'total' } }] }],
    },
  });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT', words)]);
  expect(kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 0, reserved: 0 }]);
});

test('an answer is a page of the prompt when it has text, unless the program says otherwise', () => {
  const answer = (keepAnswer: boolean | undefined, text: string | undefined) => {
    const script = { tokensOut: 20, ...(text === undefined ? {} : { text }) };
    const { results } = runAgents({
      agents: [
        {
          body: [
            { kind: 'think', maxOutput: 20, script, ...(keepAnswer === undefined ? {} : { keepAnswer }) },
            think(1),
          ],
        },
      ],
    });
    const [first, second] = results(1) as unknown as {
      value: { page?: number; text: string; tokensIn: number };
    }[];
    return [first!.value.text, first!.value.page !== undefined, second!.value.tokensIn];
  };
  expect(answer(undefined, 'hello')).toEqual(['hello', true, 20]);
  expect(answer(undefined, undefined)).toEqual(['', false, 0]);
  expect(answer(false, 'hello')).toEqual(['hello', false, 0]);
  expect(answer(true, undefined)).toEqual(['', true, 20]);
});

test('promptTokens: what goes beyond the pages is paid for each time and never cached', () => {
  const { all, results } = runAgents({
    agents: [
      {
        body: [
          allocate(100),
          think(10, { promptTokens: 130 }),
          think(10, { promptTokens: 130 }),
          think(10, { promptTokens: 50 }),
        ],
      },
    ],
  });
  expect(
    all('process.dispatched').map(({ newTokens, cachedTokens, room }) => [newTokens, cachedTokens, room]),
  ).toEqual([
    [130, 0, 40],
    [30, 100, 40],
    [0, 100, 10],
  ]);
  expect(results(1).slice(1)).toMatchObject([
    { value: { tokensIn: 130 } },
    { value: { tokensIn: 130, tokensCached: 100 } },
    { value: { tokensIn: 100 } },
  ]);
  expect(ok()).toEqual({ ok: true, value: null });
});

test('a recorded time is that of a prompt that was not evicted: what must be prefilled again comes on top', () => {
  const script = { tokensOut: 1, durationUs: 10 * S };
  const own = [allocate(800), think(10, { script }), sleep(30 * S), think(10, { script })];
  const other = { atUs: 12 * S, body: [allocate(700), think(10, { script })] };
  const kernel = { engines: [{ memoryTokens: 1_000, prefillTokensPerSecond: 1_000 }] };
  const alone = runAgents({ agents: [{ body: own }], kernel });
  const coreSeconds = ({ all }: typeof alone) =>
    all('call.ended', 1).map(({ atUs }, at) => (atUs - all('process.dispatched', 1)[at]!.atUs) / S);
  expect(coreSeconds(alone)).toEqual([10, 10]);
  const disturbed = runAgents({ agents: [{ body: own }, other], kernel });
  expect(coreSeconds(disturbed)).toEqual([10, 10.8]);
});
