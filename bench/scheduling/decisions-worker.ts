/** The decisions of one policy, in a process of its own: `node decisions-worker.mjs POLICY SIZE,… DECISIONS SEED`. Prints one JSON document: a row for each size. */
import type { CreateSchedulingPolicy } from '../../src/kernel/contracts.ts';
import { schedulingPolicies } from '../../src/policies/index.ts';
import { comparisonsSoFar, countComparisons } from './comparisons.ts';
import { Decisions } from './decisions.ts';

export interface DecisionRow {
  readonly ready: number;
  /** Of processor time, the best of five rounds. */
  readonly nanoseconds: number;
  readonly comparisons: number;
}

const [policy = '', sizes = '', count = '', seed = ''] = process.argv.slice(2);
const create = (schedulingPolicies as Record<string, CreateSchedulingPolicy>)[policy]!;
const decisions = Number(count);
const rounds = 5;

const timed = sizes.split(',').map((size) => {
  const ready = Number(size);
  const run = new Decisions(create, ready, Number(seed));
  // Until everybody may have had a turn; and at least for as long as the compiler takes.
  run.make(Math.max(ready, decisions));
  return { ready, run, nanoseconds: bestOfRounds(run) };
});
// Only now, so that the counting is not timed.
countComparisons();
const rows = timed.map(({ ready, run, nanoseconds }): DecisionRow => {
  const before = comparisonsSoFar();
  run.make(decisions);
  return { ready, nanoseconds, comparisons: (comparisonsSoFar() - before) / decisions };
});
console.log(JSON.stringify(rows));

function bestOfRounds(run: Decisions): number {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    run.make(decisions);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1_000) / decisions);
  }
  return best;
}
