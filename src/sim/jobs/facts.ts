import type { SchedulingFacts } from '../../kernel/scheduling-facts.ts';
import type { Job } from './job.ts';

/** What a policy cannot do without: with the default for everybody it would show nothing of what it is about. */
export const neededFacts: Readonly<
  Record<string, { readonly fact: keyof SchedulingFacts; readonly field: string }>
> = {
  lottery: { fact: 'tickets', field: 'tickets' },
  stride: { fact: 'tickets', field: 'tickets' },
  edf: { fact: 'deadlineUs', field: 'deadline' },
};

/** In one line, what the policy of this name needs and the first of `jobs` that lacks it does not say; undefined: nothing. */
export function missingFact(policy: string, jobs: readonly Job[]): string | undefined {
  const need = neededFacts[policy];
  if (need === undefined) return undefined;
  const lacking = jobs.find(({ scheduling }) => scheduling?.[need.fact] === undefined);
  if (lacking === undefined) return undefined;
  return `${lacking.name}: ${need.field}: missing; allowed for ${policy}: a number for each job`;
}
