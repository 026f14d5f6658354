/**
 * First come, first served: in order of becoming ready, each until its burst ends.
 *
 * The textbook's baseline: fair in order, but one long burst holds up all behind it.
 */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { ArrivalOrder } from './arrival-order.ts';

export const fifo: CreateSchedulingPolicy = ({ processes }) => new ArrivalOrder('fifo', Infinity, processes);
