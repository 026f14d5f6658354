/** One world again and again, with a crash at each place where one can come: before, in the middle of and behind each flush, and before and behind each thing that the kernel asks of the world. */
import { undisturbed } from './check-scenario.ts';
import { runScenario } from './run-scenario.ts';
import { flushPhases, type CrashPoint, type Scenario } from './scenario.ts';

export interface Boundaries {
  /** How the undisturbed run ended. */
  readonly ends: readonly string[];
  /** One for each place of the first run. */
  readonly crashed: readonly Scenario[];
}

export async function everyBoundary(scenario: Scenario): Promise<Boundaries> {
  const whole = undisturbed(scenario);
  const { ends, flushes, acts } = await runScenario(whole);
  return { ends, crashed: pointsOf(flushes, acts).map((at) => crashedAt(whole, at)) };
}

function pointsOf(flushes: number, acts: number): readonly CrashPoint[] {
  const count = (length: number): readonly number[] => Array.from({ length }, (_, index) => index + 1);
  return [
    ...count(flushes).flatMap((nth) =>
      flushPhases.map((phase): CrashPoint => ({ kind: 'flush', nth, phase, keep: 0 })),
    ),
    ...count(acts).flatMap((nth) =>
      (['before', 'after'] as const).map((phase): CrashPoint => ({ kind: 'act', nth, phase })),
    ),
  ];
}

function crashedAt(scenario: Scenario, at: CrashPoint): Scenario {
  return {
    ...scenario,
    runs: scenario.runs.map((run, index) =>
      index > 0
        ? run
        : {
            ...run,
            workers: run.workers.map((worker) => ({
              ...worker,
              crashes: [{ at, downUs: 1_000, clockUs: 0 }],
            })),
          },
    ),
  };
}
