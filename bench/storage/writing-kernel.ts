/** A live kernel as the benchmark of storage uses it: agents of the loop, with a model and a tool that answer at once. The tool writes, so that its calls are in the journal, too. */
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { LiveTools, ok } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { AgentTask } from '../../src/agents/loop/agent-task.ts';
import { LiveKernel, type LiveOptions } from '../../src/host/live-kernel.ts';
import type { ModelPort, ModelReply } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';

/** What is new in a step: a quarter is the model's answer, the rest what the tool says. */
export interface StepContent {
  readonly bytes: number;
  readonly text: (length: number) => string;
}

export function writingKernel({
  storage,
  model,
  content: { bytes, text },
  agents = 1,
  ledger = [],
}: {
  readonly storage: LiveOptions['storage'];
  readonly model: ModelPort;
  readonly content: StepContent;
  /** At once. */
  readonly agents?: number;
  /** Of a run that is restored. */
  readonly ledger?: readonly LedgerRecord[];
}): LiveKernel {
  const length = bytes - Math.floor(bytes / 4);
  const tools = new LiveTools([
    {
      spec: {
        name: 'write',
        description: 'Writes.',
        parameters: { type: 'object', properties: { turn: { type: 'number' } } },
        reads: [],
        writes: ['{run}'],
      },
      call: () => Promise.resolve(ok(text(length))),
    },
  ]);
  return new LiveKernel({
    kernel: {
      seed: 1,
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none', memoryTokens: Infinity, cores: agents }],
      programs: [agentProgram],
      tools: tools.specs,
      ledger,
    },
    clock: new SystemClock(),
    models: { model },
    tools,
    people: { ask: () => {}, withdraw: () => {} },
    storage,
    countTokens: estimateTokens,
  });
}

/** Each agent takes so many steps; `onTurn` is told when one begins, and all before it is durable. Its last turn is an answer, or by `never` none. */
export function steppingModel({
  steps,
  content: { bytes, text },
  last = 'answer',
  onTurn = () => {},
}: {
  readonly steps: number;
  readonly content: StepContent;
  readonly last?: 'answer' | 'never';
  readonly onTurn?: (turn: number) => void;
}): ModelPort {
  const turns = new Map<string, number>();
  const length = Math.floor(bytes / 4);
  return {
    call: ({ identity: { run } }) => {
      const turn = turns.get(run) ?? 0;
      turns.set(run, turn + 1);
      onTurn(turn);
      if (turn < steps) {
        const toolCalls = [{ id: `call-${turn}`, tool: 'write', arguments: { turn } }];
        const usage = { tokensOut: Math.ceil(length / 4) };
        return Promise.resolve({ text: text(length), toolCalls, finish: 'tool-calls', usage });
      }
      const answer: ModelReply = { text: 'done', toolCalls: [], finish: 'stop', usage: {} };
      return last === 'answer' ? Promise.resolve(answer) : new Promise(() => {});
    },
  };
}

/** Starts an agent with a window of 200,000 tokens and the loop's defaults: a checkpoint every 5 iterations. */
export async function startWriter(live: LiveKernel, run: string, steps: number): Promise<void> {
  const task: AgentTask = {
    task: 'Write.',
    tools: ['write'],
    toolCalls: steps,
    iterations: steps + 1,
    reflectEvery: 0,
    windowTokens: 200_000,
  };
  const args = task as unknown as Json;
  const { outcome, value } = await live.spawn({ program: 'agent', arguments: args, name: run, run }).end;
  if (outcome !== 'completed') throw new Error(`${run}: ${outcome}: ${JSON.stringify(value)}`);
}
