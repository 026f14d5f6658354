import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { jsonErrorAt, repeatedNameAt } from '../../../src/sim/workloads/json-error.ts';

test('says where a text stops being JSON', () => {
  const cases: readonly [text: string, line: number, column: number, problem: string][] = [
    ['{\n "a": tru\n}', 2, 7, 'unexpected "t"'],
    ['[1, 2,]', 1, 7, 'unexpected "]"'],
    ['{"a" 1}', 1, 6, 'unexpected "1"'],
    ['{"a": 01}', 1, 8, 'unexpected "1"'],
    ['{a: 1}', 1, 2, 'unexpected "a"'],
    ['[1}', 1, 3, 'unexpected "}"'],
    ['{"a": [1, 2', 1, 12, 'the text ends too early'],
    ['1 2', 1, 3, 'unexpected "2"'],
    ['', 1, 1, 'the text ends too early'],
  ];
  for (const [text, line, column, problem] of cases)
    expect(jsonErrorAt(text), text).toEqual({ line, column, problem });
});

test('finds the first name that stands twice in one object, however it is written', () => {
  expect(repeatedNameAt('{"a": {"b": 1, "c": [{"b": 1}]}, "b": 2}')).toBeUndefined();
  expect(repeatedNameAt('{"a": [{"b": 1,\n"\\u0062": 2}]}')).toEqual({
    line: 2,
    column: 1,
    problem: '"\\u0062" stands twice in its object',
  });
  fc.assert(fc.property(fc.json(), (text) => repeatedNameAt(text) === undefined));
});

test('agrees with the engine on what is JSON', () => {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const edited = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', ',', '}', ']', '"', '\\', '0', '-', ' ', '\n', ':', 'e'),
      fc.nat({ max: 1 }),
    )
    .map(
      ([text, at, extra, cut]) =>
        text.slice(0, at % (text.length + 1)) + extra + text.slice((at % (text.length + 1)) + cut),
    );
  fc.assert(
    fc.property(edited, (text) => {
      expect(jsonErrorAt(text) === undefined).toBe(isJson(text));
    }),
    { seed: 7, numRuns: 3_000 },
  );
});
