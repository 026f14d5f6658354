/** Properties of branches: a run that is cut anywhere and goes on in the same world does the same again, to the record; and what was changed at the cut shows behind it alone. */
import { expect, test } from 'vitest';

import type { AgentTask } from '../../src/agents/loop/agent-task.ts';
import { rngFor } from '../../src/base/rng.ts';
import { team } from '../../src/agents/teams/team.ts';
import { makeBranch, type BranchMaker } from '../../src/host/branches.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { leaseLost } from '../../src/kernel/storage.ts';
import { endOf, live } from '../agents/loop/agent-lives.ts';
import type { Asked, Reply } from '../agents/loop/agent-world.ts';
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

test('a team is cut at one moment of all its members, and each of them goes on from there', () => {
  for (const topology of ['sequential', 'parallel', 'pipeline', 'debate'] as const) {
    const draw = new Draw(rngFor(1, topology));
    const members = ['a', 'b', 'c'].map((name) => ({ name, arguments: { tools, toolCalls: 6 } }));
    const model = randomModel(7, tools);
    const options = {
      args: { topology, task: 'Go.', members } as unknown as Json,
      program: 'team',
      programs: [team],
      // What a model says to one member does not hang on when others speak.
      model: (asked: Parameters<typeof model>[0]): Reply => {
        const reply = model(asked);
        return typeof reply !== 'string' && reply.failure !== undefined ? 'never mind' : reply;
      },
    };
    const store = new MemoryStore();
    let { nowUs } = live(store, options);
    const { steps } = branchOf(store, 'main');
    const told = ofEach(store, 'main');
    expect(told.length).toBeGreaterThan(3);
    for (let cut = 0; cut < 6; cut++) {
      const after = draw.between(0, steps.length - 1);
      const { name } = make(store, { kind: 'fork', after }, { from: 'main', atUs: nowUs });
      ({ nowUs } = live(store, { ...options, branch: name, fromUs: nowUs }));
      // Who ended first may be another; what each of them did is not.
      expect(ofEach(store, name), `${topology}, after ${after}`).toEqual(told);
    }
  }
});

/** What each process did, without the pids, which are told in the order in which they start. */
function ofEach(store: MemoryStore, branch: string): readonly unknown[] {
  return store.processes('run-1', { branch }).map(({ pid, name, end }) => ({
    name,
    did: store
      .history('run-1', { branch, pid })
      .filter(({ kind }) => kind === 'think' || kind === 'callTools')
      .map(({ kind, hash, n }) => ({ kind, hash, n })),
    outcome: end?.outcome,
    value: end?.value,
  }));
}

/** Counts to three, a tool call a turn, and says what it was told of each. */
const counting = ({ messages }: Pick<Asked, 'messages'>): Reply => {
  const results = messages.flatMap((message) =>
    message.role === 'tool' ? [JSON.stringify(message.value)] : [],
  );
  const said = messages.flatMap((message) => (message.role === 'user' ? [message.text] : [])).slice(1);
  return results.length < 3
    ? {
        text: `call ${results.length}`,
        toolCalls: [{ id: `c${results.length}`, tool: 'writer', arguments: { n: results.length } }],
      }
    : `${results.join(' ')}; said: ${said.join(', ')}`;
};
const countingRun = {
  args: { task: 'Count.', tools: ['writer'], reflectEvery: 0, checkpointEvery: 2 } as unknown as Json,
  model: counting,
};

test('another result of a tool, or another answer, shows behind the cut, and there alone', () => {
  const store = new MemoryStore();
  let { nowUs } = live(store, countingRun);
  const whole = branchOf(store);
  expect(whole.steps.map(({ type }) => type)).toEqual([
    'llm_call',
    'tool_call',
    'llm_call',
    'tool_call',
    'llm_call',
    'tool_call',
    'llm_call',
    'conclusion',
  ]);
  const answerOf = (branch: string): string => {
    const steps = branchOf(store, branch).steps;
    expect(steps.at(-1)).toMatchObject({ type: 'conclusion', status: 'done' });
    return (steps.at(-1)!.data['value'] as { answer: string }).answer;
  };
  const go = (after: number, more: { edit?: string; message?: string }): string => {
    const made: Json[] = [];
    const { name } = make(store, { kind: 'fork', after, ...more }, { from: 'main', atUs: nowUs });
    ({ nowUs } = live(store, { ...countingRun, branch: name, fromUs: nowUs, made }));
    const both = [branchOf(store, 'main'), branchOf(store, name)].map(({ steps }) =>
      steps.slice(0, after - 1).map((step) => ({ ...step, end: 0 })),
    );
    expect(both[1]).toEqual(both[0]);
    return answerOf(name);
  };
  const plain = answerOf('main');
  expect(go(4, {})).toBe(plain);
  // Calls of one number, in two branches: each has its own cost.
  const tokens = ({ steps }: typeof whole): number[] =>
    steps.map(({ usage }) => usage.tokensIn + usage.tokensOut);
  expect(tokens(branchOf(store, 'fork-1'))).toEqual(tokens(whole));
  expect(go(4, { edit: '{"echo":"edited"}' })).toBe(plain.replace('{"echo":{"n":1}}', '{"echo":"edited"}'));
  expect(go(4, { edit: 'a text' })).toBe(plain.replace('{"echo":{"n":1}}', '"a text"'));
  expect(go(3, { edit: 'Enough.' })).toBe('Enough.');
  expect(go(3, { edit: '{"toolCalls":[{"tool":"writer","arguments":{"n":7}}]}' })).toBe(
    plain.replace('{"n":1}', '{"n":7}'),
  );
  expect(go(4, { message: 'hurry up' })).toBe(plain.replace('said: ', 'said: hurry up'));
  // A run that has ended goes on behind its last answer.
  expect(go(7, { message: 'and now?' })).toBe(plain.replace('said: ', 'said: and now?'));
  expect(go(7, {})).toBe(plain);
  expect(store.branches('run-1').find(({ branch }) => branch === 'fork-2')).toMatchObject({
    origin: { kind: 'fork', branch: 'main', after: 4, edited: 4 },
  });
  // Nobody paid less for it: the ledger has the calls of all branches.
  const paid = store.ledger().filter(({ what }) => what === 'settled').length;
  const steps = store.branches('run-1').flatMap(({ branch }) => {
    const { steps: all, started } = branchOf(store, branch);
    return all.filter(({ type, endedUs }) => type === 'llm_call' && endedUs >= started.atUs);
  });
  expect(paid).toBe(steps.length);
});

