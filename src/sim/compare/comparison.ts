/** Runs of several policies on the same seeds, side by side: means with 95 % intervals, paired differences from the baseline, and the gap to the lower bound. */
import { assert } from '../../base/assert.ts';
import { pairedInterval, tInterval, type Interval } from '../../base/t-interval.ts';
import { pressureResources } from '../metrics/pressure-group.ts';
import type { PressureShares, ProgramFigures, RunFigures } from './run-figures.ts';

/** The figures that policies are compared by, in the order of reports: of all programs, or of a group of them. */
export const programFigures = {
  completion: time('mean completion time', ({ completionUs }) => completionUs.mean),
  p50: time('p50 of completion', ({ completionUs }) => completionUs.p50),
  p95: time('p95 of completion', ({ completionUs }) => completionUs.p95),
  p99: time('p99 of completion', ({ completionUs }) => completionUs.p99),
  tokenLatency: time('token latency', ({ tokenLatencyUs }) => tokenLatencyUs),
  deadlineMisses: {
    label: 'deadlines missed',
    unit: 'count',
    better: 'less',
    of: ({ deadlines, deadlineMisses }) => (deadlines === 0 ? null : deadlineMisses),
  },
  cost: { label: 'cost', unit: 'money', better: 'less', of: ({ microDollars }) => microDollars },
} as const satisfies Record<string, ComparedFigure<ProgramFigures>>;
export type ProgramFigureName = keyof typeof programFigures;
const { deadlineMisses, cost, ...times } = programFigures;

/** Of the whole run. */
export const comparedFigures = {
  ...times,
  programsPerHour: {
    label: 'jobs an hour',
    unit: 'count',
    better: 'more',
    of: ({ programsPerHour }) => programsPerHour,
  },
  fairness: { label: 'Jain fairness', unit: 'index', better: 'more', of: ({ fairness }) => fairness },
  serviceGap: time('service gap', ({ serviceGapUs }) => serviceGapUs),
  starvation: time('longest starvation', ({ starvationUs }) => starvationUs),
  deadlineMisses,
  cost,
  coresSome: pressure('cores', 'some'),
  coresFull: pressure('cores', 'full'),
  memorySome: pressure('memory', 'some'),
  memoryFull: pressure('memory', 'full'),
  budgetSome: pressure('budget', 'some'),
  budgetFull: pressure('budget', 'full'),
} as const satisfies Record<string, ComparedFigure>;

export interface ComparedFigure<Figures = RunFigures> {
  readonly label: string;
  readonly unit: 'time' | 'count' | 'index' | 'money' | 'share';
  readonly better: 'less' | 'more';
  /** Null where the run has no such figure. */
  readonly of: (figures: Figures) => number | null;
}
export type FigureName = keyof typeof comparedFigures;
export const figureNames = Object.keys(comparedFigures) as FigureName[];

function time<Figures>(label: string, of: (figures: Figures) => number | null): ComparedFigure<Figures> {
  return { label, unit: 'time', better: 'less', of };
}

function pressure(resource: keyof PressureShares, kind: 'some' | 'full'): ComparedFigure {
  const label = `${kind} stalled on ${resource}`;
  return { label, unit: 'share', better: 'less', of: (figures) => figures.pressure[resource][kind] };
}

/** One policy. All by seed in the order of the comparison. */
export interface PolicyRuns {
  readonly scheduler: string;
  readonly runs: readonly RunFigures[];
}

export interface ComparedPolicy {
  readonly scheduler: string;
  /** Missing where a run has no such figure. */
  readonly figures: Readonly<Partial<Record<FigureName, ComparedValue>>>;
  /** How far the mean completion time is above the lower bound, as a share of that; missing where the bound need not hold in a run. */
  readonly gap?: Interval;
  /** Over all seeds. */
  readonly completed: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly programs: number;
  readonly cutShort: number;
  /** What budgets did to calls and processes, over all seeds. */
  readonly budgetActions: RunFigures['budgetActions'];
  /** Means of the pressure on the processes of each budget node. */
  readonly budgets: RunFigures['budgets'];
  readonly groups: readonly ComparedGroup[];
}

