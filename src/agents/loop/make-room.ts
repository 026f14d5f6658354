/**
 * Room in the window, made before a request is built. A drop breaks the prompt's prefix: everything behind it is prefilled and paid for again. So nothing leaves before the high-water mark, and
 * then enough to come down to the low one.
 */
import { pageOf } from '../model/messages.ts';
import type { AgentRun } from './agent-run.ts';
import { AgentFailure } from './agent-failure.ts';
import { askAside } from './aside.ts';
import { importanceOf, type Steps } from './conversation.ts';

const summaryTokens = 2_000;

const question = `The oldest part of this conversation is about to be removed. Sum up all of it that is still needed to finish the task: facts, results, decisions, what was tried in vain. Write the summary and nothing else.`;

/** Ends the run with WINDOW_EXCEEDED when the next call cannot fit. */
export function* makeRoom(run: AgentRun): Steps<void> {
  const { conversation, task, progress } = run;
  const { windowTokens, maxOutput } = task;
  const mostTokens = windowTokens - maxOutput;
  if (conversation.tokens > Math.min(task.dropAt * windowTokens, mostTokens)) {
    const summaryMost = task.summarise ? Math.min(summaryTokens, maxOutput) : 0;
    const target = Math.max(0, Math.min(task.dropTo * windowTokens, mostTokens - summaryMost));
    if (task.summarise && !progress.hasSummaryFailed) yield* makeRoomToAsk(run, summaryMost);
    const leaving = conversation.droppable(target);
    const summary = task.summarise && leaving.length > 0 ? yield* summarised(run, summaryMost) : '';
    // A failed summary drops nothing.
    progress.hasSummaryFailed = summary === undefined;
    if (summary !== undefined) {
      yield* conversation.drop(leaving);
      if (summary !== '') yield* conversation.note(summary, importanceOf.summary);
    }
  }
  if (conversation.tokens > mostTokens)
    throw new AgentFailure(
      'WINDOW_EXCEEDED',
      `windowTokens: prompt and answer take ${conversation.tokens + maxOutput} tokens, and nothing more can be dropped; allowed: up to ${windowTokens}`,
    );
}

/** One turn may fill the window so far that the question for a summary does not fit behind it: what is too much then leaves without one. */
function* makeRoomToAsk({ conversation, task }: AgentRun, summaryMost: number): Steps<void> {
  const questionTokens = conversation.tokensOf(pageOf({ role: 'user', text: question }));
  const most = task.windowTokens - summaryMost - questionTokens;
  if (conversation.tokens > most) yield* conversation.drop(conversation.droppable(most));
}

/** undefined: there is none. */
function* summarised(run: AgentRun, maxOutput: number): Steps<string | undefined> {
  const asked = yield* askAside(run, question, { purpose: 'summary', maxOutput });
  if (!asked.ok) return undefined;
  const { text, finish, toolCalls = [] } = asked.value;
  const isWhole = (finish ?? 'stop') === 'stop' && toolCalls.length === 0 && text.trim() !== '';
  return isWhole ? `[Summary of the earlier conversation, which was removed]\n${text.trim()}` : undefined;
}
