/**
 * Shortest remaining time first: always the call with the least core time left; one with strictly less than what is left of the running one preempts it.
 *
 * Source: L. E. Schrage, "A proof of the optimality of the shortest remaining processing time discipline", 1968: on one core no order has a smaller
 * mean turnaround. (OSTEP calls it STCF.) Its weakness is that of `sjf`: long calls may starve.
 * What is left is known in virtual time; live it is counted down from the longest that the answer can take.
 */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { spelledTime } from './explanations.ts';
import { KeyedOrder } from './keyed-order.ts';

export const srtf: CreateSchedulingPolicy = ({ processes }) =>
  new KeyedOrder(
    {
      name: 'srtf',
      keyOf: (pid, sinceUs) => processes.burstLeftUs(pid, sinceUs),
      runningKey: (pid, nowUs) => processes.burstLeftUs(pid, nowUs),
      sliceUs: Infinity,
      spelled: (us) => `${spelledTime(us)} left`,
      rule: 'the least time left first; strictly less preempts',
    },
    processes,
  );
