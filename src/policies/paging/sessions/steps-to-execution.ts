/**
 * Steps to execution: where the workflow is known, the session that is most steps away from its next call leaves first; of equally far ones the least recently
 * used. What several sessions share stays as long as one of them keeps something behind it, and so ranks with the nearest of them. Where there is a slower tier,
 * what was evicted is prefetched: the session with the fewest steps to go first, the front of its prompt first; for it leaves only what has more steps to go.
 *
 * Source: Z. Pan et al., "KVFlow: Efficient Prefix Caching for Accelerating LLM-Based Multi-Agent Workflows", arXiv 2507.07400, section 3.
 * Departs from it: how far ahead is prefetched is not limited, and the fixed part of a prompt and what an agent adds to it are not told apart (there the added part has no steps and leaves first).
 * Needs `plan.stepsToCall`: known in the replay of sessions whose workflows are, and to a kernel whose programs tell it (agents that are steps).
 */
import type { CreatePagingPolicy, PagingContext } from '../../../kernel/contracts.ts';
import { invalid } from '../../../kernel/errors.ts';
import type { Pid } from '../../../kernel/ids.ts';
import { PrefetchingSessionPolicy } from './prefetching-session-policy.ts';
import type { Session } from './session.ts';

export const stepsToExecution: CreatePagingPolicy = (context) => {
  const { plan } = context;
  if (plan?.stepsToCall === undefined)
    throw invalid(
      'paging',
      'steps-to-execution',
      'another policy: it needs a workflow whose steps are known, and here there is none',
    );
  return new StepsToExecution(context, (user) => plan.stepsToCall!(user));
};

class StepsToExecution extends PrefetchingSessionPolicy {
  readonly name = 'steps-to-execution';
  private readonly stepsToCall: (user: Pid) => number;

  constructor(context: PagingContext, stepsToCall: (user: Pid) => number) {
    super(context);
    this.stepsToCall = stepsToCall;
  }

  protected worth({ user }: Session): number {
    return -this.stepsToCall(user as Pid);
  }
}
