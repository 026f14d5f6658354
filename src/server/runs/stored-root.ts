import type { StoredBranch } from '../../host/stored-branch.ts';
import type { ProcessStarted } from '../../kernel/records.ts';
import { Refused } from '../errors.ts';

/** The first process of a branch. Throws Refused: it was pruned meanwhile. */
export function rootOf({ run, records }: Pick<StoredBranch, 'run' | 'records'>): ProcessStarted {
  const [first] = records;
  if (first?.type === 'process.started') return first;
  throw new Refused(409, 'OVER', `trace ${JSON.stringify(run)}: nothing is left of what it did`);
}
