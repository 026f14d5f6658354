/**
 * Shortest job first: of the ready calls the one that takes the least core time, until it ends.
 *
 * Source: the textbooks' SJF; that no other order has a smaller mean turnaround when all are ready at once is W. E. Smith, "Various optimizers for
 * single-stage production", 1956. Its weakness: a long call waits as long as shorter ones keep coming.
 * The length is known in virtual time; live it is the longest that the answer can take. A call that was taken off its core for another reason (load
 * control, a signal) comes back with what is left of it.
 */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { spelledTime } from './explanations.ts';
import { KeyedOrder } from './keyed-order.ts';

export const sjf: CreateSchedulingPolicy = ({ processes }) =>
  new KeyedOrder(
    {
      name: 'sjf',
      keyOf: (pid, sinceUs) => processes.burstLeftUs(pid, sinceUs),
      sliceUs: Infinity,
      spelled: (us) => `a call of ${spelledTime(us)}`,
      rule: 'the shortest first, to its end',
    },
    processes,
  );
