/**
 * An agent whose loop runs elsewhere: a client that asks a model server for one answer at a time, and for whom the kernel stands in that server's place. The process is its conversation: what the client has
 * sent and what the model has answered are its pages, so that each request adds what is new, and every call is scheduled, metered and recorded like that of any other process. Tools are the client's own: the
 * model is told of them, and the client carries them out.
 */
import { isRecord } from '../kernel/budget-limits.ts';
import { estimateTokens } from '../kernel/estimate.ts';
import { invalid, messageOf } from '../kernel/errors.ts';
import type { Json, PageNumber } from '../kernel/ids.ts';
import { importanceDefaults } from '../kernel/options.ts';
import type {
  Answer,
  Message as Mail,
  ModelRequest,
  Program,
  ProgramGenerator,
  Sys,
  Syscall,
  SyscallResult,
} from '../kernel/syscalls.ts';
import { pageOf, type Message } from './model/messages.ts';

/** The arguments of the program `client-agent`. A type, as it is JSON. */
type ClientAgentTask = {
  /** It ends when no request has come for this long, µs. */
  readonly idleUs: number;
};

/** What is sent to the process for each request. A type, as it is JSON. */
export type ClientRequest = {
  /** So many pages of the prompt stay, the first ones; the others leave it. */
  readonly keep: number;
  /** What comes behind them. */
  readonly add: readonly Message[];
  /** Tokens. */
  readonly maxOutput: number;
  readonly request: ModelRequest;
};

export const clientAgentName = 'client-agent';

/** Its value is how many requests it has answered. A call that fails is the client's to repeat: the process goes on. `countTokens`: of what it puts into its prompt; must depend on the text alone. */
export function clientAgentOf(countTokens: (text: string) => number = estimateTokens): Program {
  return { name: clientAgentName, version: 1, body: (sys) => serve(sys, countTokens) };
}

function* serve(sys: Sys, countTokens: (text: string) => number): ProgramGenerator {
  const { idleUs } = sys.args as unknown as ClientAgentTask;
  const pages: PageNumber[] = [];
  for (let answered = 0; ; answered++) {
    const received = (yield { kind: 'receive', timeoutUs: idleUs }) as SyscallResult<Mail>;
    if (!received.ok) return answered;
    let request: ClientRequest;
    try {
      request = requestOf(received.value.message, pages.length);
    } catch (error) {
      yield {
        kind: 'exit',
        outcome: 'failed',
        value: null,
        code: 'INVALID_ARGUMENT',
        message: messageOf(error),
      };
      return;
    }
    yield* answer(pages, request, countTokens);
  }
}

function* answer(
  pages: PageNumber[],
  { keep, add, maxOutput, request }: ClientRequest,
  countTokens: (text: string) => number,
): Generator<Syscall, void, SyscallResult<unknown>> {
  const gone = pages.splice(keep);
  if (gone.length > 0) yield { kind: 'drop', pages: gone };
  for (const message of add) {
    const text = pageOf(message);
    const isSystem = message.role === 'system';
    const page = (yield {
      kind: 'allocate',
      text,
      tokens: Math.max(1, Math.ceil(countTokens(text))),
      importance: isSystem ? importanceDefaults.system : importanceDefaults.result,
      pinned: isSystem,
    }) as SyscallResult<PageNumber>;
    // The call is made all the same: its refusal says what does not fit.
    if (page.ok) pages.push(page.value);
  }
  const said = (yield { kind: 'think', maxOutput, keepAnswer: true, request }) as SyscallResult<Answer>;
  if (said.ok && said.value.page !== undefined) pages.push(said.value.page);
}

/** Throws KernelError INVALID_ARGUMENT: whoever sent it is no server of ours. */
function requestOf(message: Json, pages: number): ClientRequest {
  if (!isRecord(message)) throw invalid('message', message, 'a request');
  const { keep, add, maxOutput, request } = message;
  if (!Number.isInteger(keep) || (keep as number) < 0 || (keep as number) > pages)
    throw invalid('keep', keep, `an integer from 0 to ${pages}`);
  if (!Array.isArray(add)) throw invalid('add', add, 'a list of messages');
  if (typeof maxOutput !== 'number') throw invalid('maxOutput', maxOutput, 'a number of tokens');
  if (!isRecord(request)) throw invalid('request', request, 'what the model is asked');
  return message as unknown as ClientRequest;
}
