/** Properties of every run, whatever its model says, whatever fails, whoever writes to it, and wherever it crashes. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { AgentResult } from '../../../src/agents/loop/agent-run.ts';
import type { AgentTask } from '../../../src/agents/loop/agent-task.ts';
import { responseCache, responseCacheName } from '../../../src/agents/loop/response-cache.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { seedCount } from '../../support/seeds.ts';
import { Draw } from '../../sim/random-draw.ts';
import { endOf, live, ownTools } from './agent-lives.ts';
import { danglingIn, runAgent } from './agent-world.ts';
import { randomModel } from './random-model.ts';

const system = 'You are an agent of a test.';

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
      tools: [...ownTools, responseCache()],
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
      // Providers refuse a conversation that begins with an answer.
      expect(messages[1]!.role, name).toBe('user');
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

test('a crash anywhere: the same result as without', () => {
  let crashes = 0;
  for (let seed = 1; seed <= seedCount(10, 2_000); seed++) {
    const draw = new Draw(rngFor(seed, 'crashes'));
    const task = drawTask(draw, ['echo', 'broken']);
    const options = { args: task as unknown as Json, model: randomModel(seed, task.tools!) };
    const whole = new MemoryStore();
    const { steps } = live(whole, options);
    expect(endOf(whole)).toBeDefined();
    const stride = Math.max(1, Math.floor(steps / 5));
    for (let crash = 1; crash < steps; crash += stride) {
      const store = new MemoryStore();
      const first = live(store, { ...options, steps: crash });
      const second = live(store, {
        ...options,
        steps: draw.between(1, 20),
        fromUs: first.nowUs + draw.between(0, 3_000_000),
      });
      live(store, { ...options, fromUs: second.nowUs });
      expect(endOf(store), `seed ${seed}, crash ${crash}`).toEqual(endOf(whole));
      crashes++;
    }
  }
  expect(crashes).toBeGreaterThan(40);
});

/** What was asked in turn; a call that is asked again, since it failed or its life ended, is one. */
const transcript = (asked: readonly string[]): readonly string[] =>
  asked.filter((prompt, index) => prompt !== asked[index - 1]);

test('a crash behind each single input: the model is asked the same, and the result is the same, through drops, summaries, reflections and retries', () => {
  const seen = { dropped: 0, summaries: 0, reflections: 0, retries: 0, critiques: 0 };
  for (let seed = 1; seed <= seedCount(2, 200); seed++) {
    const draw = new Draw(rngFor(seed, 'every crash'));
    const task: AgentTask = {
      ...drawTask(draw, ['echo', 'broken']),
      iterations: 12,
      toolCalls: 40,
      windowTokens: 1_200,
      maxOutput: 150,
      checkpointEvery: draw.between(1, 4),
      reflectEvery: 2,
      critique: true,
      summarise: true,
      // A cache that was lost knows less than one that was not.
      cache: false,
    };
    const words = randomModel(seed, task.tools!);
    const model: typeof words = (call) =>
      call.request.purpose === 'summary' ? { text: 'All of it was in vain.' } : words(call);
    const options = { args: task as unknown as Json, model };
    const whole = new MemoryStore();
    const asked: string[] = [];
    const { steps, events } = live(whole, { ...options, asked });
    for (let crash = 1; crash < steps; crash++) {
      const store = new MemoryStore();
      const again: string[] = [];
      const { nowUs } = live(store, { ...options, asked: again, steps: crash });
      live(store, { ...options, asked: again, fromUs: nowUs });
      const name = `seed ${seed}, crash behind input ${crash}`;
      expect(endOf(store), name).toEqual(endOf(whole));
      expect(transcript(again), name).toEqual(transcript(asked));
    }
    seen.dropped += events.filter(({ type }) => type === 'page.dropped').length;
    seen.retries += asked.length - transcript(asked).length;
    const purposes = asked.map(
      (prompt) => (JSON.parse(prompt) as [unknown, { purpose?: string }])[1].purpose,
    );
    seen.summaries += purposes.filter((purpose) => purpose === 'summary').length;
    seen.reflections += purposes.filter((purpose) => purpose === 'reflection').length;
    seen.critiques += purposes.filter((purpose) => purpose === 'critique').length;
  }
  // All of that happens in these runs.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
});

test('a crash anywhere: no effect twice, and one end', () => {
  let effects = 0;
  for (let seed = 1; seed <= seedCount(40, 10_000); seed++) {
    const draw = new Draw(rngFor(seed, 'effects'));
    const task = drawTask(draw, ['writer']);
    const store = new MemoryStore();
    const made: Json[] = [];
    const options = { args: task as unknown as Json, model: randomModel(seed, ['writer']), made };
    let fromUs = 0;
    for (let lives = draw.between(1, 4); lives > 0; lives--)
      fromUs = live(store, { ...options, steps: draw.between(1, 40), fromUs }).nowUs;
    live(store, { ...options, fromUs });
    const texts = made.map((args) => JSON.stringify(args));
    expect(new Set(texts).size, `seed ${seed}`).toBe(texts.length);
    expect((endOf(store) as AgentResult).toolCalls, `seed ${seed}`).toBeLessThanOrEqual(task.toolCalls!);
    effects += texts.length;
  }
  expect(effects).toBeGreaterThan(40);
});
