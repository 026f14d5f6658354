/** The tool calls of one answer: which are made, and what the model is told of each of them. Every call gets its result, in the order of the calls. */
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import { pageOf, type ToolMessage } from '../model/messages.ts';
import type { AgentRun } from './agent-run.ts';
import { assistantMessage } from './cached-answers.ts';
import type { Steps } from './conversation.ts';
import { makeRoomForResults } from './make-room.ts';

/** Results of one answer take at most this share of the window. */
const resultsShare = 0.25;

/** Makes the calls of an answer of this `text` that may be made, side by side, and adds the results of all to the conversation. */
export function* toolTurn(run: AgentRun, text: string, calls: readonly AskedCall[]): Steps<void> {
  const { task, progress, conversation } = run;
  let left = run.toolsLeft;
  const refusals = calls.map((call) => {
    const refusal = refusalOf(run, call, left);
    if (refusal === undefined) left--;
    return refusal;
  });
  const made = calls.filter((_, index) => refusals[index] === undefined);
  progress.toolCalls += made.length;
  const results = made.length === 0 ? [] : yield* make(made);
  const mostTokens = Math.max(1, Math.floor((task.windowTokens * resultsShare) / calls.length));
  const tokensOf = (text: string): number => conversation.tokensOf(text);
  let next = 0;
  const messages = calls.map(({ id, tool }, index) => {
    const refusal = refusals[index];
    const told = refusal === undefined ? toldOf(results[next++]!) : { ok: false, value: refusal };
    return shortened({ role: 'tool', id, tool, ...told }, mostTokens, tokensOf);
  });
  const tokens = messages.reduce((sum, message) => sum + tokensOf(pageOf(message)), 0);
  yield* makeRoomForResults(run, assistantMessage({ text, toolCalls: calls }), tokens);
  for (const message of messages) yield* conversation.result(message);
}

/** Why a call is not made; undefined: it is. */
function refusalOf({ task }: AgentRun, call: AskedCall, left: number): string | undefined {
  const { tool, malformed } = call;
  if (!task.tools.includes(tool)) {
    const known = task.tools.length === 0 ? 'there are none' : `the tools are ${task.tools.join(', ')}`;
    return `UNKNOWN_TOOL: there is no tool ${JSON.stringify(tool)}; ${known}`;
  }
  if (malformed !== undefined || call.arguments === undefined)
    return `TOOL_ARGUMENTS: the call was not made, its arguments are no JSON object: ${malformed ?? 'they are missing'}`;
  if (left <= 0)
    return `TOOL_LIMIT: the call was not made, the ${task.toolCalls} tool calls of this run are used up; answer with what you have`;
  return undefined;
}

function* make(calls: readonly AskedCall[]): Steps<readonly ToolResult[]> {
  const result = (yield {
    kind: 'callTools',
    calls: calls.map((call) => ({ tool: call.tool, arguments: call.arguments as Json })),
    keepResults: false,
  }) as SyscallResult<readonly ToolResult[]>;
  return result.ok ? result.value : calls.map(() => result);
}

const toldOf = (result: ToolResult): Pick<ToolMessage, 'ok' | 'value'> =>
  result.ok ? { ok: true, value: result.value } : { ok: false, value: `${result.code}: ${result.message}` };

/** A result that is too large for the window is cut off, and says so. */
function shortened(
  message: ToolMessage,
  mostTokens: number,
  tokensOf: (text: string) => number,
): ToolMessage {
  if (tokensOf(pageOf(message)) <= mostTokens) return message;
  const whole = typeof message.value === 'string' ? message.value : JSON.stringify(message.value);
  let kept = whole.length;
  for (;;) {
    kept = Math.floor(kept / 2);
    const value = `${whole.slice(0, kept)} [cut off: the first ${kept} of ${whole.length} characters]`;
    const cut = { ...message, value };
    if (kept === 0 || tokensOf(pageOf(cut)) <= mostTokens) return cut;
  }
}
