/** The same program, the same model and the same tools, live and in virtual time: the same prompts and the same result. */
import { expect, test } from 'vitest';

import { agentProgram } from '../../../src/agents/loop/agent-program.ts';
import type { AgentTask } from '../../../src/agents/loop/agent-task.ts';
import type { ModelCall } from '../../../src/agents/model/model-call.ts';
import type { ModelPort } from '../../../src/host/ports.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { live } from '../../support/live.ts';
import { broken, echo, kernelOf, runAgent, scriptOf, type Asked } from './agent-world.ts';
import { randomModel } from './random-model.ts';

const tools = [echo, broken];
const names = tools.map(({ spec }) => spec.name);
const task: AgentTask = {
  task: 'What is it?',
  system: 'You are careful.',
  tools: names,
  iterations: 12,
  windowTokens: 3_000,
  maxOutput: 300,
  critique: true,
  summarise: true,
  checkpointEvery: 2,
  retries: 0,
  models: ['first', 'second'],
};

async function runLive(seed: number) {
  const prompts: Json[] = [];
  const says = randomModel(seed, names);
  const model: ModelPort = {
    call(call: ModelCall) {
      const asked: Pick<Asked, 'messages' | 'request'> = call;
      prompts.push(promptOf(asked));
      const { text = '', toolCalls = [], finish, failure, tokensOut } = scriptOf(says(asked));
      const usage = { tokensOut };
      if (failure === undefined) return Promise.resolve({ text, toolCalls, finish: finish!, usage });
      const { code, message, ...rest } = failure;
      return Promise.resolve({ text: '', toolCalls: [], usage, failed: { code, message, failure: rest } });
    },
  };
  const { live: kernel } = live({
    program: agentProgram,
    model,
    kernel: { tools: kernelOf({ model: [], tools }).tools! },
    tools: {
      call({ tool, arguments: args }) {
        const result = tools.find(({ spec }) => spec.name === tool)!.run(args);
        return Promise.resolve(result.ok ? result : { ok: false, value: result.message });
      },
    },
  });
  const spawn = { program: 'agent', arguments: task as unknown as Json, name: 'agent-1', run: 'run-1' };
  const { outcome, value } = await kernel.spawn(spawn).end;
  kernel.close();
  return { outcome, value, prompts };
}

const promptOf = ({ messages, request }: Pick<Asked, 'messages' | 'request'>): Json =>
  JSON.parse(JSON.stringify([messages, request])) as Json;

test('live and in simulation the same program asks the same and comes to the same end', async () => {
  let calls = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const { outcome, result, asked } = runAgent({
      task: { ...task },
      tools,
      model: randomModel(seed, names),
    });
    const really = await runLive(seed);
    expect(really, `seed ${seed}`).toEqual({ outcome, value: result, prompts: asked.map(promptOf) });
    calls += asked.length;
  }
  expect(calls).toBeGreaterThan(60);
});
