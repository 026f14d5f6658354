import { expect, test } from 'vitest';

import { readMooncake } from '../../../../src/sim/paging/readers/mooncake.ts';
import { linesOf, plainColumns, problemOf } from '../../../support/references.ts';

const read = async (text: string) => plainColumns(await readMooncake('x', linesOf(text)));

test('each hash id is one reference, in order, at the time of its request', async () => {
  const text = [
    '{"timestamp": 100, "input_length": 900, "output_length": 5, "hash_ids": [0, 1]}',
    '',
    '{"timestamp": 3000, "hash_ids": [0, 9007199254740991, 1]}',
    '{"timestamp": 2000, "hash_ids": []}',
    '{"timestamp": 2000, "hash_ids": [4294967296]}',
  ].join('\n');
  expect(await read(text)).toEqual({
    ids: [1, 2, 1, 3, 2, 4],
    unique: 4,
    timesUs: [0, 0, 2_900_000, 2_900_000, 2_900_000, 2_900_000],
  });
});

test('what is wrong is told with line, field and value', async () => {
  const wrong: [line: string, message: string][] = [
    ['{"timestamp": 1}', 'hash_ids: missing; allowed: a JSON array'],
    ['{"hash_ids": [1]}', 'timestamp: missing; allowed: a number from 0 to 3153600000000'],
    ['{"timestamp": 1, "hash_ids": [1.5]}', 'hash_ids: 1.5 is not allowed; allowed: an integer from 0 up'],
    ['{"timestamp": 1, "hash_ids": ["a"]}', 'hash_ids: "a" is not allowed; allowed: an integer from 0 up'],
    [
      '{"timestamp": 1, "hash_ids": [1',
      'not a whole JSON value (the text ends too early); allowed: one JSON value',
    ],
    ['7', 'request: 7 is not allowed; allowed: a JSON object'],
  ];
  for (const [line, message] of wrong)
    expect(await problemOf(() => read(`{"timestamp": 0, "hash_ids": [1]}\n${line}`))).toBe(
      `INVALID_FILE: x line 2: ${message}`,
    );
});
