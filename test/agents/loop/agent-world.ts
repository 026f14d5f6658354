/** One agent in virtual time: a model and tools that the test writes, every promise of the event stream checked, and what the model saw. */
import { agentProgram } from '../../../src/agents/loop/agent-program.ts';
import type { AgentResult } from '../../../src/agents/loop/agent-run.ts';
import type { AgentTask } from '../../../src/agents/loop/agent-task.ts';
import type { ModelCall, SimulatedModel } from '../../../src/agents/model/model-call.ts';
import type { Message } from '../../../src/agents/model/messages.ts';
import type { ToolImplementation } from '../../../src/agents/tools/tool-implementation.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Json, Pid } from '../../../src/kernel/ids.ts';
import type { SignalName } from '../../../src/kernel/inputs.ts';
import type { KernelOptionsInput } from '../../../src/kernel/options.ts';
import type { MemoryStore } from '../../../src/kernel/memory-store.ts';
import type { Outcome } from '../../../src/kernel/process-state.ts';
import type { Program, ThinkScript } from '../../../src/kernel/syscalls.ts';
import { importanceLru } from '../../../src/policies/paging/importance-lru.ts';
import { priority } from '../../../src/policies/scheduling/priority.ts';
import type { EventOf, EventType } from '../../../src/sim/checkers/checker.ts';
import type { FaultRates } from '../../../src/sim/faults.ts';
import { checkedSimulation } from '../../support/run-agents.ts';

/** What a call of the model was asked with, read when it was asked. */
export interface Asked {
  readonly messages: readonly Message[];
  readonly request: ModelCall['request'];
  readonly maxOutput: number;
  /** Tokens of the whole prompt, as the kernel counts. */
  readonly promptTokens: number;
  readonly atUs: number;
}

export interface AgentWorld {
  readonly task?: Partial<AgentTask> & Readonly<Record<string, unknown>>;
  /** Answers in turn; the last one again and again. A function sees the whole call. */
  readonly model: readonly Reply[] | ((asked: Asked, index: number) => Reply);
  readonly tools?: readonly ToolImplementation[];
  readonly kernel?: Partial<KernelOptionsInput>;
  readonly messages?: readonly (readonly [atUs: number, message: Json])[];
  readonly signals?: readonly (readonly [atUs: number, signal: SignalName])[];
  readonly faults?: Partial<FaultRates>;
  readonly programs?: readonly Program[];
  /** How many agents of the same task there are; default 1. */
  readonly agents?: number;
  /** When each of them arrives, µs; default 0. */
  readonly delaysUs?: readonly number[];
  /** What runs instead of an agent. */
  readonly root?: { readonly program: string; readonly arguments: Json };
}
export type Reply = string | Partial<ThinkScript>;

export interface AgentRan {
  readonly outcome: Outcome;
  readonly result: AgentResult;
  readonly asked: readonly Asked[];
  readonly events: readonly KernelEvent[];
  readonly store: MemoryStore;
  readonly all: <Type extends EventType>(type: Type) => EventOf<Type>[];
  /** Calls of tools that really ran, in the order of their starts. */
  readonly made: readonly (readonly [tool: string, args: Json])[];
}

