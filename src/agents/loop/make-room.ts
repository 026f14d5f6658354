/**
 * Room in the window, made before a request is built. A drop breaks the prompt's prefix: everything behind it is prefilled and paid for again. So nothing leaves before the high-water mark, and
 * then enough to come down to the low one.
 */
import type { SyscallResult } from '../../kernel/syscalls.ts';
import { pageOf, type AssistantMessage } from '../model/messages.ts';
import type { AgentRun } from './agent-run.ts';
import { AgentFailure } from './agent-failure.ts';
import { askAside } from './aside.ts';
import { isOfThisModel } from './back-off.ts';
import { importanceOf, type Steps } from './conversation.ts';

const summaryTokens = 2_000;

const question = `The oldest part of this conversation is about to be removed. Sum up all of it that is still needed to finish the task: facts, results, decisions, what was tried in vain. Write the summary and nothing else.`;

/** Ends the run with WINDOW_EXCEEDED when the next call cannot fit. */
export function* makeRoom(run: AgentRun): Steps<void> {
  const { conversation, task } = run;
  const mostTokens = task.windowTokens - task.maxOutput;
  const highMark = Math.min(task.dropAt * task.windowTokens, mostTokens - questionTokens(run));
  const kept = conversation.tokens > highMark ? yield* lighten(run, 0) : '';
  if (conversation.tokens <= mostTokens) return;
  const why =
    kept === '' ? 'nothing more can be dropped' : `nothing was dropped, as there is no summary: ${kept}`;
  throw new AgentFailure(
    'WINDOW_EXCEEDED',
    `windowTokens: prompt and answer take ${conversation.tokens + task.maxOutput} tokens, and ${why}; allowed: up to ${task.windowTokens}`,
  );
}

/** To be called before `coming` tokens join the conversation: a summary must still fit behind them, or nothing could be summed up any more. */
export function* makeRoomFor(run: AgentRun, coming: number): Steps<void> {
  if (!isTight(run, coming)) return;
  yield* lighten(run, coming);
}

/** The same for results of `coming` tokens; the answer that asked for them stands aside meanwhile, for no model is shown a call without its result. */
export function* makeRoomForResults(run: AgentRun, answer: AssistantMessage, coming: number): Steps<void> {
  if (!isTight(run, coming)) return;
  const tokens = yield* run.conversation.retract();
  yield* lighten(run, tokens + coming);
  yield* run.conversation.answer(answer, tokens);
}

function isTight(run: AgentRun, coming: number): boolean {
  const { conversation, task } = run;
  const needed = conversation.tokens + coming + questionTokens(run) + summaryMost(run);
  return task.summarise && needed > task.windowTokens;
}

/** Comes down to the low mark, with `coming` tokens more. Not '': why what should have left is still there. */
function* lighten(run: AgentRun, coming: number): Steps<string> {
  const { conversation, task } = run;
  const mostTokens = task.windowTokens - task.maxOutput - summaryMost(run);
  const target = Math.min(task.dropTo * task.windowTokens, mostTokens) - coming;
  const leaving = conversation.droppable(Math.max(0, target));
  if (leaving.length === 0) return '';
  const summary = task.summarise ? yield* summarised(run) : undefined;
  // A failed summary drops nothing. What no budget allows, the next turn, which asks for more, is not allowed either.
  if (summary?.ok === false) {
    if (!isOfThisModel(summary.code)) throw new AgentFailure(summary.code, summary.message);
    return summary.message;
  }
  yield* conversation.drop(leaving);
  if (summary !== undefined) yield* conversation.note(summary.value, importanceOf.summary);
  return '';
}

function* summarised(run: AgentRun): Steps<SyscallResult<string>> {
  const asked = yield* askAside(run, question, { purpose: 'summary', maxOutput: summaryMost(run) });
  if (!asked.ok) return asked;
  const { text, finish, toolCalls = [] } = asked.value;
  const isWhole = (finish ?? 'stop') === 'stop' && toolCalls.length === 0 && text.trim() !== '';
  return isWhole
    ? { ok: true, value: `[Summary of the earlier conversation, which was removed]\n${text.trim()}` }
    : { ok: false, code: 'MODEL_FAILED', message: 'the model gave none that is whole' };
}

const summaryMost = ({ task }: AgentRun): number =>
  task.summarise ? Math.min(summaryTokens, task.maxOutput) : 0;

const questionTokens = ({ task, conversation }: AgentRun): number =>
  task.summarise ? conversation.tokensOf(pageOf({ role: 'user', text: question })) : 0;
