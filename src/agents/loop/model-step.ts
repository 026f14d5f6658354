/** One step of a model, metered like any call: repeated when it failed and may succeed later, handed to the next model of the chain when this one is not available. */
import type { Json } from '../../kernel/ids.ts';
import type { Answer, ModelRequest, OfferedTool, SyscallResult } from '../../kernel/syscalls.ts';
import type { AgentRun, ModelUse } from './agent-run.ts';
import { backOffUs, isOfThisModel, isRetryable } from './back-off.ts';
import { assistantMessage, cachedAnswer, tellCache } from './cached-answers.ts';
import type { Steps } from './conversation.ts';

export interface ModelStep {
  /** What the step is for, when it is no turn of the conversation. */
  readonly purpose?: string;
  readonly maxOutput: number;
  /** Whether the answer joins the conversation. */
  readonly keepAnswer: boolean;
  readonly tools?: readonly string[];
  readonly ownTools?: readonly OfferedTool[];
  /** JSON Schema that the answer is to follow. */
  readonly format?: Json;
}

/**
 * The answer, or the failure of the last model of the chain. A model that was not available for a turn (a failure that no repeat mends, or one more than there are repeats) is not asked
 * again in this run: going back and forth would break the prefix that each provider has cached. What fails aside from the conversation, a reflection's format perhaps, says nothing of its turns.
 */
export function* modelStep(run: AgentRun, step: ModelStep): Steps<SyscallResult<Answer>> {
  const { chains, progress } = run;
  const use: ModelUse =
    step.purpose === 'summary' && chains.summaryModel.length > 0 ? 'summaryModel' : 'model';
  const chain = chains[use];
  const failures: string[] = [];
  for (let at = progress[use]; ; at++) {
    const isLast = at === chain.length - 1;
    const result = yield* askModel(run, step, { model: chain[at], isLast });
    if (result.ok || !isOfThisModel(result.code)) return result;
    failures.push(`${chain[at]}: ${result.message}`);
    if (isLast) return failures.length === 1 ? result : { ...result, message: failures.join('; ') };
    if (step.purpose === undefined || use === 'summaryModel') progress[use] = at + 1;
  }
}

function* askModel(
  run: AgentRun,
  { purpose, maxOutput, keepAnswer, tools = [], ownTools = [], format }: ModelStep,
  { model, isLast }: { readonly model: string | undefined; readonly isLast: boolean },
): Steps<SyscallResult<Answer>> {
  const { task, sys, conversation } = run;
  const request: ModelRequest = {
    ...(purpose === undefined ? {} : { purpose }),
    ...(model === undefined ? {} : { model }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(ownTools.length === 0 ? {} : { ownTools }),
    temperature: task.temperature,
    ...(format === undefined ? {} : { format }),
    timeoutUs: task.stepTimeoutUs,
  };
  const known = task.cache ? yield* cachedAnswer(run, { request, maxOutput }, keepAnswer) : undefined;
  if (known !== undefined) return { ok: true, value: known };
  for (let repeat = 0; ; repeat++) {
    const result = (yield { kind: 'think', maxOutput, keepAnswer, request }) as SyscallResult<Answer>;
    if (result.ok) {
      if (task.cache) yield* tellCache(run, { request, maxOutput }, result.value);
      if (keepAnswer) conversation.answered(assistantMessage(result.value), result.value);
      return result;
    }
    const { code, failure } = result;
    if (repeat >= task.retries || !isRetryable(code, failure)) return result;
    // Another model answers sooner.
    if (!isLast && (failure?.retryAfterUs ?? 0) > task.stepTimeoutUs) return result;
    yield { kind: 'sleep', us: backOffUs(repeat, failure, sys.random) };
  }
}
