import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { atlas } from './atlas.ts';
import { cfs } from './cfs.ts';
import { edf } from './edf.ts';
import { eevdf } from './eevdf.ts';
import { fifo } from './fifo.ts';
import { hrrn } from './hrrn.ts';
import { justitia } from './justitia.ts';
import { lottery } from './lottery.ts';
import { mlfq } from './mlfq.ts';
import { plas } from './plas.ts';
import { priority } from './priority.ts';
import { random } from './random.ts';
import { roundRobin } from './round-robin.ts';
import { sjf } from './sjf.ts';
import { srtf } from './srtf.ts';
import { priorityNonpreemptive, priorityPreemptive } from './static-priority.ts';
import { stride } from './stride.ts';
import { vtc } from './vtc.ts';

/** Every scheduling policy by name: adding one is a file and a row. */
export const schedulingPolicies = {
  fifo,
  'round-robin': roundRobin,
  sjf,
  srtf,
  'priority-preemptive': priorityPreemptive,
  'priority-nonpreemptive': priorityNonpreemptive,
  priority,
  hrrn,
  mlfq,
  lottery,
  stride,
  cfs,
  eevdf,
  edf,
  vtc,
  plas,
  atlas,
  justitia,
  random,
} satisfies Record<string, CreateSchedulingPolicy>;

export type SchedulingPolicyName = keyof typeof schedulingPolicies;

/** Those that go by how long a call, or an agent, will take: known in virtual time, so that they are clairvoyant there, and a guess live. */
export const clairvoyantPolicies: ReadonlySet<string> = new Set<SchedulingPolicyName>([
  'sjf',
  'srtf',
  'hrrn',
  'justitia',
]);

/** Throws KernelError INVALID_ARGUMENT (field `scheduler`) when there is no policy of this name. */
export function schedulingPolicy(name: string): CreateSchedulingPolicy {
  return named<CreateSchedulingPolicy>(schedulingPolicies, 'scheduler', name);
}
