import { expect, test } from 'vitest';

import { parseScenario } from '../../../src/sim/workloads/scenario.ts';

const steps = [{ op: 'think', tokensOut: 1 }];

function arrivals(groups: readonly string[], seed: number, arrivals: unknown): (number | undefined)[] {
  const agents = groups.map((name) => ({ name, copies: 20, steps }));
  const { workload } = parseScenario('s.json', JSON.stringify({ name: 's', arrivals, agents }), { seed });
  return workload.agents.map(({ arrivalUs }) => arrivalUs);
}

test('agents of several entries arrive side by side, in an order that the seed draws', () => {
  const both = arrivals(['chat', 'writers'], 3, 'poisson:100') as number[];
  const alone = arrivals(['chat'], 3, 'poisson:100') as number[];
  expect(alone).toEqual(alone.toSorted((a, b) => a - b));
  const [chats, writers] = [both.slice(0, 20), both.slice(20)];
  expect(Math.max(...chats)).toBeGreaterThan(Math.min(...writers));
  expect(Math.max(...writers)).toBeGreaterThan(Math.min(...chats));
  // The times themselves are those of so many agents.
  const bursty = { bursty: { ratePerHour: 60 } };
  expect(both.toSorted((a, b) => a - b).slice(0, 20)).toEqual(alone);
  expect(arrivals(['chat', 'writers'], 3, 'poisson:100')).toEqual(both);
  expect(arrivals(['chat', 'writers'], 4, 'poisson:100')).not.toEqual(both);
  const burst = arrivals(['chat', 'writers'], 3, bursty) as number[];
  expect(burst).not.toEqual(burst.toSorted((a, b) => a - b));
  expect(new Set(arrivals(['chat', 'writers'], 3, 'all'))).toEqual(new Set([0]));
});
