/** The tool calls of one answer: which are made, and what the model is told of each of them. Every call gets its result, in the order of the calls. */
import type { Json } from '../../kernel/ids.ts';
import type { AskedCall, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import type { ToolMessage } from '../model/messages.ts';
import type { AgentRun } from './agent-run.ts';
import { assistantMessage } from './cached-answers.ts';
import type { Conversation, SizedMessage, Steps } from './conversation.ts';
import { makeRoomForResults } from './make-room.ts';
import { beginOwn, endOwn, type OwnCall } from './own-tools.ts';

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
  const results = yield* make(run, made);
  const mostTokens = Math.max(1, Math.floor((task.windowTokens * resultsShare) / calls.length));
  let next = 0;
  const messages = calls.map(({ id, tool }, index) => {
    const refusal = refusals[index];
    const told = refusal === undefined ? toldOf(results[next++]!) : { ok: false, value: refusal };
    return shortened(conversation, { role: 'tool', id, tool, ...told }, mostTokens);
  });
  const tokens = messages.reduce((sum, message) => sum + message.tokens, 0);
  yield* makeRoomForResults(run, assistantMessage({ text, toolCalls: calls }), tokens);
  for (const message of messages) yield* conversation.result(message);
}

/** Why a call is not made; undefined: it is. */
function refusalOf({ task, ownTools }: AgentRun, call: AskedCall, left: number): string | undefined {
  const { tool, malformed } = call;
  const names = [...task.tools, ...ownTools.map(({ name }) => name)];
  if (!names.includes(tool)) {
    const known = names.length === 0 ? 'there are none' : `the tools are ${names.join(', ')}`;
    return `UNKNOWN_TOOL: there is no tool ${JSON.stringify(tool)}; ${known}`;
  }
  if (malformed !== undefined || call.arguments === undefined)
    return `TOOL_ARGUMENTS: the call was not made, its arguments are no JSON object: ${malformed ?? 'they are missing'}`;
  if (left <= 0)
    return `TOOL_LIMIT: the call was not made, the ${task.toolCalls} tool calls of this run are used up; answer with what you have`;
  return undefined;
}

/** The results in call order. Its own begin first, so that other agents work while the tools of the kernel do. */
function* make(run: AgentRun, calls: readonly AskedCall[]): Steps<readonly ToolResult[]> {
  const own = new Map<AskedCall, OwnCall>();
  for (const call of calls) {
    const tool = run.ownTools.find(({ name }) => name === call.tool);
    if (tool !== undefined) own.set(call, yield* beginOwn(run, tool, call.arguments as Json));
  }
  const results = [...(yield* callTools(calls.filter((call) => !own.has(call))))];
  const all: ToolResult[] = [];
  for (const call of calls) {
    const begun = own.get(call);
    all.push(begun === undefined ? results.shift()! : yield* endOwn(run, begun));
  }
  return all;
}

function* callTools(calls: readonly AskedCall[]): Steps<readonly ToolResult[]> {
  if (calls.length === 0) return [];
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
function shortened(conversation: Conversation, message: ToolMessage, mostTokens: number): SizedMessage {
  const sized = conversation.sized(message);
  if (sized.tokens <= mostTokens) return sized;
  const whole = typeof message.value === 'string' ? message.value : JSON.stringify(message.value);
  let kept = whole.length;
  for (;;) {
    kept = Math.floor(kept / 2);
    const value = `${whole.slice(0, kept)} [cut off: the first ${kept} of ${whole.length} characters]`;
    const cut = conversation.sized({ ...message, value });
    if (kept === 0 || cut.tokens <= mostTokens) return cut;
  }
}
