/**
 * `node provider-worker.mjs URL step|call WINDOW STEPS ROUNDS`: what a step of the agent loop, or a model call alone, costs through the AI SDK's provider and a model server, and what the same
 * provider costs when it is sent the same prompts in a bare loop. The two take turns, so that a busy machine slows both. Prints one line of JSON.
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';

import { AiSdkModel } from '../../src/adapters/models/ai-sdk-model.ts';
import { openAiCompatible } from '../../src/adapters/models/openai-compatible.ts';
import { pageOf } from '../../src/agents/model/messages.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import type { Program } from '../../src/kernel/syscalls.ts';
import { count, countingKernel } from './counting-kernel.ts';

/** µs a step: of processor time, and on the wall. */
export interface StepCost {
  readonly cpuUs: number;
  readonly wallUs: number;
}
export interface ProviderRow {
  /** Messages of a prompt, mean. */
  readonly messages: number;
  /** One for each round. */
  readonly bare: readonly StepCost[];
  readonly kernel: readonly StepCost[];
}

const [url = '', kind = 'step', ...numbers] = process.argv.slice(2);
const [windowTokens = 16_000, steps = 200, rounds = 5] = numbers.map(Number);
/** Some 250 tokens, as results of tools have them. */
const result = ` ${'and what the tool found. '.repeat(40)}`;
const settings = { models: ['instant'], windowTokens, maxOutput: 200 };

/** Asks as many times as there are steps, and keeps the answers in its prompt. */
const asker: Program = {
  name: 'asker',
  version: 1,
  *body() {
    yield { kind: 'allocate', text: pageOf({ role: 'user', text: 'Count.' }), tokens: 10 };
    for (let step = 0; step <= steps; step++)
      yield { kind: 'think', maxOutput: 200, keepAnswer: true, request: { model: 'instant' } };
  },
};

async function withKernel(model: ModelPort): Promise<void> {
  const live = countingKernel({ model, result, programs: [asker] });
  if (kind === 'step') await count(live, steps, settings);
  else await live.spawn({ program: 'asker', arguments: null, name: 'asker', run: 'asker' }).end;
  live.close();
}

/** The provider with nothing around it. */
const provider = createOpenAICompatible({ name: 'bare', baseURL: url, includeUsage: true }).chatModel(
  'instant',
);

/** The prompts of one run, as the adapter hands them to the provider. */
async function promptsOf(): Promise<readonly LanguageModelV4CallOptions[]> {
  const calls: LanguageModelV4CallOptions[] = [];
  const watched: LanguageModelV4 = Object.create(provider, {
    doStream: {
      value: (options: LanguageModelV4CallOptions) => {
        // The signal of its own call, and the watching of chunks, are the adapter's.
        const { abortSignal: _, includeRawChunks: __, ...asked } = options;
        calls.push(asked);
        return provider.doStream(options);
      },
    },
  }) as LanguageModelV4;
  await withKernel(new AiSdkModel({ model: () => watched, isChatCompletions: true }));
  return calls;
}

async function bare(calls: readonly LanguageModelV4CallOptions[]): Promise<void> {
  for (const call of calls) {
    const { stream } = await provider.doStream(call);
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read());
  }
}

async function cost(run: () => Promise<void>): Promise<StepCost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run();
  const wallUs = ((performance.now() - start) * 1_000) / (steps + 1);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / (steps + 1), wallUs };
}

const model = openAiCompatible({ url });
const calls = await promptsOf();
const kernelCosts: StepCost[] = [];
const bareCosts: StepCost[] = [];
// The first rounds, half as many as are told, compile the code of both.
for (let round = -Math.ceil(rounds / 2); round < rounds; round++) {
  const kernelCost = await cost(() => withKernel(model));
  const bareCost = await cost(() => bare(calls));
  if (round < 0) continue;
  kernelCosts.push(kernelCost);
  bareCosts.push(bareCost);
}
const row: ProviderRow = {
  messages: calls.reduce((sum, { prompt }) => sum + prompt.length, 0) / calls.length,
  bare: bareCosts,
  kernel: kernelCosts,
};
console.log(JSON.stringify(row));
