/** Why a job came to no end, as plain data, so that it comes through from a worker thread. */
import { AssertionError } from '../../base/assert.ts';
import { KernelError, messageOf } from '../../kernel/errors.ts';
import type { PolicyChoice } from './policy-choice.ts';

export interface Failure {
  readonly kind: 'failure';
  /** Bad input or a policy that broke its contract, a broken assertion, or a mistake of ours. */
  readonly what: 'input' | 'assertion' | 'unknown';
  readonly problem: string;
}

export function failureOf(error: unknown, { name, file }: PolicyChoice): Failure {
  if (error instanceof KernelError) {
    const isOwn = file !== undefined && error.code === 'POLICY_BROKEN';
    return { kind: 'failure', what: 'input', problem: isOwn ? `${name}: ${error.message}` : error.message };
  }
  if (error instanceof AssertionError)
    return { kind: 'failure', what: 'assertion', problem: `${name}: ${error.message}` };
  if (file !== undefined) {
    const problem = `--policy: ${name} threw: ${messageOf(error)}; allowed: a policy that doesn't`;
    return { kind: 'failure', what: 'input', problem };
  }
  const problem = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return { kind: 'failure', what: 'unknown', problem };
}

/** The error that the thread met. */
export function errorOf({ what, problem }: Failure): Error {
  if (what === 'input') return new KernelError('INVALID_ARGUMENT', problem);
  return what === 'assertion' ? new AssertionError(problem) : new Error(problem);
}
