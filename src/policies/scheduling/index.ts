import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { atlas } from './atlas.ts';
import { fifo } from './fifo.ts';
import { justitia } from './justitia.ts';
import { plas } from './plas.ts';
import { priority } from './priority.ts';
import { roundRobin } from './round-robin.ts';
import { vtc } from './vtc.ts';

/** Every scheduling policy by name: adding one is a file and a row. */
export const schedulingPolicies = {
  priority,
  fifo,
  'round-robin': roundRobin,
  vtc,
  plas,
  atlas,
  justitia,
} satisfies Record<string, CreateSchedulingPolicy>;

export type SchedulingPolicyName = keyof typeof schedulingPolicies;

/** Throws KernelError INVALID_ARGUMENT (field `scheduler`) when there is no policy of this name. */
export function schedulingPolicy(name: string): CreateSchedulingPolicy {
  return named<CreateSchedulingPolicy>(schedulingPolicies, 'scheduler', name);
}