test('what has acted behind the cut is listed, also what nobody knows the end of', () => {
  const store = new MemoryStore();
  const made: Json[] = [];
  // It ends in the midst of the third write.
  const steps = firstWith(({ made: done }) => done.length === 3);
  const life = live(store, { ...countingRun, made, steps });
  const before = branchOf(store);
  expect(before.steps).toHaveLength(5);
  const plan = make(store, { kind: 'rewind', after: 1 }, { atUs: life.nowUs });
  expect(plan.ends).toEqual([1]);
  expect(plan.behind).toBe(4);
  expect(plan.effects.map(({ data, status, sequence }) => ({ data, status, sequence }))).toEqual([
    { sequence: 2, status: 'done', data: { tool: 'writer', arguments: { n: 0 }, value: { echo: { n: 0 } } } },
    { sequence: 4, status: 'done', data: { tool: 'writer', arguments: { n: 1 }, value: { echo: { n: 1 } } } },
    { sequence: 6, status: 'open', data: { tool: 'writer', arguments: { n: 2 } } },
  ]);
  // It takes over: the other one is over, and can be read.
  expect(branchOf(store)).toMatchObject({ branch: 'rewind-1', current: 'rewind-1' });
  expect(branchOf(store, 'main').steps.slice(0, 5)).toEqual(before.steps);
  expect(store.runs()).toMatchObject([{ unfinished: 1, branches: ['main', 'rewind-1'] }]);
  live(store, { ...countingRun, made, fromUs: life.nowUs });
  expect(store.runs()).toMatchObject([{ unfinished: 0 }]);
  expect(made).toEqual([0, 1, 2, 0, 1, 2].map((n) => ({ n })));
  expect(endOf(store) as null | object).toBeNull();
});

/** After how many inputs of the counting run that is so. */
function firstWith(isSo: (world: { readonly made: readonly Json[] }) => boolean): number {
  for (let steps = 1; steps < 100; steps++) {
    const made: Json[] = [];
    live(new MemoryStore(), { ...countingRun, made, steps });
    if (isSo({ made })) return steps;
  }
  throw new Error('never');
}

test('bad requests are refused in one line, and nothing has changed', () => {
  const store = new MemoryStore();
  live(store, countingRun);
  const before = store.records('run-1', 'main');
  for (const [request, message] of [
    [{ after: 9 }, 'after: 9 is not allowed; allowed: a step of the run, 0 to 8'],
    [{ after: 1.5 }, 'after: 1.5 is not allowed; allowed: a step of the run, 0 to 8'],
    [{ after: 8 }, 'after: 8 is not allowed; allowed: 0 to 7, a step before its end'],
    [
      { after: 1, name: 'main' },
      'branch: "main" is not allowed; allowed: a name that no branch of the run has',
    ],
    [
      { after: 1, name: 'a b' },
      'branch: "a b" is not allowed; allowed: 1 to 64 letters, digits, "_", "." and "-"',
    ],
    [{ after: 0, edit: 'x' }, 'edit: 0 is not allowed; allowed: a step from 1 on'],
  ] as const)
    expect(() => make(store, { kind: 'fork', ...request })).toThrow(message);
  expect(store.records('run-1', 'main')).toEqual(before);
  expect(store.branches('run-1')).toHaveLength(1);
});

test('only who has the lease makes a branch, and gives it back', async () => {
  const store = new MemoryStore();
  live(store, countingRun);
  const storage = new MemoryStorage();
  await storage.append([...store.branches('run-1'), ...store.records('run-1', 'main')]);
  const me: BranchMaker = {
    storage,
    nowUs: () => 10,
    async lease(run) {
      const { ok } = await storage.lease({ run, holder: 'me', atUs: 10, untilUs: 20 });
      if (!ok) throw leaseLost(run);
      return { release: () => storage.release({ run, holder: 'me' }) };
    },
  };
  await storage.lease({ run: 'run-1', holder: 'another', atUs: 0, untilUs: 20 });
  const request = { run: 'run-1', kind: 'fork', after: 2 } as const;
  await expect(makeBranch(me, request)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(await storage.branches('run-1')).toHaveLength(1);
  await storage.release({ run: 'run-1', holder: 'another' });
  expect(await makeBranch(me, request)).toMatchObject({ name: 'fork-1' });
  await expect(makeBranch(me, { ...request, after: 99 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await storage.lease({ run: 'run-1', holder: 'another', atUs: 11, untilUs: 20 })).toMatchObject({
    ok: true,
  });
  await expect(makeBranch(me, { ...request, run: 'nobody' })).rejects.toThrow(
    'run: "nobody" is not allowed; allowed: a run of this store',
  );
  await expect(makeBranch(me, { ...request, from: 'fork-9' })).rejects.toThrow(
    'branch: "fork-9" is not allowed; allowed: main, fork-1',
  );
});
