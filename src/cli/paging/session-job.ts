/** One policy in cells of recorded sessions: what a worker thread does. */
import { KernelError } from '../../kernel/errors.ts';
import { type CellRequest, type CellResult, runCell } from '../../sim/sessions/session-cell.ts';
import { type Contender, runTask } from '../../sim/sessions/session-grid.ts';
import type { SessionTrace } from '../../sim/sessions/session-trace.ts';
import type { Failure } from '../failure.ts';
import { createOf, type PolicyChoice } from './policy-choice.ts';
import { policyFailure } from './policy-failure.ts';

export interface SessionJob {
  readonly contender: Contender;
  /** A user's own policy, where it is one. */
  readonly choice: PolicyChoice;
  readonly requests: readonly CellRequest[];
}

/** Plain data, so that it comes through from a worker. */
export type SessionMessage =
  | {
      readonly kind: 'cell';
      readonly job: SessionJob;
      readonly request: CellRequest;
      readonly result: CellResult;
    }
  /** The policy cannot run on recorded sessions. */
  | { readonly kind: 'refusal'; readonly policy: string; readonly problem: string };

/** Never throws. */
export async function runSessionJob(
  job: SessionJob,
  trace: SessionTrace,
  post: (message: SessionMessage | Failure) => void,
): Promise<void> {
  const { contender, choice, requests } = job;
  try {
    const create = choice.file === undefined ? undefined : await createOf(choice);
    for (const request of requests) {
      const result =
        create === undefined
          ? runTask(trace, { contender, request }).result
          : runCell(trace, create, request);
      post({ kind: 'cell', job, request, result });
    }
  } catch (error) {
    if (error instanceof KernelError && error.code === 'INVALID_ARGUMENT')
      post({ kind: 'refusal', policy: contender.name, problem: error.message });
    else post(policyFailure(error, choice));
  }
}
