import { expect, test } from 'vitest';

import { uniqueId } from '../../src/base/ids.ts';
import { rngFor } from '../../src/base/rng.ts';

test('the same stream gives the same ids, another one others', () => {
  const ids = (name: string): string[] => {
    const rng = rngFor(1, name);
    return [uniqueId(rng), uniqueId(rng), uniqueId(rng, 12)];
  };
  expect(ids('run')).toEqual(ids('run'));
  expect(new Set([...ids('run'), ...ids('session')]).size).toBe(6);
  expect(ids('run')).toEqual(['x0lScENxeR7i_O_pimsA1', 'YbMgOqjPPbuac5cBReUAN', 'AV7aKSNm7U5Z']);
});

test('an id has the length asked for, of the URL alphabet, all of it', () => {
  const rng = rngFor(1, 'ids');
  const text = Array.from({ length: 1000 }, () => uniqueId(rng)).join('');
  expect(text).toMatch(/^[\w-]{21000}$/);
  expect(new Set(text).size).toBe(64);
  expect([1, 2, 3, 4, 5, 100].map((length) => uniqueId(rng, length).length)).toEqual([1, 2, 3, 4, 5, 100]);
  for (const length of [0, -1, 1.5, NaN]) expect(() => uniqueId(rng, length)).toThrow('an id of');
});

test('100,000 ids are all different', () => {
  const rng = rngFor(2, 'ids');
  const ids = new Set(Array.from({ length: 100_000 }, () => uniqueId(rng)));
  expect(ids.size).toBe(100_000);
});