export function runAgent(world: AgentWorld): AgentRan {
  const asked: Asked[] = [];
  const events: KernelEvent[] = [];
  const made: (readonly [string, Json])[] = [];
  const tools = (world.tools ?? [echo]).map((tool) => noting(tool, made));
  const model: SimulatedModel = {
    answer(call) {
      const requested = events.findLast((event) => event.type === 'call.requested');
      const { messages, request, maxOutput } = call;
      const { nowUs } = simulation.kernel;
      const { promptTokens } = requested as EventOf<'call.requested'>;
      asked.push({ messages, request, maxOutput, promptTokens, atUs: nowUs });
      return scriptOf(replyOf(world.model, asked));
    },
  };
  const simulation = checkedSimulation(kernelOf(world), {
    model,
    tools,
    ...(world.faults === undefined ? {} : { faults: world.faults }),
    onEvent: (event) => events.push(event),
  });
  const run = world.root ?? {
    program: 'agent',
    arguments: { task: 'What is it?', ...world.task } as Json,
  };
  for (let agent = 1; agent <= (world.agents ?? 1); agent++)
    simulation.spawn(world.delaysUs?.[agent - 1] ?? 0, {
      ...run,
      name: `agent-${agent}`,
      run: `run-${agent}`,
    });
  for (const [atUs, message] of world.messages ?? []) simulation.message(atUs, 1 as Pid, message);
  for (const [atUs, signal] of world.signals ?? []) simulation.signal(atUs, 1 as Pid, signal);
  simulation.run();
  simulation.checkers.finish();
  const all = <Type extends EventType>(type: Type): EventOf<Type>[] =>
    events.filter((event): event is EventOf<Type> => event.type === type);
  const { store } = simulation;
  const [process] = store.processes('run-1');
  const end = process?.end;
  if (end === undefined) throw new Error('the agent has not ended');
  return {
    outcome: end.outcome,
    result: end.value as unknown as AgentResult,
    asked,
    events,
    store,
    all,
    made,
  };
}

export function kernelOf({ kernel, tools = [echo], programs = [] }: AgentWorld): KernelOptionsInput {
  return {
    scheduling: priority,
    paging: importanceLru,
    programs: [agentProgram, ...programs],
    tools: tools.map(({ spec }) => spec),
    ...kernel,
  };
}

function replyOf(model: AgentWorld['model'], asked: readonly Asked[]): Reply {
  const index = asked.length - 1;
  if (typeof model === 'function') return model(asked[index]!, index);
  return model[Math.min(index, model.length - 1)]!;
}

/** A text is a final answer; what asks for tools has nothing to say. */
export function scriptOf(reply: Reply): ThinkScript {
  const given = typeof reply === 'string' ? { text: reply } : reply;
  const { text = '', toolCalls } = given;
  const finish = toolCalls === undefined || toolCalls.length === 0 ? 'stop' : 'tool-calls';
  return { text, finish, tokensOut: Math.max(5, Math.ceil(text.length / 4)), ...given };
}

let ids = 0;
/** An answer that asks for this tool with these arguments, `count` times. */
export const asks = (tool: string, args: Json = {}, count = 1): Partial<ThinkScript> => ({
  toolCalls: Array.from({ length: count }, () => ({ id: `id-${++ids}`, tool, arguments: args })),
});

export const fails = (failure: Partial<ThinkScript['failure'] & {}> = {}): Partial<ThinkScript> => ({
  failure: { code: 'MODEL_FAILED', message: 'the server failed', retryable: true, ...failure },
});

/** Tools that call nobody's state their own, and whose drawn times are never too long. */
const patient = { effects: () => ({ reads: [], writes: [] }), timeoutUs: 86_400_000_000 };

/** Gives back what it was given. */
export const echo: ToolImplementation = {
  spec: { name: 'echo', description: 'echoes', parameters: { type: 'object' }, ...patient },
  run: (args) => ({ ok: true, value: { echo: args } }),
};
export const broken: ToolImplementation = {
  spec: { name: 'broken', description: 'fails', parameters: { type: 'object' }, ...patient },
  run: () => ({ ok: false, message: 'it is broken' }),
};

function noting(tool: ToolImplementation, made: (readonly [string, Json])[]): ToolImplementation {
  return {
    ...tool,
    run(args) {
      made.push([tool.spec.name, args]);
      return tool.run(args);
    },
  };
}

/** Every result stands behind the answer that asked for it, and every call of an answer has its result, once, before anything else is said. */
export function danglingIn(messages: readonly Message[]): string | undefined {
  let open: string[] = [];
  for (const message of messages) {
    if (message.role === 'tool') {
      if (open.shift() !== message.id) return `the result ${message.id} answers no call before it`;
      continue;
    }
    if (open.length > 0) return `the call ${open[0]} has no result`;
    if (message.role === 'assistant') open = (message.toolCalls ?? []).map(({ id }) => id);
  }
  return open.length > 0 ? `the call ${open[0]} has no result` : undefined;
}
