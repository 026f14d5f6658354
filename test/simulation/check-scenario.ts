/** Runs a scenario, and where its world allows it the undisturbed one beside it: what crashed again and again must end as what never did. */
import { promised } from './broken-promise.ts';
import { runScenario, type ScenarioResult } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

/** `endsUndisturbed`: of the undisturbed run, where they are known already. Throws BrokenPromise. */
export async function checkScenario(
  scenario: Scenario,
  endsUndisturbed?: readonly string[],
): Promise<ScenarioResult> {
  const result = await runScenario(scenario);
  if (!isComparable(scenario) || result.counts.has('result: TOOL_INTERRUPTED')) return result;
  const ends = endsUndisturbed ?? (await runScenario(undisturbed(scenario))).ends;
  for (const [index, { name }] of scenario.runs.entries())
    promised(
      result.ends[index] === ends[index],
      'the end is that of an undisturbed run',
      () => `${name} ended with ${result.ends[index]}, undisturbed: ${ends[index]}`,
    );
  return { ...result, counts: new Map([...result.counts, ['compared', 1]]) };
}

/** Nothing fails but machines and storage. */
export function undisturbed(scenario: Scenario): Scenario {
  return {
    ...scenario,
    runs: scenario.runs.map((run) => ({
      ...run,
      workers: run.workers.slice(0, 1).map((worker) => ({
        ...worker,
        leaseUs: 0,
        crashes: [],
        flushes: [],
        outages: [],
        jumps: [],
        pauses: [],
      })),
    })),
  };
}

/** Something is disturbed, and what comes of it does not hang on when anything happens. */
function isComparable({ kernel, budgets, storms, runs }: Scenario): boolean {
  const workers = runs.flatMap((run) => run.workers);
  return (
    storms.length === 0 &&
    budgets.every(({ limits = [] }) => limits.length === 0) &&
    kernel.engines.every(({ preemption }) => preemption === 'none') &&
    runs.every(({ signals, messages }) => signals.length === 0 && messages.length === 0) &&
    workers.every(({ jumps, pauses }) => jumps.length === 0 && pauses.length === 0) &&
    workers.some(({ crashes, flushes, outages }) => crashes.length + flushes.length + outages.length > 0) &&
    !JSON.stringify(runs.map(({ agents }) => agents)).includes('"timeoutUs"')
  );
}
