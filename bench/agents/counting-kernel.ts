/** A live kernel as the benchmarks of agents use it: the loop's program, one tool that answers at once, storage in memory. */
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { LiveTools, ok } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { AgentTask } from '../../src/agents/loop/agent-task.ts';
import { LiveKernel } from '../../src/host/live-kernel.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { Program } from '../../src/kernel/syscalls.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';

/** `cores`: model calls at once; `result`: what the tool says, behind the number that it is given; `programs`: others than the loop's. */
export function countingKernel({
  model,
  cores = 1,
  result = '',
  programs = [],
}: {
  readonly model: ModelPort;
  readonly cores?: number;
  readonly result?: string;
  readonly programs?: readonly Program[];
}): LiveKernel {
  const tools = new LiveTools([
    {
      spec: {
        name: 'count',
        description: 'Counts.',
        parameters: { type: 'object', properties: { turn: { type: 'number' } } },
        reads: [],
        writes: [],
      },
      call: (args) => Promise.resolve(ok(`counted ${(args as { readonly turn: number }).turn}${result}`)),
    },
  ]);
  return new LiveKernel({
    kernel: {
      seed: 1,
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none', memoryTokens: Infinity, cores }],
      programs: [agentProgram, ...programs],
      tools: tools.specs,
    },
    clock: new SystemClock(),
    models: { model },
    tools,
    people: { ask: () => {}, withdraw: () => {} },
    storage: new MemoryStorage(),
    countTokens: estimateTokens,
  });
}

/** One agent that makes so many turns with a tool call each, and a last one with its answer; its state is saved after each. Throws when it ends otherwise. */
export async function count(
  live: LiveKernel,
  steps: number,
  more: Partial<AgentTask> & { readonly name?: string } = {},
): Promise<void> {
  const { name = 'counter', ...settings } = more;
  const task: AgentTask = {
    task: 'Count.',
    tools: ['count'],
    toolCalls: steps,
    iterations: steps + 1,
    checkpointEvery: 1,
    reflectEvery: 0,
    ...settings,
  };
  const { outcome, value } = await live.spawn({
    program: 'agent',
    arguments: task as unknown as Json,
    name,
    run: name,
  }).end;
  const { toolCalls } = (value ?? {}) as { readonly toolCalls?: number };
  if (outcome !== 'completed' || toolCalls !== steps) throw new Error(`${outcome}: ${JSON.stringify(value)}`);
}
