import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { copyJson } from '../../src/base/copy-json.ts';

test('a copy is what JSON makes of the value, and shares nothing with it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      const copy = copyJson(value);
      expect(JSON.stringify(copy)).toBe(text);
      spoil(value);
      expect(JSON.stringify(copy)).toBe(text);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('what is undefined is left out; a member named __proto__ is data', () => {
  expect(Object.keys(copyJson({ a: undefined, b: [{ c: undefined }] }))).toEqual(['b']);
  expect(copyJson({ b: [{ c: undefined }] })).toStrictEqual({ b: [{}] });
  const value: unknown = JSON.parse('{"__proto__":{"a":[1]},"b":2}');
  const copy = copyJson(value);
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"a":[1]},"b":2}');
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

/** Changes every list and object within `value`. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  if (Array.isArray(value)) value.push('spoilt');
  else (value as Record<string, unknown>)['spoilt'] = true;
}
