/** Properties of branches: a run that is cut anywhere and goes on in the same world does the same again, to the record; and what was changed at the cut shows behind it alone. */
import { expect, test } from 'vitest';

import type { AgentTask } from '../../src/agents/loop/agent-task.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { live } from '../agents/loop/agent-lives.ts';
import { randomModel } from '../agents/loop/random-model.ts';
import { Draw } from '../sim/random-draw.ts';
import { seedCount } from '../support/seeds.ts';
import { branchOf, make, savedBy, toldBy } from './branch-lives.ts';

const tools = ['echo', 'broken', 'writer'];

function drawTask(draw: Draw): AgentTask {
  return {
    task: 'Do it.',
    system: 'You are an agent of a test.',
    tools,
    iterations: draw.between(2, 12),
    toolCalls: 40,
    windowTokens: draw.between(1_500, 4_000),
    maxOutput: draw.between(100, 300),
    checkpointEvery: draw.between(1, 5),
    reflectEvery: draw.between(0, 3),
    critique: draw.chance(0.5),
    summarise: draw.chance(0.4),
  };
}

test('a fork of an agent that nothing is changed in does what the other did, to the record, wherever it is cut', () => {
  let cuts = 0;
  let inBatches = 0;
  for (let seed = 1; seed <= seedCount(5, 2_000); seed++) {
    const draw = new Draw(rngFor(seed, 'forks'));
    const options = { args: drawTask(draw) as unknown as Json, model: randomModel(seed, tools) };
    const store = new MemoryStore();
    let { nowUs } = live(store, options);
    const { steps, records } = branchOf(store, 'main');
    const [before, saved] = [toldBy(store, 'main'), savedBy(store, 'main')];
    const stride = Math.max(1, Math.floor(steps.length / 4));
    for (let after = draw.between(0, 1); after < steps.length; after += stride) {
      const name = `seed ${seed}, after ${after} of ${steps.length}`;
      const plan = make(store, { kind: 'fork', after }, { from: 'main', atUs: nowUs });
      if (plan.origin.after > after) inBatches++;
      expect(plan.behind, name).toBe(steps.length - plan.origin.after);
      ({ nowUs } = live(store, { ...options, branch: plan.name, fromUs: nowUs }));
      expect(toldBy(store, plan.name), name).toEqual(before);
      expect(savedBy(store, plan.name), name).toEqual(saved);
      cuts++;
    }
    // The other one is as it was.
    expect(store.records('run-1', 'main')).toEqual(records);
    expect(store.verifyAudit('run-1')).toMatchObject({ ok: true });
  }
  expect(cuts).toBeGreaterThan(15);
  expect(inBatches).toBeGreaterThan(1);
});
