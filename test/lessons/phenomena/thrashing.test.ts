import { expect, test } from 'vitest';

import { thrashing } from '../../../src/lessons/phenomena/thrashing.ts';

test('throughput rises while contexts fit, collapses beyond without load control, and stays with it', () => {
  const [none, workingSet, pause] = thrashing(['none', 'working-set', 'pause-and-restore'], [2, 4, 8]);
  const useful = (run: typeof none): number[] => run!.points.map((point) => point.useful);
  const [two, four, eight] = useful(none);
  // Two agents are on a core for 30 s of 50.
  expect(two).toBeCloseTo((2 / 3) * (30 / 50), 1);
  expect(four).toBeGreaterThan(0.7);
  expect(eight).toBeLessThan(0.5);
  expect(none!.points[2]!.repeated).toBeGreaterThan(0.5);
  // While contexts fit nothing is evicted, and load control changes nothing.
  for (const { points } of [none!, workingSet!, pause!]) expect(points[0]!.repeated).toBe(0);
  expect(useful(workingSet).slice(0, 2)).toEqual([two, four]);
  expect(useful(workingSet)[2]).toBeGreaterThan(0.85);
  expect(useful(pause)[2]).toBeGreaterThan(four! - 0.01);
  expect(workingSet!.points[2]!.callsCompleted).toBeGreaterThan(2 * none!.points[2]!.callsCompleted);
  expect(pause!.points[2]!.repeated).toBeLessThan(0.03);
});
