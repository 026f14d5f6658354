/** A question about the conversation so far that leaves no trace in it: neither the question nor the answer stands in the prompt afterwards, whatever becomes of the call. */
import type { Json } from '../../kernel/ids.ts';
import type { Answer, SyscallResult } from '../../kernel/syscalls.ts';
import type { AgentRun } from './agent-run.ts';
import type { Steps } from './conversation.ts';
import { modelStep } from './model-step.ts';

/** The answer, or why there is none; where the window has no room for both, the model is not asked. */
export function* askAside(
  run: AgentRun,
  question: string,
  {
    purpose,
    maxOutput,
    format,
  }: { readonly purpose: string; readonly maxOutput: number; readonly format?: Json },
): Steps<SyscallResult<Answer>> {
  const { conversation, task } = run;
  const aside = yield* conversation.aside(question);
  const needed = conversation.tokens + maxOutput;
  const answer: SyscallResult<Answer> =
    needed > task.windowTokens
      ? { ok: false, code: 'WINDOW_EXCEEDED', message: `the question needs ${needed} tokens` }
      : yield* modelStep(run, {
          purpose,
          maxOutput,
          keepAnswer: false,
          ...(format === undefined ? {} : { format }),
        });
  yield* conversation.withdraw(aside);
  return answer;
}
