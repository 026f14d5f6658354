import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { LiveKernel, type LiveOptions } from '../../src/host/live-kernel.ts';
import type { ModelPort, ModelReply, PersonPort, ToolPort } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { Program } from '../../src/kernel/syscalls.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';

export interface LiveWorld {
  readonly program: Program;
  readonly model?: ModelPort;
  readonly tools?: ToolPort;
  readonly people?: PersonPort;
  readonly options?: Partial<LiveOptions>;
  readonly kernel?: Partial<LiveOptions['kernel']>;
}

/** A live kernel around one program, with its events. What is left out answers nothing. */
export function live({ program, model, tools, people, options, kernel }: LiveWorld): {
  readonly live: LiveKernel;
  readonly events: readonly KernelEvent[];
} {
  const events: KernelEvent[] = [];
  const made = new LiveKernel({
    kernel: {
      seed: 1,
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none' }],
      programs: [program],
      ...kernel,
    },
    clock: new SystemClock(),
    models: { model: model ?? { call: () => new Promise(() => {}) } },
    tools: tools ?? { call: () => new Promise(() => {}) },
    people: people ?? { ask: () => {}, withdraw: () => {} },
    storage: new MemoryStorage(),
    countTokens: estimateTokens,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { live: made, events };
}

/** A whole answer of this text. */
export const said = (text: string, more: Partial<ModelReply> = {}): ModelReply => ({
  text,
  toolCalls: [],
  finish: 'stop',
  usage: {},
  ...more,
});
