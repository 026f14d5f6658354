/** What went wrong in a replay under a paging policy: of a user's own, what it throws is bad input. */
import { AssertionError } from '../../base/assert.ts';
import { KernelError, messageOf } from '../../kernel/errors.ts';
import { type Failure, failureOf } from '../failure.ts';
import type { PolicyChoice } from './policy-choice.ts';

export function policyFailure(error: unknown, { name, file }: PolicyChoice): Failure {
  if (error instanceof AssertionError) return failureOf(error, name);
  if (error instanceof KernelError) {
    const isOwn = file !== undefined && error.code === 'POLICY_BROKEN';
    // All others name their field.
    return isOwn ? failureOf(error, name) : { kind: 'failure', what: 'input', problem: error.message };
  }
  if (file === undefined) return failureOf(error, name);
  const problem = `--policy: ${name} threw: ${messageOf(error)}; allowed: a policy that doesn't`;
  return { kind: 'failure', what: 'input', problem };
}
