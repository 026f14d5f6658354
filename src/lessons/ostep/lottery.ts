/**
 * The rule set of OSTEP's lottery: each slice goes to the job that holds the drawn ticket.
 *
 * Not built on a scheduling policy of the kernel: the draws are given as integers from 0 to 1,000,000, of which the remainder by the tickets left names the
 * winner; the clock goes on by whole slices, also when a job ends within one; and there are at most as many draws as run time in all.
 *
 * Source of the rules: the behaviour of lottery.py of 2025-10-26. The idea: C. A. Waldspurger, W. E. Weihl, "Lottery Scheduling", 1994.
 */
import { invalid, KernelError } from '../../kernel/errors.ts';
import { checkInteger, checkNotEmpty, checkTicks } from './checks.ts';

export interface LotteryJob {
  readonly job: number;
  /** Run time in ticks, from 0. */
  readonly length: number;
  /** From 0. */
  readonly tickets: number;
}

export interface LotteryProblem {
  /** Ticks from 1. */
  readonly quantum: number;
  readonly jobs: readonly LotteryJob[];
  /** The draws, integers, in order: one for each tick of run time. */
  readonly randoms: readonly number[];
}

interface LotteryDraw {
  readonly time: number;
  readonly random: number;
  readonly winningTicket: number;
  readonly totalTickets: number;
  readonly job: number;
}

export interface LotteryAnswer {
  readonly draws: readonly LotteryDraw[];
  readonly drawsUsed: number;
  /** [draw] the winner. */
  readonly timeline: readonly number[];
  readonly finishOrder: readonly number[];
  /** Null for what never happened: the draws can end before the jobs. */
  readonly perJob: readonly {
    readonly job: number;
    readonly response: number | null;
    readonly turnaround: number | null;
  }[];
}

/** Largest draw. */
export const largestRandom = 1_000_000;

/** As many draws as there can be: the run time of all jobs. Throws KernelError for too much of it. */
export function lotteryDraws(jobs: readonly LotteryJob[]): number {
  const ticks = jobs.reduce((sum, { length }) => sum + length, 0);
  checkTicks(ticks);
  return ticks;
}

/** Throws KernelError for a malformed problem, and when only jobs without tickets are left. */
export function solveLottery({ quantum, jobs, randoms }: LotteryProblem): LotteryAnswer {
  checkNotEmpty('jobs', jobs);
  checkInteger('quantum', quantum, 1);
  for (const { job, length, tickets } of jobs) {
    checkInteger(`run time of job ${job}`, length, 0);
    checkInteger(`tickets of job ${job}`, tickets, 0);
  }
  const left = jobs.map(({ length }) => length);
  const tickets = jobs.map(({ tickets }) => tickets);
  const start: (number | null)[] = jobs.map(() => null);
  const end: (number | null)[] = jobs.map(() => null);
  const draws: LotteryDraw[] = [];
  const finishOrder: number[] = [];
  let time = 0;
  const most = lotteryDraws(jobs);
  for (let draw = 0; draw < most && finishOrder.length < jobs.length; draw++) {
    const random = randoms[draw];
    if (random === undefined) throw invalid('randoms', randoms.length, 'a draw for each tick of run time');
    const totalTickets = tickets.reduce((sum, held) => sum + held, 0);
    if (totalTickets === 0) throw noTickets(jobs, end, time);
    const winningTicket = random % totalTickets;
    const winner = holderOf(tickets, winningTicket);
    draws.push({ time, random, winningTicket, totalTickets, job: jobs[winner]!.job });
    start[winner] ??= time;
    time += quantum;
    left[winner] = Math.max(0, left[winner]! - quantum);
    if (left[winner] > 0) continue;
    tickets[winner] = 0;
    end[winner] = time;
    finishOrder.push(jobs[winner]!.job);
  }
  return {
    draws,
    drawsUsed: draws.length,
    timeline: draws.map(({ job }) => job),
    finishOrder,
    perJob: jobs.map(({ job }, index) => ({ job, response: start[index]!, turnaround: end[index]! })),
  };
}

/** The first in the list at whom the tickets counted so far are more than the drawn one's number. */
function holderOf(tickets: readonly number[], drawn: number): number {
  let counted = 0;
  return tickets.findIndex((held) => (counted += held) > drawn);
}

function noTickets(jobs: readonly LotteryJob[], end: readonly (number | null)[], time: number): KernelError {
  const left = jobs.filter((_, index) => end[index] === null).map(({ job }) => job);
  return new KernelError(
    'INVALID_ARGUMENT',
    `tickets: 0 in all are left at time ${time} (job ${left.join(', ')}); allowed: jobs with at least one ticket each`,
  );
}
