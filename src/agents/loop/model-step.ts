/** One step of a model, metered like any call: repeated when it failed and may succeed later, handed to the next model of the chain when this one is not available. */
import type { Json } from '../../kernel/ids.ts';
import type { Answer, ModelRequest, OfferedTool, SyscallResult } from '../../kernel/syscalls.ts';
import type { AgentRun } from './agent-run.ts';
import { backOffUs, isModelFailure, isRetryable } from './back-off.ts';
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
 * The answer, or the failure of the last model of the chain. A model that was not available (a failure that no repeat mends, or one more than there are repeats) is not asked again in
 * this run: going back and forth would break the prefix that each provider has cached.
 */
export function* modelStep(run: AgentRun, step: ModelStep): Steps<SyscallResult<Answer>> {
  const { chain, progress } = run;
  for (;;) {
    const result = yield* askModel(run, step, chain[progress.model]);
    if (result.ok || !isModelFailure(result.code) || progress.model === chain.length - 1) return result;
    progress.model++;
  }
}

function* askModel(
  run: AgentRun,
  { purpose, maxOutput, keepAnswer, tools = [], ownTools = [], format }: ModelStep,
  model: string | undefined,
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
  const known = task.cache ? yield* cachedAnswer(run, request, keepAnswer) : undefined;
  if (known !== undefined) return { ok: true, value: known };
  for (let repeat = 0; ; repeat++) {
    const result = (yield { kind: 'think', maxOutput, keepAnswer, request }) as SyscallResult<Answer>;
    if (result.ok) {
      if (task.cache) yield* tellCache(run, request, result.value);
      if (keepAnswer) conversation.answered(assistantMessage(result.value), result.value);
      return result;
    }
    const { code, failure } = result;
    if (repeat >= task.retries || !isRetryable(code, failure)) return result;
    yield { kind: 'sleep', us: backOffUs(repeat, failure, sys.random) };
  }
}
