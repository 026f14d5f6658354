/** Teams whose members are agents: what they say to each other are answers, stopping the team stops them, and a crash anywhere changes nothing. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { team } from '../../../src/agents/teams/team.ts';
import type { TeamResult } from '../../../src/agents/teams/team-task.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { seedCount } from '../../support/seeds.ts';
import { Draw } from '../../sim/random-draw.ts';
import { endOf, live } from '../loop/agent-lives.ts';
import { asks, runAgent, type Asked, type AgentWorld, type Reply } from '../loop/agent-world.ts';
import { randomModel } from '../loop/random-model.ts';

const S = 1_000_000;
const [a, b] = [{ name: 'a' }, { name: 'b' }];

function runTeam(args: Json, model: AgentWorld['model'], signals: AgentWorld['signals'] = []) {
  const ran = runAgent({ root: { program: 'team', arguments: args }, programs: [team], model, signals });
  return { ...ran, result: ran.result as unknown as TeamResult & { readonly message?: string } };
}
const taskOf = ({ messages }: Asked): string => {
  const [first] = messages;
  return first?.role === 'user' ? first.text : '';
};

test('hierarchical: a leader that is an agent divides by its answer, and is told who did what', () => {
  const { result, asked, outcome } = runTeam(
    { topology: 'hierarchical', task: 'Build.', leader: { name: 'boss' }, members: [a, b] },
    (call) =>
      taskOf(call).includes('Divide this task')
        ? 'Here: [{"member":"a","task":"walls"},{"member":"b","task":"roof"}]'
        : `done: ${taskOf(call).slice(0, 5)}`,
  );
  expect(outcome).toBe('completed');
  expect(result.answer).toBe('done: Build');
  expect(asked.map(taskOf).slice(1)).toEqual([
    'walls',
    'roof',
    'Build.\n\nWhat the others of your team gave:\na was to do:\n> walls\na answered:\n> done: walls\n\nb was to do:\n> roof\nb answered:\n> done: roof\n\nMake one answer of these.',
  ]);
});

test('a plan of too many parts is none', () => {
  const parts = JSON.stringify(Array.from({ length: 11 }, () => ({ member: 'a', task: 'x' })));
  const { result, asked } = runTeam(
    { topology: 'hierarchical', task: 'Build.', leader: { name: 'boss' }, members: [a] },
    [parts],
  );
  expect(asked).toHaveLength(2);
  expect(result.message).toBe('the leader boss made no plan: it has 11 entries; allowed: up to 10');
});

test('the others read answers, not results; of who failed why, and its last words', () => {
  const { result, asked } = runTeam(
    {
      topology: 'sequential',
      task: 'Go.',
      members: [
        { name: 'short', arguments: { maxOutput: 10 } },
        { name: 'lost', arguments: { iterations: 1, tools: ['echo'] } },
        { name: 'last' },
      ],
    },
    (call) =>
      taskOf(call) === 'Go.'
        ? { text: 'half a sen', finish: 'length' }
        : call.request.tools !== undefined
          ? { ...asks('echo'), text: 'still looking' }
          : 'the end',
  );
  expect(result.answer).toBe('the end');
  expect(taskOf(asked.at(-1)!)).toBe(
    'Go.\n\nWhat the others of your team gave:\nshort answered, and was cut off:\n> half a sen\n\nlost failed (iterations: no answer after 1; allowed: up to 1):\n> still looking',
  );
  expect(result.contributions.map(({ outcome }) => outcome)).toEqual(['completed', 'failed', 'completed']);
});

test('a parallel team without a combiner gives the answer of each', () => {
  const { result } = runTeam({ topology: 'parallel', task: 'Go.', members: [a, b] }, ['yes']);
  expect(result.answer).toEqual({ a: 'yes', b: 'yes' });
});

test('stop of a team stops its members, and continue lets them go on', () => {
  const { asked, result, all } = runTeam(
    {
      topology: 'parallel',
      task: 'Go.',
      members: [a, b].map((member) => ({ ...member, arguments: { tools: ['echo'] } })),
    },
    ({ messages }) => (messages.length < 4 ? { ...asks('echo'), durationUs: 10 * S } : 'done'),
    [
      [5 * S, 'stop'],
      [100 * S, 'continue'],
    ],
  );
  expect(result.answer).toEqual({ a: 'done', b: 'done' });
  expect(asked.filter(({ atUs }) => atUs > 5 * S && atUs < 100 * S)).toEqual([]);
  expect(all('process.suspended')).toHaveLength(3);
});

test('a member that never ends is ended with its team', () => {
  const { all, outcome } = runTeam(
    {
      topology: 'sequential',
      task: 'Go.',
      members: [
        {
          ...a,
          arguments: { tools: ['echo'], toolCalls: 1_000_000, iterations: 1_000_000, reflectEvery: 0 },
        },
      ],
    },
    () => ({ ...asks('echo'), durationUs: 10 * S }),
    [[1_000 * S, 'terminate']],
  );
  expect(outcome).toBe('cancelled');
  expect(all('process.terminated').map((event) => event.outcome)).toEqual(['cancelled', 'cancelled']);
});

test('a crash anywhere: a member that takes too long is ended all the same', () => {
  const endless = {
    tools: ['echo'],
    toolCalls: 1_000,
    iterations: 1_000,
    reflectEvery: 0,
    checkpointEvery: 2,
  };
  const args: Json = {
    topology: 'parallel',
    task: 'Go.',
    members: [{ name: 'endless', arguments: endless, timeoutUs: 30 * S }, { name: 'b' }],
  };
  const model = ({ messages, request }: Pick<Asked, 'messages' | 'request'>): Reply =>
    request.tools === undefined
      ? 'done'
      : { toolCalls: [{ id: `${messages.length}`, tool: 'echo', arguments: {} }], durationUs: 2 * S };
  const options = { program: 'team', programs: [team], args, model };
  const { steps } = live(new MemoryStore(), options);
  for (let crash = 1; crash < steps; crash += 3) {
    const store = new MemoryStore();
    const { nowUs } = live(store, { ...options, steps: crash });
    live(store, { ...options, fromUs: nowUs });
    const { answer, contributions } = endOf(store) as TeamResult;
    expect(answer, `crash ${crash}`).toBe('done');
    expect(contributions.map(({ outcome }) => outcome)).toEqual(['cancelled', 'completed']);
  }
});

test('a crash anywhere: the team comes to the same end, and its members say the same', () => {
  for (let seed = 1; seed <= seedCount(3, 500); seed++) {
    const draw = new Draw(rngFor(seed, 'teams'));
    const member = (name: string) => ({
      name,
      arguments: {
        tools: ['echo', 'broken'],
        iterations: draw.between(1, 4),
        reflectEvery: 2,
        checkpointEvery: draw.between(1, 3),
      },
    });
    const topology = draw.of(['sequential', 'parallel', 'pipeline', 'debate', 'hierarchical'] as const);
    const args: Json = {
      topology,
      task: 'Go.',
      members: ['a', 'b', 'c'].map(member),
      ...(topology === 'hierarchical' ? { leader: member('boss') } : {}),
    };
    const words = randomModel(seed, ['echo', 'broken']);
    const model = (call: Pick<Asked, 'messages' | 'request'>) =>
      JSON.stringify(call.messages).includes('Divide this task')
        ? '[{"member":"c","task":"one"},{"member":"a","task":"two"},{"member":"a","task":"three"}]'
        : words(call);
    const whole = new MemoryStore();
    const asked: string[] = [];
    const options = { program: 'team', programs: [team], args, model };
    const { steps } = live(whole, { ...options, asked });
    const stride = Math.max(1, Math.floor(steps / 8));
    for (let crash = 1; crash < steps; crash += stride) {
      const store = new MemoryStore();
      const again: string[] = [];
      const { nowUs } = live(store, { ...options, asked: again, steps: crash });
      live(store, { ...options, asked: again, fromUs: nowUs });
      expect(endOf(store), `seed ${seed}, crash ${crash}`).toEqual(endOf(whole));
      expect(new Set(again), `seed ${seed}, crash ${crash}`).toEqual(new Set(asked));
    }
  }
});
