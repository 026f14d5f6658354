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
  readonly onProgress: (progress: CallProgress & { readonly atUs: number }) => void;
  readonly onEnd: (ended: CallEnded & { readonly atUs: number }) => void;
}

/** The kernel hears of an answer under way at most this often. */
const progressUs = 1_000_000;

/** One model call on a core, from its start to its one end: its stream goes to whoever watches, its progress and its end to the kernel. */
export class ModelCallRun {
  private readonly options: ModelCallRunOptions;
  private readonly startedUs: number;
  private readonly ended = new StopSwitch();
  private readonly cancelTimeout: (() => void) | undefined;
  private isTimedOut = false;
  private firstDeltaUs: number | undefined;
  private toldUs: number;
  private readonly texts: string[] = [];
  private length = 0;

  constructor(options: ModelCallRunOptions) {
    this.options = options;
    const { start, call, port, clock, answers } = options;
    this.startedUs = clock.nowUs();
    this.toldUs = this.startedUs;
    const { timeoutUs } = call.request;
    if (timeoutUs !== undefined)
      this.cancelTimeout = clock.at(this.startedUs + timeoutUs, () => {
        this.isTimedOut = true;
        this.stop();
      });
    answers.begin(start.identity, start.aside);
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
    this.ended.stop();
  }

  private tell(delta: ModelDelta): void {
    const { start, clock, answers, countTokens, onProgress } = this.options;
    const nowUs = clock.nowUs();
    this.firstDeltaUs ??= nowUs;
    this.texts.push(delta.text);
    this.length += delta.text.length;
    answers.tell(start.identity, delta);
    if (nowUs - this.toldUs < progressUs || this.ended.isStopped) return;
    this.toldUs = nowUs;
    const { core, pid, tokensOut } = start;
    const soFar = tokensOut + countTokens(this.texts.join(''));
    onProgress({
      atUs: nowUs,
      type: 'call.progress',
      core,
      pid,
      tokensOut: Math.min(soFar, start.maxOutput),
    });
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
    const { start, clock, answers, countTokens, onEnd } = this.options;
    this.cancelTimeout?.();
    answers.end(start.identity);
    const atUs = clock.nowUs();
    const { text, toolCalls, usage, finish } = reply;
    const counted = (): number => (this.length === 0 ? 0 : countTokens(this.texts.join('')));
    const { tokensIn, tokensCached, tokensOut = counted() } = usage;
    const ended = {
      atUs,
      type: 'call.ended',
      core: start.core,
      pid: start.pid,
      // The server counts those of its last request only.
      tokensOut: start.tokensOut + tokensOut,
      ...this.prefill(atUs),
      ...(tokensIn === undefined ? {} : { tokensIn }),
      ...(tokensCached === undefined ? {} : { tokensCached }),
    } as const;
    const partial = text === '' ? {} : { partial: text };
    if (this.isTimedOut) {
      const message = `no whole answer after ${this.options.call.request.timeoutUs} µs`;
      const failure = { retryable: true, ...partial };
      return onEnd({ ...ended, reason: 'failed', code: 'MODEL_TIMEOUT', message, failure });
    }
    // One that was whole before it heard of the stop is an answer.
    if (this.ended.isStopped && finish === undefined)
      return onEnd({ ...ended, reason: 'stopped', ...(text === '' ? {} : { text }) });
    if (reply.failed !== undefined) {
      const { code, message, failure } = reply.failed;
      return onEnd({ ...ended, reason: 'failed', code, message, failure: { ...failure, ...partial } });
    }
    if (finish === undefined) {
      const message = 'the answer has no end';
      const failure = { retryable: true, ...partial };
      return onEnd({ ...ended, reason: 'failed', code: 'STREAM_INCOMPLETE', message, failure });
    }
    onEnd({
      ...ended,
      reason: 'completed',
      text,
      finish,
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      page: pageOf({ role: 'assistant', text, ...(toolCalls.length === 0 ? {} : { toolCalls }) }),
    });
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
