import { expect, test } from 'vitest';

import type { ProcessView } from '../../src/kernel/contracts.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import {
  inheritedFacts,
  malformedFacts,
  noFacts,
  type SchedulingFacts,
} from '../../src/kernel/scheduling-facts.ts';
import { importanceLru, scripted, Simulation } from '../../src/index.ts';
import { schedulingPolicies } from '../../src/policies/index.ts';
import type { AgentSpec } from '../../src/agents/steps.ts';

const pid = (id: number): Pid => id as Pid;

/** Runs `agents`, all from the start on one core, and gives what the scheduling policy sees. */
function simulate(agents: readonly AgentSpec[], budgets: readonly { name: string; parent?: string }[] = []) {
  let view!: ProcessView;
  const simulation = new Simulation({
    kernel: {
      scheduling: (context) => {
        view = context.processes;
        return schedulingPolicies.fifo(context);
      },
      paging: importanceLru,
      programs: [scripted],
      budgets,
    },
  });
  for (const [index, agent] of agents.entries())
    simulation.spawn(0, {
      program: 'scripted',
      arguments: agent as never,
      name: agent.name,
      run: `run-${index}`,
      ...(agent.budget === undefined ? {} : { budget: agent.budget }),
      ...(agent.scheduling === undefined ? {} : { scheduling: agent.scheduling }),
    });
  return { simulation, view };
}

const think = { op: 'think', tokensOut: 60, durationUs: 4_000_000 } as const;

test('a policy sees what a process says of itself, and the defaults of one that says nothing', () => {
  const facts: SchedulingFacts = {
    tickets: 7,
    weight: 2.5,
    deadlineUs: 9_000_000,
    client: 'ann',
    expectedCoreUs: 5,
  };
  const { simulation, view } = simulate([
    { name: 'a', scheduling: facts, steps: [think] },
    { name: 'b', steps: [think] },
    { name: 'c', scheduling: { client: 'ann' }, steps: [think] },
  ]);
  simulation.run(0);
  expect([view.tickets(pid(1)), view.weight(pid(1)), view.deadlineUs(pid(1))]).toEqual([7, 2.5, 9_000_000]);
  expect([view.expectedCoreUs(pid(1)), view.expectedTokenSeconds(pid(1))]).toEqual([5, NaN]);
  expect([view.tickets(pid(2)), view.weight(pid(2)), view.deadlineUs(pid(2))]).toEqual([100, 1, Infinity]);
  expect([1, 2, 3].map((id) => view.run(pid(id)))).toEqual([0, 1, 2]);
  expect(view.client(pid(3))).toBe(view.client(pid(1)));
  expect(view.client(pid(2))).not.toBe(view.client(pid(1)));
});

test('without a client of its own, a process counts as its budget node where there are several', () => {
  const budgets = [{ name: 'all' }, { name: 'team', parent: 'all' }];
  const agent = (name: string, budget: string): AgentSpec => ({ name, budget, steps: [think] });
  const { simulation, view } = simulate([agent('a', 'team'), agent('b', 'all'), agent('c', 'team')], budgets);
  simulation.run(0);
  expect(view.client(pid(1))).toBe(view.client(pid(3)));
  expect(view.client(pid(2))).not.toBe(view.client(pid(1)));
});

test('a child has what is handed down, and a deadline at the same instant', () => {
  const child: AgentSpec = { name: 'child', steps: [think], scheduling: { weight: 3 } };
  const { simulation, view } = simulate([
    {
      name: 'parent',
      scheduling: { tickets: 7, weight: 2, client: 'ann', deadlineUs: 9_000_000, expectedCoreUs: 8_000_000 },
      steps: [
        { op: 'sleep', us: 1_000_000 },
        { op: 'spawn', key: 'c', agent: child },
        { op: 'wait', key: 'c' },
      ],
    },
  ]);
  simulation.run(1_000_000);
  expect([view.parent(pid(2)), view.run(pid(2)), view.tickets(pid(2)), view.weight(pid(2))]).toEqual([
    1, 0, 7, 3,
  ]);
  expect([view.client(pid(2)), view.deadlineUs(pid(2))]).toEqual([view.client(pid(1)), 9_000_000]);
  expect(view.expectedCoreUs(pid(2))).toBeNaN();
});

test('the burst is that of the script, and shrinks while the call runs', () => {
  const { simulation, view } = simulate([
    { name: 'a', steps: [think] },
    {
      name: 'b',
      steps: [
        { op: 'page', kind: 'user', tokens: 800 },
        { op: 'think', tokensOut: 60 },
      ],
    },
  ]);
  simulation.run(0);
  expect([view.burstUs(pid(1)), view.burstLeftUs(pid(1), 1_500_000)]).toEqual([4_000_000, 2_500_000]);
  // 800 tokens at 8,000 a second and 60 at 60.
  expect([view.burstUs(pid(2)), view.burstLeftUs(pid(2), 1_500_000)]).toEqual([1_100_000, 1_100_000]);
  expect([view.promptTokens(pid(2)), view.maxOutputTokens(pid(2))]).toEqual([800, 60]);
  simulation.run();
  expect([view.burstUs(pid(1)), view.promptTokens(pid(2))]).toEqual([0, 0]);
});

test.each<[unknown, string]>([
  [
    3,
    'scheduling: 3; allowed: an object with tickets, weight, deadlineUs, client, expectedCoreUs, expectedTokenSeconds',
  ],
  [{ ticket: 1 }, 'scheduling.ticket: 1; allowed: the fields tickets, weight,'],
  [{ tickets: 0 }, 'scheduling.tickets: 0; allowed: an integer from 1 to 1000000'],
  [{ tickets: 1.5 }, 'scheduling.tickets: 1.5; allowed'],
  [{ weight: 0 }, 'scheduling.weight: 0; allowed: a number from 0.01 to 1000000'],
  [{ weight: 0.0099 }, 'scheduling.weight: 0.0099; allowed: a number from 0.01 to 1000000'],
  [{ expectedTokenSeconds: 2 ** 53 }, 'scheduling.expectedTokenSeconds: 9007199254740992; allowed'],
  [{ deadlineUs: 0 }, 'scheduling.deadlineUs: 0; allowed: an integer above 0'],
  [{ client: '' }, 'scheduling.client: ""; allowed: a text that is not empty'],
  [{ expectedCoreUs: -1 }, 'scheduling.expectedCoreUs: -1; allowed'],
  [{ expectedTokenSeconds: Infinity }, 'scheduling.expectedTokenSeconds: Infinity; allowed'],
])('%j is refused, in one line', (facts, line) => {
  expect(malformedFacts('scheduling', facts)).toContain(line);
});

test('what is handed down: a deadline that is over gives one that is not above 0', () => {
  expect(inheritedFacts(undefined, { facts: { deadlineUs: 5 }, deadlineUs: 105 }, 110)).toEqual({
    deadlineUs: -5,
  });
  expect(inheritedFacts({ deadlineUs: 3 }, { facts: { deadlineUs: 5 }, deadlineUs: 105 }, 110)).toEqual({
    deadlineUs: 3,
  });
  expect(inheritedFacts(undefined, { facts: noFacts, deadlineUs: Infinity }, 110)).toBe(noFacts);
});
