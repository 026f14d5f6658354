/**
 * What model calls hold and a kernel does not tell: prompts, answers, and what the server counts beside the kernel. In the form of the conventions (input and output messages), as JSON, since attributes of spans
 * are flat. Whatever comes here has been redacted on its way.
 */
import type { Message } from '../../agents/model/messages.ts';
import type { Json } from '../../kernel/ids.ts';
import type { CallEnded } from '../../kernel/inputs.ts';
import type { FinishReason } from '../../kernel/syscalls.ts';
import type { ModelPort, ModelReply } from '../ports.ts';
import type { Redactor } from '../redactor.ts';

/** Characters of one part of a message, and of all messages of a prompt; of a longer prompt the latest are told. */
const mostOfPart = 8_192;
const mostOfPrompt = 65_536;

export interface CallContent {
  readonly n: number;
  readonly messages: readonly Message[];
  reply: ModelReply | undefined;
}

/** Stands between a kernel and its models. */
export class CallContents {
  private readonly byPid = new Map<number, CallContent>();
  private readonly keepsMessages: boolean;

  constructor({ keepsMessages }: { readonly keepsMessages: boolean }) {
    this.keepsMessages = keepsMessages;
  }

  /** `port` must give what may be told: put it in front of whatever redacts. */
  model(port: ModelPort): ModelPort {
    return {
      call: async (call, stop, tell) => {
        const { pid, n } = call.identity;
        const content: CallContent = {
          n,
          messages: this.keepsMessages ? call.messages : [],
          reply: undefined,
        };
        this.byPid.set(pid, content);
        const reply = await port.call(call, stop, tell);
        content.reply = reply;
        return reply;
      },
    };
  }

  /** What is known of call `n` of a process, once. */
  take(pid: number, n: number): CallContent | undefined {
    const content = this.byPid.get(pid);
    if (content?.n !== n) return undefined;
    this.byPid.delete(pid);
    return content;
  }

  forget(pid: number): void {
    this.byPid.delete(pid);
  }
}

/** How contents are told: redacted, and cut to a length. */
export class ContentWording {
  private readonly redactor: Redactor | undefined;

  constructor(redactor: Redactor | undefined) {
    this.redactor = redactor;
  }

  input(messages: readonly Message[]): string {
    const told: string[] = [];
    let length = 0;
    for (const message of messages.toReversed()) {
      const text = JSON.stringify({ role: message.role, parts: this.parts(message) });
      length += text.length;
      if (length > mostOfPrompt && told.length > 0) break;
      told.push(text);
    }
    return `[${told.toReversed().join(',')}]`;
  }

  output({ text = '', toolCalls = [], finish }: Pick<CallEnded, 'text' | 'toolCalls' | 'finish'>): string {
    const parts = this.parts({ role: 'assistant', text, toolCalls });
    const reason = finish === undefined ? {} : { finish_reason: finishReasonOf(finish) };
    return JSON.stringify([{ role: 'assistant', parts, ...reason }]);
  }

  value(value: Json): string {
    const told = this.redactor?.value(value) ?? value;
    return cut(typeof told === 'string' ? told : JSON.stringify(told));
  }

  message(text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.value(text);
  }

  private parts(message: Message): readonly object[] {
    if (message.role === 'tool')
      return [{ type: 'tool_call_response', id: message.id, response: this.value(message.value) }];
    const text = message.text === '' ? [] : [{ type: 'text', content: this.value(message.text) }];
    if (message.role !== 'assistant') return text;
    const calls = (message.toolCalls ?? []).map((call) => ({
      type: 'tool_call',
      id: call.id,
      name: call.tool,
      arguments: this.value(call.arguments ?? call.malformed ?? null),
    }));
    return [...text, ...calls];
  }
}

/** As model servers word it. */
export function finishReasonOf(finish: FinishReason): string {
  return finish.replace('-', '_');
}

const cut = (text: string): string =>
  text.length <= mostOfPart ? text : `${text.slice(0, mostOfPart - 1)}…`;
