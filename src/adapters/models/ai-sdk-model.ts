/**
 * A model behind the AI SDK's language-model interface, so that every provider package that implements it works. One call is one stream: no retries (the agent's loop knows
 * better when to try again) and no tools run here.
 */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';

import type { ModelCall } from '../../agents/model/model-call.ts';
import { invalid } from '../../kernel/errors.ts';
import type { FinishReason, Sampling, ToolChoice } from '../../kernel/syscalls.ts';
import type { ModelDelta, ModelPort, ModelReply, Stop } from '../../host/ports.ts';
import { failureOf, nameOf, toldFailure, type FailedReply, type FailureWording } from './model-errors.ts';
import { promptOf } from './prompt-mapping.ts';
import { ToolCallAssembly } from './tool-call-assembly.ts';
import { ToolNames } from './tool-names.ts';

export interface AiSdkModelOptions extends Partial<FailureWording> {
  /** The model of this name; undefined: the engine's own. May throw KernelError: the call has failed, and asking again is no use. */
  readonly model: (name: string | undefined) => LanguageModelV4 | PromiseLike<LanguageModelV4>;
  /** The provider speaks the chat-completions format: its chunks are watched for what its package does not see. Default: false. */
  readonly isChatCompletions?: boolean;
}

/** One of several models, by name; a call that names none gets `own`. */
export function modelsByName(
  models: Readonly<Record<string, LanguageModelV4>>,
  own: string,
): AiSdkModelOptions['model'] {
  return (name = own) => {
    const model = Object.hasOwn(models, name) ? models[name] : undefined;
    if (model === undefined) throw invalid('model', name, Object.keys(models).join(', '));
    return model;
  };
}

export class AiSdkModel implements ModelPort {
  private readonly options: AiSdkModelOptions;
  private readonly wording: FailureWording;

  constructor(options: AiSdkModelOptions) {
    this.options = options;
    this.wording = { place: 'the model', secrets: [], ...options };
  }

  async call(call: ModelCall, stop: Stop, tell: (delta: ModelDelta) => void): Promise<ModelReply> {
    const abort = new AbortController();
    let endReading = (): void => {};
    const stopped = new Promise<undefined>((resolve) => {
      stop.onStop(() => {
        abort.abort();
        endReading();
        resolve(undefined);
      });
    });
    const names = new ToolNames(call.tools);
    // Before anything is awaited: the prompt is the process's own only until then.
    const options = this.optionsOf(call, names, abort.signal);
    const answer = new StreamedAnswer(call, names, tell, this.wording);
    try {
      const begun = this.begin(call, options);
      const stream = await Promise.race([begun, stopped]);
      if (stream === undefined) {
        discard(begun);
        return answer.cutOff();
      }
      const reader = stream.getReader();
      // Not every provider heeds the signal.
      endReading = () => void reader.cancel().catch(() => {});
      if (stop.isStopped) endReading();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        answer.take(next.value);
        if (!answer.isTooLong) continue;
        abort.abort();
        endReading();
        break;
      }
    } catch (error) {
      // A stopped call ends in whatever its provider throws then.
      if (!stop.isStopped) answer.broke(error);
    }
    return stop.isStopped ? answer.cutOff() : answer.reply();
  }

  private async begin(
    call: ModelCall,
    options: LanguageModelV4CallOptions,
  ): Promise<ReadableStream<LanguageModelV4StreamPart>> {
    const model = await this.options.model(call.request.model);
    return (await model.doStream(options)).stream;
  }

  private optionsOf(
    { messages, tools, maxOutput, request, partial }: ModelCall,
    names: ToolNames,
    abortSignal: AbortSignal,
  ): LanguageModelV4CallOptions {
    const { temperature, format, toolChoice, sampling } = request;
    return {
      prompt: promptOf(messages, names, partial),
      maxOutputTokens: maxOutput,
      abortSignal,
      includeRawChunks: this.options.isChatCompletions === true,
      ...(temperature === undefined ? {} : { temperature }),
      ...(sampling === undefined ? {} : samplingOf(sampling)),
      ...(toolChoice === undefined || tools.length === 0
        ? {}
        : { toolChoice: toolChoiceOf(toolChoice, names) }),
      ...(format === undefined ? {} : { responseFormat: { type: 'json', schema: format as JsonSchema } }),
      ...(tools.length === 0
        ? {}
        : {
            tools: tools.map(({ name, description, parameters }) => ({
              type: 'function',
              name: names.toModel(name),
              description,
              inputSchema: parameters as JsonSchema,
            })),
          }),
    };
  }
}