/** Of the programs of one group. */
interface ComparedGroup {
  readonly group: string;
  /** Over all seeds. */
  readonly programs: number;
  readonly completed: number;
  /** Missing where a run has no such figure, or no programs of the group. */
  readonly figures: Readonly<Partial<Record<ProgramFigureName, ComparedValue>>>;
}

export interface ComparedValue {
  readonly value: Interval;
  /** Less that of the baseline on the same seeds; missing for the baseline itself. */
  readonly difference?: Interval;
}

/** `baseline` is one of the policies. */
export function comparison(policies: readonly PolicyRuns[], baseline: string): readonly ComparedPolicy[] {
  const base = policies.find(({ scheduler }) => scheduler === baseline);
  assert(base !== undefined, () => `no runs of the baseline ${baseline}`);
  return policies.map(({ scheduler, runs }) => {
    const baseRuns = scheduler === baseline ? undefined : base.runs;
    const gaps = known(
      runs.map(({ completionUs, boundUs }) =>
        boundUs === null ? null : boundUs === 0 ? 0 : completionUs.mean / boundUs - 1,
      ),
    );
    return {
      scheduler,
      figures: compared(comparedFigures, runs, baseRuns),
      ...(gaps === undefined ? {} : { gap: tInterval(gaps) }),
      completed: sum(runs, ({ completed }) => completed),
      failed: sum(runs, ({ failed }) => failed),
      unfinished: sum(runs, ({ unfinished }) => unfinished),
      programs: sum(runs, ({ programs }) => programs),
      cutShort: sum(runs, ({ cutShort }) => cutShort),
      budgetActions: {
        throttled: sum(runs, ({ budgetActions }) => budgetActions.throttled),
        degraded: sum(runs, ({ budgetActions }) => budgetActions.degraded),
        suspended: sum(runs, ({ budgetActions }) => budgetActions.suspended),
        stopped: sum(runs, ({ budgetActions }) => budgetActions.stopped),
      },
      budgets: meanBudgets(runs),
      groups: runs[0]!.groups.map(({ group }, index): ComparedGroup => {
        const own = runs.map(({ groups }) => groups[index]!);
        return {
          group,
          programs: sum(own, ({ programs }) => programs),
          completed: sum(own, ({ completed }) => completed),
          figures: own.every(({ programs }) => programs > 0)
            ? compared(
                programFigures,
                own,
                baseRuns?.map(({ groups }) => groups[index]!),
              )
            : {},
        };
      }),
    };
  });
}

/** `base`: of the baseline, by the same seeds; undefined: it is the baseline itself. */
function compared<Name extends string, Figures>(
  kinds: Readonly<Record<Name, ComparedFigure<Figures>>>,
  runs: readonly Figures[],
  base: readonly Figures[] | undefined,
): Partial<Record<Name, ComparedValue>> {
  const figures: Partial<Record<Name, ComparedValue>> = {};
  for (const name of Object.keys(kinds) as Name[]) {
    const { of } = kinds[name];
    const values = known(runs.map(of));
    const baseValues = known((base ?? runs).map(of));
    if (values === undefined || baseValues === undefined) continue;
    const value = tInterval(values);
    figures[name] =
      base === undefined ? { value } : { value, difference: pairedInterval(values, baseValues) };
  }
  return figures;
}

/** Its interval doesn't contain 0. A single seed says nothing. */
export function isSignificant({ low, high }: Interval): boolean {
  return low > 0 || high < 0;
}

function meanBudgets(runs: readonly RunFigures[]): RunFigures['budgets'] {
  return runs[0]!.budgets.map(({ node }, index) => {
    const mean = (of: (shares: PressureShares) => number): number =>
      sum(runs, ({ budgets }) => of(budgets[index]!)) / runs.length;
    const shares = pressureResources.map((resource) => [
      resource,
      { some: mean((own) => own[resource].some), full: mean((own) => own[resource].full) },
    ]);
    return { node, ...(Object.fromEntries(shares) as PressureShares) };
  });
}

function known(values: readonly (number | null)[]): readonly number[] | undefined {
  return values.every((value) => value !== null) ? values : undefined;
}

const sum = <Figures>(runs: readonly Figures[], of: (run: Figures) => number): number =>
  runs.reduce((total, run) => total + of(run), 0);
