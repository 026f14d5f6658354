import { runInNewContext } from 'node:vm';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { canonicalJson } from '../../src/base/canonical-json.ts';

test('the text has no spaces, sorted names and JSON numbers', () => {
  const value = {
    b: [1, -0, 1e21, 1e-7, 0.1],
    a: { z: null, y: true, x: 'é"\n\u2028' },
    '': false,
    10: 1,
    9: 2,
  };
  expect(canonicalJson(value)).toBe(
    '{"":false,"10":1,"9":2,"a":{"x":"é\\"\\n\u2028","y":true,"z":null},"b":[1,0,1e+21,1e-7,0.1]}',
  );
  expect(['', 0, null, [], {}].map(canonicalJson)).toEqual(['""', '0', 'null', '[]', '{}']);
});

test('names are sorted by code units: the example of RFC 8785, section 3.2.3', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    1: 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  const order = [...canonicalJson(value).matchAll(/:"(\w+)/g)].map((match) => match[1]);
  expect(order).toEqual(['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew']);
});

test('undefined members are skipped, so that an optional one does not change the hash', () => {
  expect(canonicalJson({ a: undefined, b: 1, c: { d: undefined } })).toBe('{"b":1,"c":{}}');
});

test('what JSON cannot hold is refused with its place', () => {
  const refused: [unknown, string][] = [
    [NaN, 'not JSON: NaN at $'],
    [{ a: [1, Infinity] }, 'not JSON: Infinity at $.a[1]'],
    [{ a: { b: [1, {}] }, c: NaN }, 'not JSON: NaN at $.c'],
    [{ run: () => 1 }, 'not JSON: a function at $.run'],
    [[undefined], 'not JSON: undefined at $[0]'],
    [undefined, 'not JSON: undefined at $'],
    [{ a: 1n }, 'not JSON: a bigint at $.a'],
    [[Symbol('s')], 'not JSON: a symbol at $[0]'],
    [{ at: new Date(0) }, 'not JSON: an instance of Date at $.at'],
    [{ m: new Map([[1, 2]]) }, 'not JSON: an instance of Map at $.m'],
    [new Uint8Array(3), 'not JSON: an instance of Uint8Array at $'],
  ];
  for (const [value, message] of refused) expect(() => canonicalJson(value)).toThrow(new TypeError(message));
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  expect(() => canonicalJson(cyclic)).toThrow('a cycle at $.self.self');
  let deep: unknown = 1;
  for (let level = 0; level < 1000; level++) deep = [deep];
  expect(canonicalJson(deep)).toHaveLength(2001);
  expect(() => canonicalJson([deep])).toThrow('nesting deeper than 1000');
});

test('an object of another realm or without a prototype is plain', () => {
  expect(canonicalJson(runInNewContext('({ b: [{}], a: 1 })'))).toBe('{"a":1,"b":[{}]}');
  expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
  expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
});

test('any value comes back from JSON.parse, and the order in which members were added does not matter', () => {
  const json = fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' });
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('other values have other texts', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
      expect(canonicalJson(a) === canonicalJson(b)).toBe(isSame);
    }),
    { seed: 1, numRuns: 300 },
  );
});

/** The same value with the members of every object added in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries
    .map(([name, member]) => [`member ${name}`, sorted(member)])
    .concat([['object', entries.length]]);
}
