/** One policy on one seed of a workload. */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { runWorkload } from '../run-workload.ts';
import { noSlice } from '../spec.ts';
import type { SeededWorkload } from './compared-workload.ts';
import { FigureTally, type RunFigures } from './run-figures.ts';

export interface CompareOptions {
  /** The policy itself where it is a user's own. */
  readonly own?: CreateSchedulingPolicy;
  /** Watches every promise of the design while it runs; default: no. */
  readonly check?: boolean;
  /** Called with the share of the programs that have ended. */
  readonly onProgress?: (share: number) => void;
}

/** A slice of the workload's kernel is for the policies that have slices. */
export function compareRun(
  { spec, agents, demands, groups, program, machine, untilUs }: SeededWorkload,
  scheduler: string,
  { own, check = false, onProgress }: CompareOptions = {},
): RunFigures {
  const tally = new FigureTally({
    agents,
    demands,
    cores: machine.cores,
    ...(groups === undefined ? {} : { groups }),
  });
  const { sliceUs, ...rest } = spec;
  const hasSlice = sliceUs !== undefined && noSlice(scheduler) === undefined;
  const { metrics, isCut } = runWorkload({
    spec: { ...rest, scheduler, ...(hasSlice ? { sliceUs } : {}) },
    ...(own === undefined ? {} : { ownScheduler: own }),
    agents,
    program,
    check,
    keepRecords: false,
    hashEvents: false,
    ...(untilUs === undefined ? {} : { untilUs }),
    onEvent: (event) => tally.onEvent(event),
    ...(onProgress === undefined
      ? {}
      : { onProgress: (ended: number, of: number) => onProgress(ended / of) }),
  });
  return tally.result(metrics, isCut);
}
