/** Properties of every run, whatever its model says, whatever fails, whoever writes to it, and wherever it crashes. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { AgentResult } from '../../../src/agents/loop/agent-run.ts';
import type { AgentTask } from '../../../src/agents/loop/agent-task.ts';
import { responseCache, responseCacheName } from '../../../src/agents/loop/response-cache.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../../src/kernel/recovery.ts';
import { checkedSimulation } from '../../support/run-agents.ts';
import { seedCount } from '../../support/seeds.ts';
import { Draw } from '../../sim/random-draw.ts';
import { broken, danglingIn, echo, kernelOf, runAgent, scriptOf } from './agent-world.ts';
import { randomModel } from './random-model.ts';

const system = 'You are an agent of a test.';
const writer = {
  spec: { ...echo.spec, name: 'writer', effects: () => ({ reads: [], writes: ['disk'] }) },
  run: (args: Json) => echo.run(args),
};
const tools = [echo, broken, writer];

function drawTask(draw: Draw, names: readonly string[]): AgentTask {
  return {
    task: 'Do it.',
    system,
    tools: names,
    models: draw.chance(0.5) ? [] : ['first', 'second'],
    iterations: draw.between(1, 30),
    toolCalls: draw.between(0, 40),
    windowTokens: draw.between(1_000, 4_000),
    maxOutput: draw.between(100, 300),
    checkpointEvery: draw.between(1, 6),
    reflectEvery: draw.between(0, 3),
    critique: draw.chance(0.5),
    summarise: draw.chance(0.4),
    cache: draw.chance(0.3),
    followUpUs: draw.chance(0.3) ? draw.between(1, 90_000_000) : 0,
  };
}

test('each run ends once; its tool calls, its prompts and its window keep their limits', () => {
  const reasons = new Map<string, number>();
  let drops = 0;
  for (let seed = 1; seed <= seedCount(40, 10_000); seed++) {
    const draw = new Draw(rngFor(seed, 'agents'));
    const task = drawTask(draw, ['echo', 'broken', 'writer']);
    const { asked, all, made, result, outcome } = runAgent({
      task: { ...task },
      tools: [...tools, responseCache()],
      model: randomModel(seed, ['echo', 'broken', 'writer']),
      messages: draw.chance(0.5) ? [[draw.between(1, 60_000_000), 'm'.repeat(draw.between(1, 800))]] : [],
      faults: draw.chance(0.3)
        ? { modelFailure: 0.1, toolFailure: 0.1, toolRepeat: 0.2, toolLate: 0.05 }
        : {},
    });
    const name = `seed ${seed}`;
    expect(all('process.terminated'), name).toHaveLength(1);
    expect(outcome === 'completed', name).toBe(['answered', 'stopped-by-reflection'].includes(result.reason));
    expect(made.filter(([tool]) => tool !== responseCacheName).length, name).toBeLessThanOrEqual(
      task.toolCalls!,
    );
    expect(result.iterations, name).toBeLessThanOrEqual(task.iterations!);
    for (const { messages, promptTokens, maxOutput } of asked) {
      expect(messages[0], name).toEqual({ role: 'system', text: system });
      expect(danglingIn(messages), name).toBeUndefined();
      expect(promptTokens + maxOutput, name).toBeLessThanOrEqual(task.windowTokens!);
    }
    reasons.set(result.reason, (reasons.get(result.reason) ?? 0) + 1);
    drops += all('page.dropped').reduce((sum, { pages }) => sum + pages, 0);
  }
  // These worlds see something.
  expect(reasons.size).toBeGreaterThan(4);
  expect(reasons.get('answered')).toBeGreaterThan(5);
  expect(drops).toBeGreaterThan(50);
});

interface Life {
  readonly steps: number;
  readonly nowUs: number;
}

/** From the start, or from what `store` holds, for at most `steps` inputs. */
function live(
  seed: number,
  store: MemoryStore,
  {
    task,
    made,
    steps = Infinity,
    fromUs = 0,
  }: { task: AgentTask; made: Json[]; steps?: number; fromUs?: number },
): Life {
  const model = randomModel(seed, task.tools!);
  // What a cache holds is lost in a crash; what it said is not.
  const own = [...tools, responseCache()];
  const noting = own.map((tool) => ({
    ...tool,
    run(args: Json) {
      if (tool === writer) made.push(args);
      return tool.run(args);
    },
  }));
  const counted = { inputs: 0 };
  const simulation = checkedSimulation(
    { ...kernelOf({ model: [], tools: own }), ledger: store.ledger() },
    {
      store,
      tools: noting,
      model: { answer: (call) => scriptOf(model(call)) },
      onInput: () => void counted.inputs++,
    },
  );
  if (store.runs().length === 0)
    simulation.spawn(fromUs, {
      program: 'agent',
      arguments: task as unknown as Json,
      name: 'a',
      run: 'run-1',
    });
  else {
    const input = recoveryInput(store, 'run-1');
    if (input !== undefined) simulation.send(fromUs, input);
  }
  while (counted.inputs < steps && simulation.stepOnce());
  if (steps === Infinity) simulation.checkers.finish();
  return { steps: counted.inputs, nowUs: simulation.nowUs };
}

const endOf = (store: MemoryStore): unknown => store.processes('run-1')[0]?.end?.value;

test('a crash anywhere: the same result as without', () => {
  let crashes = 0;
  for (let seed = 1; seed <= seedCount(12, 2_000); seed++) {
    const draw = new Draw(rngFor(seed, 'crashes'));
    const task = drawTask(draw, ['echo', 'broken']);
    const whole = new MemoryStore();
    const { steps } = live(seed, whole, { task, made: [] });
    expect(endOf(whole)).toBeDefined();
    const stride = Math.max(1, Math.floor(steps / 5));
    for (let crash = 1; crash < steps; crash += stride) {
      const store = new MemoryStore();
      const first = live(seed, store, { task, made: [], steps: crash });
      const second = live(seed, store, {
        task,
        made: [],
        steps: draw.between(1, 20),
        fromUs: first.nowUs + draw.between(0, 3_000_000),
      });
      live(seed, store, { task, made: [], fromUs: second.nowUs });
      expect(endOf(store), `seed ${seed}, crash ${crash}`).toEqual(endOf(whole));
      crashes++;
    }
  }
  expect(crashes).toBeGreaterThan(40);
});

test('a crash anywhere: no effect twice, and one end', () => {
  let effects = 0;
  for (let seed = 1; seed <= seedCount(40, 10_000); seed++) {
    const draw = new Draw(rngFor(seed, 'effects'));
    const task = drawTask(draw, ['writer']);
    const store = new MemoryStore();
    const made: Json[] = [];
    let fromUs = 0;
    for (let lives = draw.between(1, 4); lives > 0; lives--)
      fromUs = live(seed, store, { task, made, steps: draw.between(1, 40), fromUs }).nowUs;
    live(seed, store, { task, made, fromUs });
    const texts = made.map((args) => JSON.stringify(args));
    expect(new Set(texts).size, `seed ${seed}`).toBe(texts.length);
    expect((endOf(store) as AgentResult).toolCalls, `seed ${seed}`).toBeLessThanOrEqual(task.toolCalls!);
    effects += texts.length;
  }
  expect(effects).toBeGreaterThan(40);
});
