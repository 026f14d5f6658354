import type { SimulatedModel } from '../agents/model/model-call.ts';
import type { ThinkScript } from '../kernel/syscalls.ts';
import type { Clock, ModelPort, Stop } from './ports.ts';

export interface SimulatedPortOptions {
  readonly model: SimulatedModel;
  readonly clock: Clock;
  /** Wait before each word of an answer, µs; 0: it comes at once. */
  readonly wordUs: number;
}

/** A simulated model in the place of a real one: what it says comes word by word, as from a server. How long the simulation would take for it plays no part. */
export function simulatedPort({ model, clock, wordUs }: SimulatedPortOptions): ModelPort {
  return {
    async call(call, stop, tell) {
      // Before anything is awaited: the prompt is the process's own only until then.
      const script = model.answer(call);
      const {
        text = '',
        toolCalls = [],
        finish = 'stop',
        tokensIn,
        tokensOut,
        failure,
      } = script.tokensOut > call.maxOutput ? cutOff(script, call.maxOutput) : script;
      let told = '';
      for (const word of text.match(/\S+\s*|\s+/g) ?? []) {
        if (wordUs > 0) await pause(clock, wordUs, stop);
        if (stop.isStopped) return { text: told, toolCalls: [], usage: {} };
        told += word;
        tell({ type: 'text', text: word });
      }
      const usage = { tokensOut, ...(tokensIn === undefined ? {} : { tokensIn }) };
      if (failure === undefined) return { text, toolCalls, finish, usage };
      const { code, message, ...rest } = failure;
      return { text, toolCalls: [], usage, failed: { code, message, failure: rest } };
    },
  };
}

/** As a server ends an answer that is longer than it may be: in the middle of its text, without the calls behind it. */
function cutOff({ text = '', tokensOut: whole }: ThinkScript, tokensOut: number): ThinkScript {
  const kept = Math.floor((text.length * tokensOut) / whole);
  return { text: text.slice(0, kept), tokensOut, finish: 'length' };
}

function pause(clock: Clock, us: number, stop: Stop): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.at(clock.nowUs() + us, resolve);
    stop.onStop(() => {
      cancel();
      resolve();
    });
  });
}
