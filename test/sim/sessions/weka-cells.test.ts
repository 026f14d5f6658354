/** Cells of the recorded coding sessions. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, expect, test } from 'vitest';

import { openInputFile } from '../../../src/adapters/files/input-file.ts';
import { pagingPolicy } from '../../../src/policies/paging/index.ts';
import { runCell } from '../../../src/sim/sessions/session-cell.ts';
import { gapClosed, runGrid } from '../../../src/sim/sessions/session-grid.ts';
import { halfOf, type SessionTrace } from '../../../src/sim/sessions/session-trace.ts';
import { readWekaTrace } from '../../../src/sim/sessions/weka-trace.ts';

const path = join(import.meta.dirname, '../../../../shared/traces/weka-claude-code.jsonl.gz');
const isMissing = !existsSync(path);
const missing = isMissing ? ' (needs callanjfox/kv-cache-tester (WEKA) in ../shared/traces)' : '';

let trace: SessionTrace;
beforeAll(async () => {
  if (isMissing) return;
  const file = await openInputFile(path);
  trace = await readWekaTrace(file.name, file.lines());
});

test.skipIf(isMissing)(`the recorded sessions are all there, with their sub-agents${missing}`, () => {
  const chains = trace.sessions.flatMap((session) => session.chains);
  const calls = chains.flatMap((chain) => chain.calls);
  expect([trace.sessions.length, chains.length, calls.length]).toEqual([497, 529, 32_658 + 348]);
  const pauses = (pause: string): number => calls.filter((call) => call.pause === pause).length;
  expect(pauses('person')).toBeGreaterThan(1_700);
  expect(pauses('tool') / calls.length).toBeGreaterThan(0.8);
  expect(trace.sessions.filter(({ chains: [own] }) => own!.calls.length >= 5).length).toBe(466);
});

/** Hit rates of lru and of the clairvoyant policy that another sampler gave, from the issue. */
const reported = [
  [40, 1_000_000, 0.79, 0.86],
  [80, 1_000_000, 0.42, 0.65],
] as const;

test.skipIf(isMissing)(`lru and the clairvoyant policy are near what another sampler gave${missing}`, () => {
  for (const [sessions, memoryTokens, lru, clairvoyant] of reported) {
    const rateOf = (policy: string): number => {
      const rates = [1, 2, 3].map(
        (seed) => runCell(trace, pagingPolicy(policy), { sessions, memoryTokens, seed }).tokenHitRate,
      );
      return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    };
    expect(Math.abs(rateOf('lru') - lru)).toBeLessThan(0.07);
    expect(Math.abs(rateOf('clairvoyant-sessions') - clairvoyant)).toBeLessThan(0.07);
  }
});

test.skipIf(isMissing)(
  `on the half that it was not fitted to, hit density closes over a fifth of the gap${missing}`,
  () => {
    const bound = 'clairvoyant-sessions';
    const others = ['end-turn-first', 'predicted-next-use', 'cost-aware'];
    const names = ['lru', 'hit-density', bound, 'clairvoyant-loading', ...others];
    const rows = runGrid(halfOf(trace, 'odd'), {
      contenders: names.map((name) => ({ name })),
      sessions: [40],
      memoryTokens: [1_000_000],
      seeds: [1, 2, 3],
    });
    const closed = (name: string): number => gapClosed(rows, { name, baseline: 'lru', bound }).mean;
    expect(closed('hit-density')).toBeGreaterThan(0.4);
    for (const other of others) expect(closed(other)).toBeLessThan(closed('hit-density'));
    expect(closed('clairvoyant-loading')).toBeLessThan(1);
  },
);

test.skipIf(isMissing)(
  `a cell has the same counts again, and a memory of everything repeats no prefill${missing}`,
  () => {
    const run = (memoryTokens: number) =>
      runCell(trace, pagingPolicy('hit-density'), { sessions: 20, memoryTokens, seed: 9 });
    expect(run(500_000)).toEqual(run(500_000));
    expect(run(500_000).counts.repeatedBlocks).toBeGreaterThan(0);
    expect(run(1_000_000_000).counts).toMatchObject({
      repeatedBlocks: 0,
      evictedBlocks: 0,
      bypassedBlocks: 0,
    });
  },
);
