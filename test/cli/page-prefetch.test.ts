/** `ringzero page --residency prefix` where workflows are known and there is a slower tier. */
import { expect, test } from 'vitest';

import { runCli, runJson, scratch } from '../support/run-cli.ts';

interface SessionReport {
  readonly repeat: string;
  readonly results: readonly {
    readonly policy: string;
    readonly tokenHitRate: number;
    readonly prefetchedTokens?: number;
    readonly usefulPrefetchedTokens?: number;
  }[];
}

/** Eight sessions of six to thirteen calls, five minutes apart, on one context of ten blocks each. */
const trace = scratch().write(
  'sessions.jsonl',
  Array.from({ length: 8 }, (_, index) =>
    JSON.stringify({
      id: `session ${index}`,
      tool: 0,
      sys: 0,
      r: Array.from({ length: 6 + index }, (_unused, at) => [
        at * 300,
        640,
        5,
        at === 0 ? 0 : 10,
        at === 0 ? [[1, 10]] : [],
        null,
        2,
        'tool_use',
      ]),
    }),
  ).join('\n'),
);
const words = [
  'page',
  '--trace',
  trace,
  '--residency',
  'prefix',
  '--sessions',
  '8',
  '--capacity',
  '2500',
  '--seeds',
  '2',
  '--threads',
  '1',
];
const both = [...words, '--policy', 'lru,steps-to-execution', '--workflows', 'known'];

test('steps-to-execution needs known workflows, and prefetches where there is a tier', async () => {
  const refused = await runCli([...words, '--policy', 'steps-to-execution']);
  expect(refused.status).toBe(2);
  expect(refused.err).toContain('workflow');

  const without = await runJson<SessionReport>(...both);
  for (const result of without.results) expect(result).not.toHaveProperty('prefetchedTokens');

  const report = await runJson<SessionReport>(...both, '--load-rate', '50000', '--load-latency', '5ms');
  const [lru, steps] = report.results;
  expect(lru).toEqual(without.results[0]);
  expect(steps!.usefulPrefetchedTokens).toBeGreaterThan(0);
  expect(steps!.prefetchedTokens).toBeGreaterThanOrEqual(steps!.usefulPrefetchedTokens!);
  expect(steps!.tokenHitRate).toBeGreaterThan(without.results[1]!.tokenHitRate);
  expect(report.repeat).toContain('--load-rate 50000 --load-latency 5ms');

  const { out } = await runCli([...both, '--load-rate', '50000']);
  expect(out).toMatch(/steps-to-execution prefetched \d\.\d M tokens, of which calls found \d\.\d M/);
});

test('flags of a tier where there is none', async () => {
  const cases: readonly (readonly [words: readonly string[], problem: string])[] = [
    [
      [...both, '--load-latency', '5ms'],
      '--load-latency: means nothing without a slower tier; allowed with --load-rate',
    ],
    [[...both, '--load-rate', '0'], '--load-rate: "0" is not allowed; allowed: a number greater than 0'],
    [
      ['page', '--trace', trace, '--load-rate', '5'],
      '--load-rate: means nothing with --residency independent',
    ],
  ];
  for (const [given, problem] of cases) {
    const { status, err } = await runCli(given);
    expect(status).toBe(2);
    expect(err).toContain(problem);
  }
});