function samplingOf({ stop, ...rest }: Sampling): Partial<LanguageModelV4CallOptions> {
  return { ...rest, ...(stop === undefined ? {} : { stopSequences: [...stop] }) };
}

function toolChoiceOf(
  choice: ToolChoice,
  names: ToolNames,
): NonNullable<LanguageModelV4CallOptions['toolChoice']> {
  if (typeof choice === 'string') return { type: choice };
  return { type: 'tool', toolName: names.toModel(choice.tool) };
}

type JsonSchema = NonNullable<
  Extract<NonNullable<LanguageModelV4CallOptions['responseFormat']>, { type: 'json' }>['schema']
>;

/** Characters of one token, at most: a run of blanks. */
const tokenLengthMax = 128;

/** A stream that comes when nobody wants it any more. */
function discard(begun: Promise<ReadableStream<unknown>>): void {
  begun.then(
    (stream) => stream.cancel().catch(() => {}),
    () => {},
  );
}

/** One answer as it comes in. */
class StreamedAnswer {
  private readonly call: ModelCall;
  private readonly names: ToolNames;
  private readonly tell: (delta: ModelDelta) => void;
  private readonly wording: FailureWording;
  private readonly texts: string[] = [];
  /** Characters of all that came. */
  private length = 0;
  private readonly calls = new ToolCallAssembly();
  private usage: LanguageModelV4Usage | undefined;
  private ended: LanguageModelV4FinishReason | undefined;
  /** Something of an answer has come, even if it says nothing. */
  private hasBegun = false;
  private failed: FailedReply | undefined;
  /** It failed before there was a stream. */
  private isRefused = false;

  constructor(call: ModelCall, names: ToolNames, tell: (delta: ModelDelta) => void, wording: FailureWording) {
    this.call = call;
    this.names = names;
    this.tell = tell;
    this.wording = wording;
  }

  /** Its server goes on and on, whatever limit it was told. */
  get isTooLong(): boolean {
    return this.length > this.call.maxOutput * tokenLengthMax;
  }

