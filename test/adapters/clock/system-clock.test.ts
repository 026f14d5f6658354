import { expect, test } from 'vitest';

import { SystemClock } from '../../../src/adapters/clock/system-clock.ts';

test('time is whole µs and never goes back', () => {
  const clock = new SystemClock();
  let lastUs = 0;
  for (let round = 0; round < 10_000; round++) {
    const nowUs = clock.nowUs();
    expect(Number.isSafeInteger(nowUs)).toBe(true);
    expect(nowUs).toBeGreaterThanOrEqual(lastUs);
    lastUs = nowUs;
  }
});

test('a timer fires at its time or later, never before it was handed out, and not when it was withdrawn', async () => {
  const clock = new SystemClock();
  const fired: string[] = [];
  const atUs = clock.nowUs() + 3_000;
  const withdraw = clock.at(atUs, () => fired.push('withdrawn'));
  await new Promise<void>((resolve) => {
    clock.at(clock.nowUs() - 1, () => fired.push('past'));
    fired.push('set');
    clock.at(atUs, () => {
      expect(clock.nowUs()).toBeGreaterThanOrEqual(atUs);
      fired.push('due');
      resolve();
    });
    withdraw();
  });
  expect(fired).toEqual(['set', 'past', 'due']);
});
