import { expect, test } from 'vitest';

import { ContinuedClock } from '../../src/host/continued-clock.ts';

test('a clock that stands behind goes on from what is known, and what is due comes after its own time', () => {
  let nowUs = 100;
  const due: number[] = [];
  const clock = new ContinuedClock({
    nowUs: () => nowUs,
    at: (atUs) => {
      due.push(atUs);
      return () => {};
    },
  });
  clock.goOnFrom(50);
  expect(clock.nowUs()).toBe(100);
  clock.goOnFrom(3_600);
  expect(clock.nowUs()).toBe(3_600);
  nowUs = 110;
  expect(clock.nowUs()).toBe(3_610);
  // Ten later by its own time is ten later by any clock.
  clock.at(3_620, () => {});
  expect(due).toEqual([120]);
});
