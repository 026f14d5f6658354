/** What models said in a run, as its recording has it: for a model that says it again. */
import { PageMessages } from '../../../agents/model/page-messages.ts';
import { PromptCall } from '../../../agents/model/prompts.ts';
import { pageOf, type Message } from '../../../agents/model/messages.ts';
import { hash53 } from '../../../base/hash.ts';
import type { CallEnded, Input } from '../../../kernel/inputs.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import type { StepOutput } from '../../../kernel/outbox.ts';
import type { CallIdentity, CallStart } from '../../../kernel/requests.ts';
import type { ThinkScript } from '../../../kernel/syscalls.ts';
import { CallOrder } from './call-order.ts';

export interface RecordedAnswer {
  readonly identity: CallIdentity;
  /** Which model call of its process it was, from 1. */
  readonly nth: number;
  /** Hash of the messages of its prompt. */
  readonly prompt: number;
  /** With the core time it took, but for switching, loading and prefill that was repeated, and its failure when it failed. */
  readonly answer: ThinkScript;
}

/** A call on a core, over all its stretches. */
interface CallUnderWay {
  readonly identity: CallIdentity;
  readonly nth: number;
  readonly prompt: number;
  readonly startedUs: number;
  readonly beforeUs: number;
}

/** `kernel`: new, made with the options of the recording and with records, which hold the texts of prompts. Throws as the kernel does, for inputs that are not its own. */
export function recordedAnswers(kernel: Kernel, inputs: Iterable<Input>): readonly RecordedAnswer[] {
  const recorder = new AnswerRecorder();
  for (const input of inputs) recorder.onStep(kernel, input, kernel.step(input));
  return recorder.answers;
}

/** Gathers the answers while somebody else steps the kernel. */
export class AnswerRecorder {
  readonly answers: RecordedAnswer[] = [];
  private readonly order = new CallOrder();
  private readonly pages = new PageMessages();
  private readonly onCores = new Map<number, CallUnderWay>();
  /** Core time of calls that were stopped and will go on, by pid. */
  private readonly stoppedUs = new Map<number, number>();

  /** Told right behind the step. */
  onStep(
    kernel: Kernel,
    input: Input,
    { records, requests }: Pick<StepOutput, 'records' | 'requests'>,
  ): void {
    if (input.type === 'call.ended') this.end(input, input.atUs);
    for (const record of records) if (record.type === 'page') this.pages.add(record.hash, record.text);
    for (const request of requests)
      if (request.type === 'call.start') this.begin(kernel, request, input.atUs);
  }

  private begin(kernel: Kernel, start: CallStart, atUs: number): void {
    const { identity, core, pid, resumed } = start;
    const { messages } = new PromptCall(kernel, start, (hash) => this.pages.of(hash));
    const beforeUs = resumed ? (this.stoppedUs.get(pid) ?? 0) : 0;
    this.stoppedUs.delete(pid);
    this.onCores.set(core, {
      identity,
      nth: this.order.nth(identity),
      prompt: hashOfPrompt(messages),
      startedUs: atUs,
      beforeUs,
    });
  }

  private end(ended: CallEnded, atUs: number): void {
    const call = this.onCores.get(ended.core);
    this.onCores.delete(ended.core);
    if (call === undefined) return;
    const { identity, nth, prompt } = call;
    const { switchUs = 0, loadUs, repeatedPrefillUs } = ended;
    // What must come back to memory depends on the memory: whoever replays the answer adds it.
    const onCoreUs = Math.max(0, atUs - call.startedUs - switchUs - loadUs - repeatedPrefillUs);
    const durationUs = call.beforeUs + onCoreUs;
    if (ended.reason === 'stopped') this.stoppedUs.set(ended.pid, durationUs);
    else this.answers.push({ identity, nth, prompt, answer: answerOf(ended, durationUs) });
  }
}

export function hashOfPrompt(messages: readonly Message[]): number {
  return hash53(messages.map(pageOf).join('\n'));
}

function answerOf(ended: CallEnded, durationUs: number): ThinkScript {
  const { tokensOut, tokensIn, tokensCached, pageTokens } = ended;
  const { text, toolCalls, finish, reason, message = '', failure } = ended;
  return {
    tokensOut,
    durationUs,
    ...(text === undefined ? {} : { text }),
    ...(tokensIn === undefined ? {} : { tokensIn }),
    ...(pageTokens === undefined ? {} : { pageTokens }),
    ...(tokensCached === undefined ? {} : { tokensCached }),
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...(finish === undefined ? {} : { finish }),
    ...(reason === 'completed'
      ? {}
      : { failure: { retryable: false, ...failure, code: ended.code ?? 'MODEL_FAILED', message } }),
  };
}
