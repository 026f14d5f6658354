/** `--scheduler NAME` or `--scheduler ./mine.ts`: a policy of the table, or a user's own file. */
import type { CreateSchedulingPolicy } from '../kernel/contracts.ts';
import { invalid } from '../kernel/errors.ts';
import { schedulingPolicies } from '../policies/index.ts';
import type { SimulationSpec } from '../sim/spec.ts';
import { importPolicy, isPolicyFile, ownPolicyFile } from './own-policy.ts';

export const schedulersAllowed = `${Object.keys(schedulingPolicies).join(', ')}, or a file such as ./mine.ts`;

/** A name of the table, or of a file. Throws KernelError INVALID_ARGUMENT. */
export function parseScheduler(option: string, text: string, allowed = schedulersAllowed): string {
  if (!Object.hasOwn(schedulingPolicies, text) && !isPolicyFile(text)) throw invalid(option, text, allowed);
  return text;
}

export interface SchedulerChoice {
  /** What the description of the simulation says of it. */
  readonly spec: Pick<SimulationSpec, 'scheduler' | 'schedulerFile'>;
  /** A user's own. */
  readonly create?: CreateSchedulingPolicy;
}

/** Imports a user's file. `option`: where it was named. */
export async function chosenScheduler(option: string, name: string): Promise<SchedulerChoice> {
  if (Object.hasOwn(schedulingPolicies, name)) return { spec: { scheduler: name } };
  const schedulerFile = ownPolicyFile(option, name);
  const create = await importPolicy<CreateSchedulingPolicy>(option, name, schedulerFile.path);
  return { spec: { scheduler: name, schedulerFile }, create };
}

/** The user's own policy that a recording was made with. Throws KernelError INVALID_ARGUMENT when it is another one by now. */
export async function recordedScheduler({
  scheduler,
  schedulerFile,
}: Pick<SimulationSpec, 'scheduler' | 'schedulerFile'>): Promise<CreateSchedulingPolicy | undefined> {
  if (schedulerFile === undefined) return undefined;
  const { path, sha256 } = schedulerFile;
  if (ownPolicyFile('scheduler', path).sha256 !== sha256)
    throw invalid('scheduler', scheduler, `the file that the recording was made with, SHA-256 ${sha256}`);
  return importPolicy<CreateSchedulingPolicy>('scheduler', scheduler, path);
}
