import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { FrequencySketch } from '../../../src/policies/paging/frequency-sketch.ts';
import { ResidentSet, seededTrace } from '../../support/resident-set.ts';
import { wTinyLfuWith } from '../../../src/policies/index.ts';
import { inLockstep } from './lockstep.ts';
import { NaiveSketch } from './naive/frequency-sketch.ts';
import { wTinyLfu } from './naive/w-tinylfu.ts';

for (const doorkeeper of [false, true]) {
  const name = doorkeeper ? 'with a doorkeeper' : 'without a doorkeeper';

  test(`sketch ${name}: estimates as its naive twin while it grows and ages`, () => {
    const sketch = new FrequencySketch({ pages: 1, doorkeeper });
    const twin = new NaiveSketch(1, doorkeeper);
    seededTrace(2, 6_000, 300).forEach((page, at) => {
      if (at % 40 === 0) {
        sketch.hold(at / 40);
        twin.hold(at / 40);
      }
      sketch.record(page);
      twin.record(page);
      const other = 1 + ((at * 7) % 300);
      expect(sketch.estimate(other)).toBe(twin.estimate(other));
    });
  });

  test(`sketch ${name}: between two halvings it never says less than the uses, up to 15, and seldom more`, () => {
    const pages = 1_000;
    const sketch = new FrequencySketch({ pages, doorkeeper });
    for (let held = 1; held <= pages; held++) sketch.hold(held);
    const uses = new Map<number, number>();
    const rng = rngFor(1, 'sketch');
    for (let count = 0; count < 10 * pages - 1; count++) {
      const page = 1 + Math.min(rng.integer(4_000), rng.integer(4_000), rng.integer(4_000));
      sketch.record(page);
      uses.set(page, (uses.get(page) ?? 0) + 1);
    }
    let more = 0;
    for (const [page, count] of uses) {
      const estimate = sketch.estimate(page);
      expect(estimate).toBeGreaterThanOrEqual(Math.min(15, count));
      if (estimate > count) more++;
    }
    expect(more / uses.size).toBeLessThan(0.25);
    sketch.record(1);
    for (const [page, count] of uses)
      expect(sketch.estimate(page)).toBeGreaterThanOrEqual(Math.floor((Math.min(15, count) - 1) / 2));
  });

  test(`sketch ${name}: saved and loaded, it goes on as before`, () => {
    const sketch = new FrequencySketch({ pages: 20, doorkeeper });
    for (let held = 1; held <= 20; held++) sketch.hold(held);
    const trace = seededTrace(3, 300, 50);
    trace.slice(0, 150).forEach((page) => sketch.record(page));
    const copy = new FrequencySketch({ pages: 1, doorkeeper });
    copy.load(JSON.parse(JSON.stringify(sketch.save())));
    for (const page of trace.slice(150)) for (const one of [sketch, copy]) one.record(page);
    expect(copy.save()).toEqual(sketch.save());
    const other = new FrequencySketch({ pages: 1, doorkeeper: !doorkeeper });
    expect(() => other.load(sketch.save())).toThrow('doorkeeper');
  });
}

test('w-tinylfu with a doorkeeper: misses as its naive twin on a long trace', () => {
  const create = inLockstep(wTinyLfuWith({ doorkeeper: true }), wTinyLfu(true));
  const memory = new ResidentSet(create, 100);
  seededTrace(7, 10_000, 1_000).forEach((page, at) => void memory.request(page, at));
  expect(memory.misses).toBe(8_178);
});
