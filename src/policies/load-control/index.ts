import type { CreateLoadControlPolicy } from '../../kernel/contracts.ts';
import { named } from '../named.ts';
import { none } from './none.ts';
import { pageFaultFrequency } from './page-fault-frequency.ts';
import { pauseAndRestore } from './pause-and-restore.ts';
import { workingSet } from './working-set.ts';

/** Every load-control policy by name: adding one is a file and a row. */
export const loadControlPolicies = {
  none,
  'working-set': workingSet,
  'page-fault-frequency': pageFaultFrequency,
  'pause-and-restore': pauseAndRestore,
} satisfies Record<string, CreateLoadControlPolicy>;

export type LoadControlPolicyName = keyof typeof loadControlPolicies;

/** Throws KernelError INVALID_ARGUMENT (field `loadControl`) when there is no policy of this name. */
export function loadControlPolicy(name: string): CreateLoadControlPolicy {
  return named<CreateLoadControlPolicy>(loadControlPolicies, 'loadControl', name);
}
