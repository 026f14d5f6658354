/** The lease of a run that a command drives: taken over at once from a process of this machine that has died, else refused while somebody else has it. */
import { customAlphabet } from 'nanoid';

import { LeaseKeeper, type LeaseOptions } from '../../host/lease-keeper.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { LeaseVerdict } from '../../kernel/storage.ts';
import { isGone, shownWorker, workerName } from './worker-name.ts';

/** A name for a new run, easily told, typed and marked with the mouse. */
export const newRunName = (): string => `run-${runId()}`;
const runId = customAlphabet('0123456789abcdefghjkmnpqrstvwxyz', 10);

/** Throws KernelError LEASE_LOST that names who drives the run, and until when. */
export async function takeRun(
  options: Omit<LeaseOptions, 'holder'> & Partial<Pick<LeaseOptions, 'holder'>>,
): Promise<LeaseKeeper> {
  const claim = { ...options, holder: options.holder ?? workerName() };
  let taken = await LeaseKeeper.take(claim);
  if (!(taken instanceof LeaseKeeper) && isGone(taken.holder)) {
    await options.storage.release({ run: options.run, holder: taken.holder });
    taken = await LeaseKeeper.take(claim);
  }
  if (taken instanceof LeaseKeeper) return taken;
  throw new KernelError('LEASE_LOST', `run ${options.run}: ${drivenWords(taken, options.clock.nowUs())}`);
}

/** Who drives a run, for people, and until when. */
export function drivenWords(
  { holder, untilUs }: Pick<LeaseVerdict, 'holder' | 'untilUs'>,
  nowUs: number,
): string {
  const leftUs = Math.max(0, untilUs - nowUs);
  return `${shownWorker(holder)} drives it; if that is gone, the run is free in ${Math.ceil(leftUs / 1e6)} s`;
}
