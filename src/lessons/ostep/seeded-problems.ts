/** Command lines of homework programs that draw their problem from a seed: the same problem is drawn here, and solved by its section. */
import { invalid } from '../../kernel/errors.ts';
import type { LotteryAnswer } from './lottery.ts';
import { MersenneTwister } from './mersenne-twister.ts';
import type { MlfqAnswer } from './mlfq.ts';
import type { MultiAnswer } from './multi.ts';
import type { PagingAnswer } from './paging.ts';
import type { ProcessRunAnswer } from './process-run.ts';
import { parseFlags } from './tools/flags.ts';
import { lotteryTool } from './tools/lottery.ts';
import { mlfqTool } from './tools/mlfq.ts';
import { multiTool } from './tools/multi.ts';
import { pagingTool } from './tools/paging.ts';
import { processRunTool } from './tools/process-run.ts';
import type { SchedulingAnswer } from './scheduling.ts';
import { schedulerTool } from './tools/scheduler.ts';
import { type HomeworkTool, seedFlag, seedOf } from './tools/tool.ts';

export interface SeededProblem {
  /** The homework program: `mlfq.py`. */
  readonly tool: string;
  /** Its command line. */
  readonly args: string;
  /** For a command line that names none. */
  readonly seed?: number;
}

/** A program that draws, and the part of its section's answer that is told of a drawn problem. */
interface DrawingTool {
  readonly tool: HomeworkTool;
  readonly told: (answer: never) => unknown;
}

const drawingTools: readonly DrawingTool[] = [
  {
    tool: schedulerTool,
    told: ({ perJob, average }: SchedulingAnswer) => ({ perJob, average }),
  },
  {
    tool: mlfqTool,
    told: ({ perJob, average }: MlfqAnswer) => ({
      perJob: perJob.map(({ job, startTime, response, turnaround }) => ({
        job,
        startTime,
        response,
        turnaround,
      })),
      average,
    }),
  },
  {
    tool: lotteryTool,
    told: ({ timeline, finishOrder, perJob }: LotteryAnswer) => ({
      timeline,
      finish: finishOrder.map((job) => [job, perJob[job]!.turnaround]),
    }),
  },
  {
    tool: pagingTool,
    told: ({ hits, misses, accesses }: PagingAnswer) => ({
      hits,
      misses,
      victims: accesses.map(({ victim }) => victim),
    }),
  },
  {
    tool: processRunTool,
    told: ({ totalTime, cpuBusy, cpuBusyPct, ioBusy, ioBusyPct }: ProcessRunAnswer) => ({
      totalTime,
      cpuBusy,
      cpuBusyPct,
      ioBusy,
      ioBusyPct,
    }),
  },
  {
    tool: multiTool,
    told: ({ finishedTime, perCpu, timeline }: MultiAnswer) => ({ finishedTime, perCpu, timeline }),
  },
];

/** Throws KernelError for a program that draws nothing and for bad flags. */
export function solveSeeded({ tool: program, args, seed = 0 }: SeededProblem): unknown {
  const found = drawingTools.find(({ tool }) => tool.program === program);
  if (found === undefined)
    throw invalid('tool', program, drawingTools.map(({ tool }) => tool.program).join(', '));
  const { tool, told } = found;
  const given = parseFlags(tool.flags, args.trim().split(/\s+/));
  const random = new MersenneTwister(given.has(seedFlag.flag) ? seedOf(given) : seed);
  const problem = tool.read(given, { random, lines: noFile });
  return told(tool.solve(problem, random) as never);
}

function noFile(flag: string, path: string): never {
  throw invalid(flag, path, 'no file: the problem is drawn');
}
