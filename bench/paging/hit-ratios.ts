/** Hit ratios and gaps to opt of all policies on all traces. */
import { availableParallelism } from 'node:os';

import type { PagePoint } from '../../src/cli/paging/page-job.ts';
import { runPolicies } from '../../src/cli/paging/policy-runs.ts';
import { pagingPolicies } from '../../src/policies/index.ts';
import { pageReplayDefaults } from '../../src/sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

/** Markdown: for each share of the footprint a table, policies by their mean gap to opt. */
export async function* hitRatioLines(
  traces: readonly { readonly name: string; readonly trace: ReferenceTrace }[],
  shares: readonly number[],
): AsyncGenerator<string> {
  const policies = Object.keys(pagingPolicies);
  for (const share of shares) {
    yield `Memory: ${share * 100} % of each trace's pages. Hit ratio in percent; – where a policy cannot run.`;
    yield '';
    const ratios = new Map<string, (number | undefined)[]>(policies.map((policy) => [policy, []]));
    for (const { trace } of traces) {
      const capacity = Math.max(1, Math.round(share * trace.unique));
      const points = await pointsAt(trace, capacity, policies);
      for (const policy of policies) {
        const point = points.find((one) => one.policy === policy);
        ratios.get(policy)!.push(point && 100 * (1 - point.counts.misses / point.counts.requests));
      }
    }
    const best = ratios.get('opt')!;
    const gap = (policy: string): number => {
      const gaps = ratios
        .get(policy)!
        .flatMap((ratio, index) => (ratio === undefined ? [] : [best[index]! - ratio]));
      return gaps.reduce((sum, one) => sum + one, 0) / gaps.length;
    };
    yield `| policy | mean gap to opt | ${traces.map(({ name }) => name).join(' | ')} |`;
    yield `| --- | ---: |${traces.map(() => ' ---: |').join('')}`;
    for (const policy of policies.toSorted((a, b) => gap(a) - gap(b))) {
      const cells = ratios.get(policy)!.map((ratio) => ratio?.toFixed(1) ?? '–');
      yield `| ${policy} | ${gap(policy).toFixed(1)} | ${cells.join(' | ')} |`;
    }
    yield '';
  }
}

async function pointsAt(
  trace: ReferenceTrace,
  capacity: number,
  policies: readonly string[],
): Promise<PagePoint[]> {
  const options = { ...pageReplayDefaults, interval: 0, threads: availableParallelism() };
  return runPolicies(
    trace,
    policies.map((name) => ({ name })),
    [capacity],
    options,
    silent,
  );
}

const silent = { err: () => {}, progress: () => {} };
