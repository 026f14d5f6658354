import type { LotteryAnswer, LotteryProblem } from '../../lessons/ostep/lottery.ts';
import { count, figures, listed, type ToolView } from './tool-view.ts';

export const lotteryView: ToolView<LotteryProblem, LotteryAnswer> = {
  title: ({ quantum, jobs }) => `${count(jobs.length, 'job')}, slices of ${quantum} by lot`,
  problem: ({ jobs, randoms }, options) => [
    ...figures(
      ['job', 'run time', 'tickets'],
      jobs.map(({ job, length, tickets }) => [job, length, tickets].map(String)),
    ),
    '',
    ...listed('Draws:', randoms, options),
  ],
  question:
    'which job each draw makes run (its remainder by the tickets left is the winning ticket), and when each ends.',
  answer: ({ draws, perJob, finishOrder }) => [
    ...figures(
      ['time', 'draw', 'ticket', 'of', 'job'],
      draws.map(({ time, random, winningTicket, totalTickets, job }) =>
        [time, random, winningTicket, totalTickets, job].map(String),
      ),
    ),
    '',
    ...figures(
      ['job', 'response', 'turnaround'],
      perJob.map(({ job, response, turnaround }) => [
        String(job),
        String(response ?? '-'),
        String(turnaround ?? '-'),
      ]),
    ),
    '',
    `They end in the order ${finishOrder.join(', ')}.`,
  ],
};
