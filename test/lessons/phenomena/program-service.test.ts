import { expect, test } from 'vitest';

import { programMixture, programShapes, shapeOf } from '../../../src/lessons/phenomena/program-mixture.ts';
import { offered, programService } from '../../../src/lessons/phenomena/program-service.ts';
import { mean } from '../../../src/sim/metrics/statistics.ts';

const workload = programMixture(150, 1);
const cores = 4;
const load = 0.9;
const groups = { groups: programShapes, groupOf: shapeOf };

test('the mixture: every shape, and the same for the same seed', () => {
  const { agents, facts } = workload;
  expect(facts.agents).toBe(150);
  expect(new Set(agents.map(({ name }) => shapeOf(name)))).toEqual(new Set(programShapes));
  expect(programMixture(150, 1)).toEqual(workload);
  expect(programMixture(150, 2)).not.toEqual(workload);
  // A team's members work for it.
  expect(facts.subAgents).toBeGreaterThan(0);
  expect(facts.tools).toEqual(['shell']);
});

test('programs arrive at the rate that makes the load', () => {
  const seeded = offered(workload, { load, cores, seed: 1 });
  const lastUs = seeded.agents.at(-1)!.arrivalUs!;
  const coreUs = seeded.demands.reduce((sum, demand) => sum + demand.coreUs, 0);
  expect(coreUs / (cores * lastUs)).toBeGreaterThan(0.75);
  expect(coreUs / (cores * lastUs)).toBeLessThan(1.1);
});

test('under plas and atlas short programs pass, those of many short calls save most, long ones pay, and nobody beats the bound', () => {
  const seeded = [1, 2].map((seed) => offered(programMixture(150, seed), { load, cores, seed }));
  const [fifo, plas, atlas, perCall] = programService(
    ['fifo', 'plas', 'atlas', 'mlfq per call'],
    seeded,
    groups,
  );
  const of = (run: typeof fifo, shape: (typeof programShapes)[number]): number =>
    run!.groups.find(({ group }) => group === shape)!.mean;
  for (const run of [plas, atlas]) {
    expect(run!.mean).toBeLessThan(0.75 * fifo!.mean);
    const saved = programShapes.map((shape) => of(fifo, shape) - of(run, shape));
    expect(programShapes[saved.indexOf(Math.max(...saved))]).toBe('tool user');
    expect(of(run, 'chat')).toBeLessThan(0.5 * of(fifo, 'chat'));
    expect(of(run, 'tool user')).toBeLessThan(0.6 * of(fifo, 'tool user'));
    expect(of(run, 'writer')).toBeGreaterThan(1.2 * of(fifo, 'writer'));
    // What knowing programs adds to knowing calls goes to the shortest, at the cost of the longest.
    expect(of(run, 'chat')).toBeLessThan(of(perCall, 'chat'));
    expect(of(run, 'writer')).toBeGreaterThan(of(perCall, 'writer'));
  }
  // Members of a team don't pay for what the others had.
  expect(of(atlas, 'team')).toBeLessThan(of(plas, 'team'));
  for (const { runs, mean: all, groups } of [fifo!, plas!, atlas!, perCall!]) {
    for (const { boundUs, completionUs, completed } of runs) {
      expect(completed).toBe(150);
      expect(completionUs.mean).toBeGreaterThan(boundUs!);
    }
    expect(all).toBeCloseTo(mean(runs.map(({ completionUs }) => completionUs.mean)) / 1e6, 9);
    for (const { inCalls, mean } of groups) expect(inCalls).toBeLessThanOrEqual(mean);
  }
});
