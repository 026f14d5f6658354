/** Why a job came to no end, as plain data, so that it comes through from a worker thread. */
import { AssertionError } from '../base/assert.ts';
import { KernelError, messageOf } from '../kernel/errors.ts';

export interface Failure {
  readonly kind: 'failure';
  /** Bad input or a policy that broke its contract, a broken assertion, or a mistake of ours. */
  readonly what: 'input' | 'assertion' | 'unknown';
  readonly problem: string;
}

/** `job`: what an error of bad input or a broken assertion is told of, such as the name of a policy. */
export function failureOf(error: unknown, job: string): Failure {
  if (error instanceof KernelError)
    return { kind: 'failure', what: 'input', problem: `${job}: ${error.message}` };
  if (error instanceof AssertionError)
    return { kind: 'failure', what: 'assertion', problem: `${job}: ${error.message}` };
  const problem = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return { kind: 'failure', what: 'unknown', problem };
}

/** The error that the thread met. */
export function errorOf({ what, problem }: Failure): Error {
  if (what === 'input') return new KernelError('INVALID_ARGUMENT', problem);
  return what === 'assertion' ? new AssertionError(problem) : new Error(problem);
}
