/** What models said in a run, as its recording has it: for a model that says it again. */
import { PromptCall } from '../../../agents/model/prompts.ts';
import { pageOf, type Message } from '../../../agents/model/messages.ts';
import { hash53 } from '../../../base/hash.ts';
import type { CallEnded, Input } from '../../../kernel/inputs.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import type { CallIdentity, CallStart } from '../../../kernel/requests.ts';
import type { ThinkScript } from '../../../kernel/syscalls.ts';
import { CallOrder } from './call-order.ts';

export interface RecordedAnswer {
  readonly identity: CallIdentity;
  /** Which model call of its process it was, from 1. */
  readonly nth: number;
  /** Hash of the messages of its prompt. */
  readonly prompt: number;
  /** With the core time it took, and its failure when it failed. */
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
export function recordedAnswers(kernel: Kernel, inputs: Iterable<Input>): RecordedAnswer[] {
  const order = new CallOrder();
  const texts = new Map<string, string>();
  const onCores = new Map<number, CallUnderWay>();
  /** Core time of calls that were stopped and will go on, by pid. */
  const stoppedUs = new Map<number, number>();
  const answers: RecordedAnswer[] = [];
  const begin = (start: CallStart, atUs: number): void => {
    const { identity, core, pid, resumed } = start;
    const { messages } = new PromptCall(kernel, start, (hash) => texts.get(hash));
    const beforeUs = resumed ? (stoppedUs.get(pid) ?? 0) : 0;
    stoppedUs.delete(pid);
    onCores.set(core, {
      identity,
      nth: order.nth(identity),
      prompt: hashOfPrompt(messages),
      startedUs: atUs,
      beforeUs,
    });
  };
  for (const input of inputs) {
    if (input.type === 'call.ended') {
      const call = onCores.get(input.core);
      onCores.delete(input.core);
      if (call !== undefined) {
        const { identity, nth, prompt } = call;
        const durationUs = call.beforeUs + input.atUs - call.startedUs;
        if (input.reason === 'stopped') stoppedUs.set(input.pid, durationUs);
        else answers.push({ identity, nth, prompt, answer: answerOf(input, durationUs) });
      }
    }
    const { records, requests } = kernel.step(input);
    for (const record of records) if (record.type === 'page') texts.set(record.hash, record.text);
    for (const request of requests) if (request.type === 'call.start') begin(request, input.atUs);
  }
  return answers;
}

export function hashOfPrompt(messages: readonly Message[]): number {
  return hash53(messages.map(pageOf).join('\n'));
}

function answerOf(ended: CallEnded, durationUs: number): ThinkScript {
  const { tokensOut, tokensIn, text, toolCalls, finish, reason, message = '', failure } = ended;
  return {
    tokensOut,
    durationUs,
    ...(text === undefined ? {} : { text }),
    ...(tokensIn === undefined ? {} : { tokensIn }),
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...(finish === undefined ? {} : { finish }),
    ...(reason === 'completed'
      ? {}
      : { failure: { retryable: false, ...failure, code: ended.code ?? 'MODEL_FAILED', message } }),
  };
}
