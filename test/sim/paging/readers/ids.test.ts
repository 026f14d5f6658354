import { expect, test } from 'vitest';

import { readIds } from '../../../../src/sim/paging/readers/ids.ts';
import { bytesOf, cutAt, naiveDense, pieces, plainColumns, problemOf } from '../../../support/references.ts';

const read = async (content: string) => plainColumns(await readIds('x', pieces(content)));

test('one id a line; stars, empty lines, blanks and carriage returns are nothing; the last line end may be missing', async () => {
  const expected = { ids: [1, 2, 1, 3, 1], unique: 3 };
  expect(await read('5\n6\n5\n7\n5')).toEqual(expected);
  expect(await read('5\r\n6\r\n*\r\n5\r\n\r\n7\r\n5\r\n')).toEqual(expected);
  expect(await read('\uFEFF5\n*\n\n  6 \n005\n\t7\n * \n5\n\n')).toEqual(expected);
});

test('ids have 64 bits, to the last one', async () => {
  const ids = ['0', '4294967295', '4294967296', '999999999999999', '1000000000000000', '9007199254740993'];
  const large = ['9007199254740992', '18446744073709551615', '18446744073709551614', '1844674407370955161'];
  const all = [...ids, ...large, ...ids];
  expect(await read(all.join('\n'))).toEqual(naiveDense(all));
});

test('the same wherever the bytes are cut', async () => {
  const bytes = bytesOf('\uFEFF12\r\n*\n\n18446744073709551615\n 12\n4294967296 \r\n7');
  const whole = plainColumns(await readIds('x', pieces(bytes)));
  expect(whole).toEqual({ ids: [1, 2, 1, 3, 4], unique: 4 });
  for (let at = 0; at <= bytes.length; at++)
    expect(plainColumns(await readIds('x', cutAt(bytes, at))), `cut at ${at}`).toEqual(whole);
  for (const size of [1, 2, 3, 5])
    expect(plainColumns(await readIds('x', pieces(bytes, size))), `pieces of ${size}`).toEqual(whole);
});

test('a line that is no id is told with its number', async () => {
  const allowed = 'allowed: an integer from 0 to 2^64 - 1, *, or nothing';
  const wrong: [content: string, message: string][] = [
    ['1\n2\nx3\n', `INVALID_FILE: x line 3: id: "x3" is not allowed; ${allowed}`],
    ['1\n\n*\n-4\n', `INVALID_FILE: x line 4: id: "-4" is not allowed; ${allowed}`],
    ['1 2', `INVALID_FILE: x line 1: id: "1 2" is not allowed; ${allowed}`],
    ['1\n1.5\n', `INVALID_FILE: x line 2: id: "1.5" is not allowed; ${allowed}`],
    ['18446744073709551616', `INVALID_FILE: x line 1: id: "18446744073709551616" is not allowed; ${allowed}`],
    ['1\n**\n', `INVALID_FILE: x line 2: id: "**" is not allowed; ${allowed}`],
  ];
  for (const [content, message] of wrong)
    for (const size of [Infinity, 1])
      expect(await problemOf(() => readIds('x', pieces(content, size)))).toBe(message);
});

test('a file without a reference is an error', async () => {
  expect(await problemOf(() => read('*\n\n*\n'))).toBe('INVALID_FILE: x: no reference in it (read as ids)');
});

test('many references grow the columns, also in memory that threads share', async () => {
  const recorded = Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 3_001);
  const columns = await readIds('x', pieces(recorded.join('\n'), 1_000), {
    allocate: (bytes) => new SharedArrayBuffer(bytes),
  });
  const { ids, unique } = columns.finish('x', 'ids');
  expect(ids.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect({ ids: ids.join(), unique }).toEqual({ ids: naiveDense(recorded).ids.join(), unique: 3_001 });
});
