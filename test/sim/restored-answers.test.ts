/** An answer that stood in a prompt before a crash stands there afterwards as the same message, with the tool calls that it asked for. */
import { expect, test } from 'vitest';

import type { Message } from '../../src/agents/model/messages.ts';
import type { SimulatedModel } from '../../src/agents/model/model-call.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Program } from '../../src/kernel/syscalls.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';
import { Simulation } from '../../src/sim/simulation.ts';

const program: Program = {
  name: 'asks',
  version: 1,
  *body() {
    yield { kind: 'think', maxOutput: 20, request: {} };
    yield { kind: 'sleep', us: 1_000_000 };
    yield { kind: 'think', maxOutput: 20, request: {} };
    return null;
  },
};
const toolCalls = [{ id: 'c1', tool: 'search', arguments: { q: 'x' } }];

/** The prompts that the model sees; `steps`: the kernel crashes after as many inputs. */
function prompts(store: MemoryStore, steps = Infinity): (readonly Message[])[] {
  const seen: (readonly Message[])[] = [];
  const model: SimulatedModel = {
    answer: ({ messages }) => {
      seen.push(messages);
      return { text: 'looking', tokensOut: messages.length === 0 ? 0 : 5, toolCalls };
    },
  };
  const kernel = { scheduling: priority, paging: importanceLru, programs: [program], ledger: store.ledger() };
  const simulation = new Simulation({ kernel, model, store });
  const input = store.runs().length === 0 ? undefined : recoveryInput(store, 'r');
  if (input === undefined)
    simulation.spawn(0, { program: 'asks', arguments: null, name: 'a', run: 'r', priority: 50 });
  else simulation.send(simulation.nowUs, input);
  for (let step = 0; step < steps && simulation.stepOnce(); step++);
  return seen;
}

test('the prompt of a restored process is what it was', () => {
  const whole = prompts(new MemoryStore());
  expect(whole).toEqual([[], [{ role: 'assistant', text: 'looking', toolCalls }]]);
  const store = new MemoryStore();
  // The first answer has come, and the process sleeps.
  expect(prompts(store, 2)).toHaveLength(1);
  expect(prompts(store)).toEqual([whole[1]]);
});
