/**
 * Answers from the response cache. The cache is a tool beside the kernel: what it says is a result in the process's history, so that a run that is restored or repeated gets the same from it, whatever it
 * holds by then. It never fails a run: a cache that is not there, or fails, knows nothing.
 */
import { canonicalJson } from '../../base/canonical-json.ts';
import { sha256Hex } from '../../base/sha256.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Answer, AskedCall, ModelRequest, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import type { AssistantMessage } from '../model/messages.ts';
import type { AgentRun } from './agent-run.ts';
import type { Steps } from './conversation.ts';
import { responseCacheName, type CacheCall, type CachedResponse } from './response-cache.ts';

/** What the answer depends on beside the prompt. */
interface AskedModel {
  readonly request: ModelRequest;
  readonly maxOutput: number;
}

/** What the cache knows for this prompt and request; it joins the conversation when `keepAnswer`. No tokens are spent. */
export function* cachedAnswer(
  run: AgentRun,
  asked: AskedModel,
  keepAnswer: boolean,
): Steps<Answer | undefined> {
  const found = yield* callCache({ op: 'get', ...placeOf(run, asked), atUs: run.sys.now });
  const response = (found as { readonly response?: CachedResponse } | undefined)?.response;
  if (response === undefined) return undefined;
  const { tokensOut, ...message } = response;
  if (keepAnswer) yield* run.conversation.answer({ role: 'assistant', ...message }, Math.max(1, tokensOut));
  return { ...message, tokensIn: 0, tokensCached: 0, tokensOut: 0, finish: finishOf(message) };
}

/** Only whole answers of the model that was asked are worth keeping. To be told before the answer joins the conversation. */
export function* tellCache(run: AgentRun, asked: AskedModel, answer: Answer): Steps<void> {
  const { text, toolCalls = [], finish, content, model } = answer;
  const tokensOut = content?.tokens ?? answer.tokensOut;
  const isWhole = finish === undefined || finish === 'stop' || finish === 'tool-calls';
  const isEmpty = text.trim() === '' && toolCalls.length === 0;
  if (!isWhole || isEmpty || model !== undefined) return;
  if (toolCalls.some(({ malformed }) => malformed !== undefined)) return;
  const response = { text, tokensOut, ...(toolCalls.length === 0 ? {} : { toolCalls }) };
  yield* callCache({ op: 'put', ...placeOf(run, asked), atUs: run.sys.now, response });
}

function placeOf({ conversation }: AgentRun, { request, maxOutput }: AskedModel) {
  // How much time an answer may take does not change it, how long it may be does.
  const rest = canonicalJson({ ...request, timeoutUs: undefined, maxOutput });
  return {
    key: sha256Hex(`${conversation.key}\n${rest}`),
    scope: sha256Hex(`${conversation.before}\n${rest}`),
    text: conversation.last,
  };
}

/** A simulated cache answers at once. */
function* callCache(call: CacheCall): Steps<Json | undefined> {
  const args = call as unknown as Json;
  const result = (yield {
    kind: 'callTools',
    calls: [{ tool: responseCacheName, arguments: args, script: { durationUs: 0 } }],
    keepResults: false,
  }) as SyscallResult<readonly ToolResult[]>;
  const [first] = result.ok ? result.value : [];
  return first?.ok === true ? first.value : undefined;
}

const finishOf = ({ toolCalls }: { readonly toolCalls?: readonly AskedCall[] }) =>
  toolCalls === undefined || toolCalls.length === 0 ? 'stop' : 'tool-calls';

/** An answer as it stands in the prompt. */
export function assistantMessage({ text, toolCalls }: Pick<Answer, 'text' | 'toolCalls'>): AssistantMessage {
  return { role: 'assistant', text, ...(toolCalls === undefined ? {} : { toolCalls }) };
}
