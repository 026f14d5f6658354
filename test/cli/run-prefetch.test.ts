/** `ringzero simulate` and `ringzero replay` on engines with a slower tier: a workflow whose steps are data is prefetched for. */
import { expect, test } from 'vitest';

import type { RunMetrics } from '../../src/sim/metrics/run-metrics.ts';
import { fixtures, runCli, runJson, scratch } from '../support/run-cli.ts';

type Report = Pick<RunMetrics, 'prefetched' | 'makespanUs' | 'perProcess'> & { readonly eventHash: string };

const files = scratch();

/** A lead with a context of its own and helpers that work for it one after the other, in a memory for two of them. */
const scenario = (paging: string): string =>
  files.write(
    `${paging}.json`,
    JSON.stringify({
      name: 'a lead and its helpers',
      paging,
      scheduler: 'fifo',
      engines: [
        {
          cores: 1,
          memoryTokens: 2_500,
          prefillTokensPerSecond: 1_000,
          decodeTokensPerSecond: 100,
          loadTokensPerSecond: 1_000,
          loadLatencyUs: '100ms',
        },
      ],
      agents: [
        {
          name: 'lead',
          steps: [
            { op: 'page', kind: 'system', tokens: 1_000, pinned: false },
            { op: 'think', tokensOut: 10 },
            { op: 'spawn', key: 'a', agent: helper('a') },
            { op: 'wait', key: 'a' },
            { op: 'think', tokensOut: 10 },
            { op: 'spawn', key: 'b', agent: helper('b') },
            { op: 'wait', key: 'b' },
            { op: 'think', tokensOut: 10 },
          ],
        },
      ],
    }),
  );
const helper = (name: string): unknown => ({
  name,
  steps: [
    { op: 'page', kind: 'system', tokens: 800, pinned: false },
    { op: 'think', tokensOut: 10 },
    { op: 'page', kind: 'user', tokens: 900 },
    { op: 'think', tokensOut: 10 },
    { op: 'sleep', us: '3s' },
  ],
});

test('the lead’s context is back when its helpers are done; a recording reruns to the byte', async () => {
  const path = files.path('prefetch.rec');
  const report = await runJson<Report>(
    'simulate',
    scenario('steps-to-execution'),
    '--check',
    '--record',
    path,
  );
  const { prefetched } = report;
  expect(prefetched.tokens).toBeGreaterThan(0);
  expect(prefetched.usedTokens).toBe(prefetched.tokens);
  const without = await runJson<Report>('simulate', scenario('end-turn-first'), '--check');
  expect(without.prefetched).toEqual({
    transfers: 0,
    pages: 0,
    tokens: 0,
    usedTokens: 0,
    declinedTokens: 0,
  });
  const load = ({ perProcess }: Report): number => perProcess[0]!.split.running.loadUs;
  expect(load(report)).toBe(0);
  expect(load(without)).toBeGreaterThan(0);
  expect(report.makespanUs).toBeLessThan(without.makespanUs);
  expect(await runJson<{ same: boolean }>('rerun', path)).toMatchObject({
    same: true,
    eventHash: report.eventHash,
  });
  const { out } = await runCli(['simulate', scenario('steps-to-execution')]);
  expect(out).toMatch(/prefetched +\d page/);
});

test('replay has a slower tier on its command line', async () => {
  const trace = files.write('weka.jsonl', fixtures['weka']!);
  const words = ['replay', trace, '--paging', 'steps-to-execution', '--memory', '4000', '--check'];
  const { eventHash, repeat } = await runJson<Report & { repeat: string }>(
    ...words,
    '--load-rate',
    '5000',
    '--load-latency',
    '5ms',
  );
  expect(repeat).toContain('--load-rate 5000 --load-latency 5ms');
  expect(eventHash).toMatch(/^[0-9a-f]{64}$/);
  expect(await runCli([...words, '--load-latency', '5ms'])).toEqual({
    status: 2,
    out: '',
    err: 'error: --load-latency: means nothing without a slower tier; allowed with --load-rate',
  });
});
