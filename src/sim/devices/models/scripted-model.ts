import type { ModelCall, SimulatedModel } from '../../../agents/model/model-call.ts';
import { estimateTokens } from '../../../kernel/estimate.ts';
import type { AskedCall, ThinkScript } from '../../../kernel/syscalls.ts';
import { CallOrder } from './call-order.ts';

/**
 * Says what somebody wrote down. A list is what each process is told, one answer for each of its model calls; behind its end calls fail, and asking again is no use. A function
 * gets the call and which of its process it is, from 1; it must be pure.
 */
export function scriptedModel(
  script: readonly ThinkScript[] | ((call: ModelCall, nth: number) => ThinkScript),
): SimulatedModel {
  const order = new CallOrder();
  return {
    answer(call) {
      const nth = order.nth(call.identity);
      if (typeof script === 'function') return script(call, nth);
      return script[nth - 1] ?? refusal(`the script has ${script.length} answers, and this is call ${nth}`);
    },
  };
}

/** An answer of this text and these tool calls; its tokens are estimated. */
export function saying(text: string, ...toolCalls: readonly AskedCall[]): ThinkScript {
  const whole = text + toolCalls.map((call) => JSON.stringify(call)).join('');
  if (toolCalls.length === 0) return { text, tokensOut: estimateTokens(whole), finish: 'stop' };
  return { text, tokensOut: estimateTokens(whole), toolCalls, finish: 'tool-calls' };
}

/** A call that fails at once, costs nothing and would fail again. */
export function refusal(message: string): ThinkScript {
  return {
    tokensIn: 0,
    tokensOut: 0,
    durationUs: 0,
    failure: { code: 'MODEL_FAILED', message, retryable: false },
  };
}