  take(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'stream-start':
        return;
      case 'error':
        // The package's own complaint of a stream without an end is told as such below.
        if (nameOf(part.error) !== 'AI_InvalidResponseDataError')
          this.failed ??= toldFailure(part.error, this.wording);
        return;
      case 'finish':
        this.usage = part.usage;
        this.ended = part.finishReason;
        return;
      case 'raw':
        this.hasBegun = true;
        return this.calls.wire(part.rawValue);
      case 'text-delta':
        this.texts.push(part.delta);
        this.tellText('text', part.delta);
        break;
      case 'reasoning-delta':
        this.tellText('reasoning', part.delta);
        break;
      case 'tool-input-start':
        // A tool that the provider runs itself is none of ours.
        if (part.providerExecuted !== true) this.calls.start(part.id, part.toolName);
        break;
      case 'tool-input-delta': {
        const call = this.calls.add(part.id, part.delta);
        if (call !== undefined) this.tellCall(call.index, call.tool, part.delta);
        break;
      }
      case 'tool-call': {
        if (part.providerExecuted === true) break;
        const { index, untold } = this.calls.whole(part.toolCallId, part.toolName, part.input);
        this.tellCall(index, part.toolName, untold);
        break;
      }
      default:
        break;
    }
    this.hasBegun = true;
  }

  /** The stream threw, or there was none. */
  broke(error: unknown): void {
    if (this.failed !== undefined) return;
    this.failed = failureOf(error, this.call.request.model ?? '', this.hasBegun, this.wording);
    this.isRefused = !this.hasBegun && this.failed.code === 'MODEL_FAILED';
  }

  /** Stopped in the middle, unless it was whole already. */
  cutOff(): ModelReply {
    return this.failed === undefined && this.finish() !== undefined ? this.reply() : this.partial();
  }

  reply(): ModelReply {
    const finish = this.finish();
    // What breaks behind its end does no harm to an answer; what its server gave up, it did not end.
    if (this.failed !== undefined) return { ...this.partial(), failed: this.failed };
    if (finish === undefined) return { ...this.partial(), failed: this.incomplete() };
    const toolCalls = this.asked(true);
    return {
      text: this.texts.join(''),
      toolCalls,
      usage: usageOf(this.usage),
      // Not every server says so.
      finish: finish === 'stop' && toolCalls.length > 0 ? 'tool-calls' : finish,
    };
  }

  /** What came of an answer that has no end: none of its calls is to be made. */
  private partial(): ModelReply {
    // Who refuses a call has used nothing for it.
    const usage = this.isRefused ? { tokensIn: 0, tokensCached: 0, tokensOut: 0 } : usageOf(this.usage);
    return { text: this.texts.join(''), toolCalls: this.asked(false), usage };
  }

  /** Undefined: it has no end. */
  private finish(): FinishReason | undefined {
    const { ended } = this;
    if (this.isTooLong) return 'length';
    if (ended === undefined || ended.unified === 'error' || ended.unified === 'interrupted') return undefined;
    // Some packages make one up for a stream in which there was nothing.
    if (ended.unified === 'other' && ended.raw === undefined && !this.hasBegun) return undefined;
    return ended.unified;
  }

  private incomplete(): FailedReply {
    const { place } = this.wording;
    const failure = { retryable: true };
    return this.hasBegun
      ? { code: 'STREAM_INCOMPLETE', message: `${place} sent an answer without an end`, failure }
      : { code: 'EMPTY_STREAM', message: `${place} answered without any event`, failure };
  }

  private asked(isWhole: boolean): ModelReply['toolCalls'] {
    const { pid, n } = this.call.identity;
    let taken: ReadonlySet<string> | undefined;
    let number = 0;
    return this.calls
      .asked(
        isWhole,
        () => `call_${pid}_${n}_${number++}`,
        (id) => (taken ??= idsIn(this.call.messages)).has(id),
      )
      .map((call) => ({ ...call, tool: this.names.fromModel(call.tool) }));
  }

  private tellText(type: 'text' | 'reasoning', text: string): void {
    this.length += text.length;
    if (text !== '') this.tell({ type, text });
  }

  private tellCall(index: number, tool: string, text: string): void {
    this.length += text.length;
    if (text !== '') this.tell({ type: 'tool-call', index, tool: this.names.fromModel(tool), text });
  }
}

/** The ids of all tool calls of a conversation. */
function idsIn(messages: ModelCall['messages']): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const message of messages)
    if (message.role === 'assistant') for (const { id } of message.toolCalls ?? []) ids.add(id);
  return ids;
}

/** A count that is none counts as not told. */
function usageOf(usage: LanguageModelV4Usage | undefined): ModelReply['usage'] {
  const tokensIn = count(usage?.inputTokens.total);
  const tokensCached = count(usage?.inputTokens.cacheRead);
  const tokensOut = count(usage?.outputTokens.total);
  const tokensReasoning = count(usage?.outputTokens.reasoning);
  return {
    ...(tokensIn === undefined ? {} : { tokensIn }),
    ...(tokensIn === undefined || tokensCached === undefined
      ? {}
      : { tokensCached: Math.min(tokensCached, tokensIn) }),
    ...(tokensOut === undefined ? {} : { tokensOut }),
    ...(tokensOut === undefined || tokensReasoning === undefined
      ? {}
      : { tokensReasoning: Math.min(tokensReasoning, tokensOut) }),
  };
}

function count(tokens: number | undefined): number | undefined {
  return tokens !== undefined && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined;
}
