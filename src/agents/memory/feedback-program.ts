import { isRecord } from '../../kernel/budget-limits.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Program, ProgramGenerator, Sys } from '../../kernel/syscalls.ts';
import { checkFeedback, rememberFeedback, type Feedback } from './feedback.ts';

/** The arguments of the program `feedback`. */
export type FeedbackTask = { readonly scope: string; readonly feedback: Feedback };

/** Stores feedback from outside a run. Its value is the Experience; it fails with one line. */
export const feedbackProgram: Program = { name: 'feedback', version: 1, body: (sys) => run(sys) };

function* run(sys: Sys): ProgramGenerator {
  let task: FeedbackTask;
  try {
    task = taskOf(sys);
  } catch (error) {
    const message = messageOf(error);
    yield { kind: 'exit', outcome: 'failed', value: message, code: 'INVALID_ARGUMENT', message };
    return;
  }
  const stored = yield* rememberFeedback(sys, task.scope, task.feedback);
  if (stored.ok) return stored.value;
  const { code, message } = stored;
  yield { kind: 'exit', outcome: 'failed', value: `${code}: ${message}`, code, message };
}

function taskOf({ args }: Sys): FeedbackTask {
  const { scope, feedback } = isRecord(args) ? args : {};
  // An empty scope is refused by the kernel, as everywhere.
  return { scope: typeof scope === 'string' ? scope : '', feedback: checkFeedback(feedback ?? null) };
}
