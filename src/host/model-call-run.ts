import { pageOf } from '../agents/model/messages.ts';
import type { ModelCall } from '../agents/model/model-call.ts';
import { messageOf } from '../kernel/errors.ts';
import type { CallEnded, CallProgress } from '../kernel/inputs.ts';
import type { CallStart } from '../kernel/requests.ts';
import type { AnswerStreams } from './answer-streams.ts';
import type { Clock, ModelDelta, ModelPort, ModelReply } from './ports.ts';
import { StopSwitch } from './stop-switch.ts';

export interface ModelCallRunOptions {
  readonly start: CallStart;
  readonly call: ModelCall;
  readonly port: ModelPort;
  readonly clock: Clock;
  readonly answers: AnswerStreams;
  readonly countTokens: (text: string) => number;
  /** What a stopped call goes on from; its text is the call's `partial`. */
  readonly before: Stretches;
  readonly onProgress: (progress: CallProgress & { readonly atUs: number }) => void;
  /** `stretches`: to go on from, when it was stopped. */
  readonly onEnd: (ended: CallEnded & { readonly atUs: number }, stretches: Stretches) => void;
}

/** What a call has come to so far on cores. */
export interface Stretches {
  readonly text: string;
  /** Of that text as a page. */
  readonly pageTokens: number;
  readonly us: number;
}

export const noStretches: Stretches = { text: '', pageTokens: 0, us: 0 };

/** The kernel hears of an answer under way at most this often. */
const progressUs = 1_000_000;

/** One stretch of a model call on a core, from its start to its one end: its stream goes to whoever watches, its progress and its end to the kernel. */
export class ModelCallRun {
  private readonly options: ModelCallRunOptions;
  private readonly startedUs: number;
  private readonly ended = new StopSwitch();
  private readonly cancelTimeout: (() => void) | undefined;
  private isTimedOut = false;
  private firstDeltaUs: number | undefined;
  private toldUs: number;
  private readonly texts: string[] = [];
  private readonly thoughts: string[] = [];

  constructor(options: ModelCallRunOptions) {
    this.options = options;
    const { start, call, port, clock, answers, before } = options;
    this.startedUs = clock.nowUs();
    this.toldUs = this.startedUs;
    const { timeoutUs } = call.request;
    if (timeoutUs !== undefined)
      this.cancelTimeout = clock.at(this.startedUs + Math.max(0, timeoutUs - before.us), () => {
        this.isTimedOut = true;
        this.stop();
      });
    answers.begin(start);
    void this.run(port, call);
  }

  private async run(port: ModelPort, call: ModelCall): Promise<void> {
    let reply: ModelReply;
    try {
      reply = await port.call(call, this.ended, (delta) => this.tell(delta));
    } catch (error) {
      reply = this.lost(error);
    }
    this.end(reply);
  }

  stop(): void {
    this.cancelTimeout?.();
    this.ended.stop();
  }

  private tell(delta: ModelDelta): void {
    const { start, clock, answers, onProgress } = this.options;
    const nowUs = clock.nowUs();
    this.firstDeltaUs ??= nowUs;
    (delta.type === 'reasoning' ? this.thoughts : this.texts).push(delta.text);
    answers.tell(start, delta);
    if (nowUs - this.toldUs < progressUs || this.ended.isStopped) return;
    this.toldUs = nowUs;
    const { core, pid, tokensOut, maxOutput } = start;
    const soFar = tokensOut + this.count(this.texts) + this.count(this.thoughts);
    onProgress({ atUs: nowUs, type: 'call.progress', core, pid, tokensOut: Math.min(soFar, maxOutput) });
  }

  private count(texts: readonly string[]): number {
    return texts.length === 0 ? 0 : this.options.countTokens(texts.join(''));
  }

  /** A port that rejects broke its contract; the call has failed all the same. */
  private lost(error: unknown): ModelReply {
    const message = `the model's adapter failed: ${messageOf(error)}`;
    return {
      text: this.texts.join(''),
      toolCalls: [],
      usage: {},
      failed: { code: 'MODEL_FAILED', message, failure: { retryable: false } },
    };
  }

  private end(reply: ModelReply): void {
    const { start, call, clock, answers, before, onEnd } = this.options;
    this.cancelTimeout?.();
    answers.end(start);
    const atUs = clock.nowUs();
    const { toolCalls, usage, finish } = reply;
    const { tokensIn, tokensCached } = usage;
    const thought = usage.tokensReasoning ?? this.count(this.thoughts);
    const out = usage.tokensOut ?? this.count(this.texts) + thought;
    const isOn = call.partial !== undefined;
    const text = isOn ? before.text + reply.text : reply.text;
    // A server that counts nothing of its answer is not believed.
    const said = out > thought ? out - thought : this.count(this.texts);
    const pageTokens = isOn ? before.pageTokens + said : said;
    // The server counts those of its last request only.
    const tokensOut = start.tokensOut + out;
    const reasoning = this.thoughts.join('');
    const ended = {
      atUs,
      type: 'call.ended',
      ...(reasoning === '' ? {} : { reasoning }),
      core: start.core,
      pid: start.pid,
      tokensOut,
      ...this.prefill(atUs),
      ...(tokensIn === undefined ? {} : { tokensIn }),
      ...(tokensCached === undefined ? {} : { tokensCached }),
    } as const;
    const stretches = { text, pageTokens, us: before.us + atUs - this.startedUs };
    // One that was whole before it heard of the stop is an answer.
    if (!this.isTimedOut && this.ended.isStopped && finish === undefined)
      return onEnd({ ...ended, reason: 'stopped', ...(text === '' ? {} : { text }) }, stretches);
    if (reply.failed !== undefined || finish === undefined) {
      const { code, message, failure } = this.isTimedOut ? this.timedOut() : (reply.failed ?? endless);
      const partial = text === '' ? {} : { partial: text };
      return onEnd(
        { ...ended, reason: 'failed', code, message, failure: { ...failure, ...partial } },
        stretches,
      );
    }
    // No page has none.
    const atLeastOne = Math.max(1, pageTokens);
    onEnd(
      {
        ...ended,
        reason: 'completed',
        text,
        finish,
        ...(toolCalls.length === 0 ? {} : { toolCalls }),
        page: pageOf({ role: 'assistant', text, ...(toolCalls.length === 0 ? {} : { toolCalls }) }),
        ...(atLeastOne === tokensOut ? {} : { pageTokens: atLeastOne }),
      },
      stretches,
    );
  }

  private timedOut(): NonNullable<ModelReply['failed']> {
    const message = `no whole answer after ${this.options.call.request.timeoutUs} µs`;
    return { code: 'MODEL_TIMEOUT', message, failure: { retryable: true } };
  }

  /** The time to the first delta is prefill: of what was new, and of what had been there before, in the proportion of their tokens. */
  private prefill(atUs: number): Pick<CallEnded, 'newPrefillUs' | 'repeatedPrefillUs' | 'loadUs'> {
    const { newTokens, repeatedTokens } = this.options.start;
    const us = (this.firstDeltaUs ?? atUs) - this.startedUs;
    const tokens = newTokens + repeatedTokens;
    const repeatedPrefillUs = tokens === 0 ? 0 : Math.floor((us * repeatedTokens) / tokens);
    return { newPrefillUs: tokens === 0 ? 0 : us - repeatedPrefillUs, repeatedPrefillUs, loadUs: 0 };
  }
}

const endless: NonNullable<ModelReply['failed']> = {
  code: 'STREAM_INCOMPLETE',
  message: 'the answer has no end',
  failure: { retryable: true },
};
