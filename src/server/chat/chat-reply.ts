/** One answer in the forms of chat completions: whole, or piece by piece as it comes. */
import type { Answer } from '../../kernel/syscalls.ts';
import { ChatRefused } from './chat-errors.ts';
import { toldCall } from './chat-messages.ts';
import type {
  ChatChunk,
  ChatCompletion,
  ChatFinish,
  ChatRequest,
  ChatToolCall,
  ChatUsage,
} from './chat-schemas.ts';
import type { ChatListener } from './chat-service.ts';

export class ChatReply implements ChatListener {
  run = '';
  /** Resolves when the first piece has come. */
  readonly begun: Promise<void>;
  private readonly given: ChatRequest;
  private readonly created = Math.floor(Date.now() / 1_000);
  private readonly thoughts: string[] = [];
  private pieces: { readonly type: 'text' | 'reasoning'; readonly text: string }[] = [];
  private begin: () => void = () => {};
  private wake: () => void = () => {};
  private isClosed = false;
  /** Characters of the answer's text that came in pieces. */
  private said = '';

  constructor(given: ChatRequest) {
    this.given = given;
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  // ---- As a listener -----------------------------------------------------------------------------------------------------

  onRun(run: string): void {
    this.run = run;
  }

  onText(type: 'text' | 'reasoning', text: string): void {
    if (type === 'reasoning') this.thoughts.push(text);
    if (this.given.stream === true) this.pieces.push({ type, text });
    this.begin();
    this.wake();
  }

  /** Nobody reads any more. */
  close(): void {
    this.isClosed = true;
    this.wake();
  }

  // ---- What is told ------------------------------------------------------------------------------------------------------

  completion(answer: Answer): ChatCompletion {
    const toolCalls = this.toolCalls(answer);
    const { text } = answer;
    return {
      ...this.stamp,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text === '' && toolCalls.length > 0 ? null : text,
            ...(this.thoughts.length === 0 ? {} : { reasoning_content: this.thoughts.join('') }),
            refusal: null,
            ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
          },
          finish_reason: finishOf(answer),
          logprobs: null,
        },
      ],
      usage: usageOf(answer),
    };
  }

  async *chunks(answered: Promise<Answer>): AsyncGenerator<ChatChunk, void> {
    let answer: Answer | undefined;
    let failure: { readonly error: unknown } | undefined;
    void answered
      .then(
        (value) => void (answer = value),
        (error: unknown) => void (failure = { error }),
      )
      .finally(() => this.wake());
    yield this.chunk({ role: 'assistant', content: '' });
    while (!this.isClosed) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      for (const { type, text } of this.pieces.splice(0)) {
        if (type === 'text') this.said += text;
        yield this.chunk(type === 'text' ? { content: text } : { reasoning_content: text });
      }
      if (failure !== undefined) throw failure.error;
      if (answer !== undefined && this.pieces.length === 0) return yield* this.ending(answer);
      await woken;
    }
  }

  private *ending(answer: Answer): Generator<ChatChunk, void> {
    if (!answer.text.startsWith(this.said))
      throw new ChatRefused(503, 'server_error', null, 'the answer was broken off and given anew: ask again');
    const rest = answer.text.slice(this.said.length);
    if (rest !== '') yield this.chunk({ content: rest });
    const toolCalls = this.toolCalls(answer);
    if (toolCalls.length > 0)
      yield this.chunk({ tool_calls: toolCalls.map((call, index) => ({ index, ...call })) });
    yield this.chunk({}, finishOf(answer));
    if (this.given.stream_options?.include_usage === true)
      yield { ...this.stamp, object: 'chat.completion.chunk', choices: [], usage: usageOf(answer) };
  }

  private get stamp(): Pick<ChatCompletion, 'id' | 'created' | 'model'> {
    return { id: `chatcmpl-${this.run}`, created: this.created, model: this.given.model };
  }

  private chunk(delta: ChatChunk['choices'][number]['delta'], finish: ChatFinish | null = null): ChatChunk {
    return {
      ...this.stamp,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
    };
  }

  private toolCalls({ toolCalls = [] }: Answer): ChatToolCall[] {
    const told = toolCalls.map(toldCall);
    return this.given.parallel_tool_calls === false ? told.slice(0, 1) : told;
  }
}

function finishOf({ finish = 'stop', toolCalls = [] }: Answer): ChatFinish {
  if (toolCalls.length > 0) return 'tool_calls';
  return finish === 'length' ? 'length' : finish === 'content-filter' ? 'content_filter' : 'stop';
}

function usageOf({ tokensIn, tokensOut, tokensCached }: Answer): ChatUsage {
  return {
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
    prompt_tokens_details: { cached_tokens: tokensCached },
  };
}
