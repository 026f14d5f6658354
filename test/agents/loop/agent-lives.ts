/** Several lives of one run: agents in virtual time that crash after so many inputs, and go on from what storage holds. */
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { responseCache } from '../../../src/agents/loop/response-cache.ts';
import type { ToolImplementation } from '../../../src/agents/tools/tool-implementation.ts';
import type { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../../src/kernel/recovery.ts';
import type { Program } from '../../../src/kernel/syscalls.ts';
import { checkedSimulation } from '../../support/run-agents.ts';
import { broken, echo, kernelOf, scriptOf, type Asked, type Reply } from './agent-world.ts';

const writer: ToolImplementation = {
  spec: { ...echo.spec, name: 'writer', effects: () => ({ reads: [], writes: ['disk'] }) },
  run: (args: Json) => echo.run(args),
};
export const ownTools = [echo, broken, writer];

export interface LifeOptions {
  readonly args: Json;
  /** Default: `agent`. */
  readonly program?: string;
  readonly programs?: readonly Program[];
  readonly model: (asked: Pick<Asked, 'messages' | 'request'>) => Reply;
  /** Inputs after which it crashes; default: it lives to the end. */
  readonly steps?: number;
  /** With which it goes on; default: the current one. */
  readonly branch?: string;
  readonly fromUs?: number;
  /** Told of each call of `writer`. */
  readonly made?: Json[];
  /** Told of each call of the model, as JSON. */
  readonly asked?: string[];
}

/** From the start, or from what `store` holds. */
export function live(
  store: MemoryStore,
  {
    args,
    program = 'agent',
    programs = [],
    model,
    steps = Infinity,
    branch,
    fromUs = 0,
    made = [],
    asked = [],
  }: LifeOptions,
): { readonly steps: number; readonly nowUs: number; readonly events: readonly KernelEvent[] } {
  // What a cache holds is lost in a crash; what it said is not.
  const tools = [...ownTools, responseCache()].map((tool) => ({
    ...tool,
    run(of: Json) {
      if (tool === writer) made.push(of);
      return tool.run(of);
    },
  }));
  const counted = { inputs: 0 };
  const events: KernelEvent[] = [];
  const simulation = checkedSimulation(
    { ...kernelOf({ model: [], tools, programs }), ledger: store.ledger() },
    {
      store,
      tools,
      model: {
        answer(call) {
          asked.push(JSON.stringify([call.messages, call.request]));
          return scriptOf(model(call));
        },
      },
      onInput: () => void counted.inputs++,
      onEvent: (event) => void events.push(event),
    },
  );
  if (store.runs().length === 0)
    simulation.spawn(fromUs, { program, arguments: args, name: 'a', run: 'run-1' });
  else {
    const input = recoveryInput(store, 'run-1', branch === undefined ? undefined : () => branch);
    if (input !== undefined) simulation.send(fromUs, input);
  }
  while (counted.inputs < steps && simulation.stepOnce());
  if (steps === Infinity) simulation.checkers.finish();
  return { steps: counted.inputs, nowUs: simulation.nowUs, events };
}

export const endOf = (store: MemoryStore): unknown => store.processes('run-1')[0]?.end?.value;
