import { expect, test } from 'vitest';

import { readCsv } from '../../../../src/sim/paging/readers/csv.ts';
import { bytesOf, cutAt, pieces, plainColumns, problemOf } from '../../../support/references.ts';

const read = async (content: string) => plainColumns(await readCsv('x', pieces(content)));

test('without a header the columns are time, id, size, or time, id', async () => {
  expect(await read('10,7,512\n10.5,8,1024\n12,7,100\n')).toEqual({
    ids: [1, 2, 1],
    unique: 2,
    sizes: [512, 1024, 100],
    timesUs: [0, 500_000, 2_000_000],
  });
  expect(await read('10,7\n11,9')).toEqual({ ids: [1, 2], unique: 2, timesUs: [0, 1_000_000] });
  // What stands behind is not looked at.
  expect((await read('10,7,512,read,x\n11,8,1,write,y\n')).ids).toEqual([1, 2]);
});

test('a header says which column is what, in any order, with units', async () => {
  const expected = { ids: [1, 2, 1], unique: 2, sizes: [5, 6, 7], timesUs: [0, 1, 3_000] };
  expect(await read('time,id,size\n0,1,5\n0.000001,2,6\n0.003,1,7\n')).toEqual(expected);
  expect(await read('op,Obj_Size,KEY,time_us\nr,5,1,100\nr,6,2,101\nw,7,1,3100\n')).toEqual(expected);
  expect(await read(' size , timestamp_ms , block \r\n5, 9 ,1\r\n6 ,9.001, 2\r\n7,12,1\r\n')).toEqual(
    expected,
  );
  expect(await read('id\n4\n5\n4\n')).toEqual({ ids: [1, 2, 1], unique: 2 });
  expect(await read('id,size\n4,1\n5,2\n')).toEqual({ ids: [1, 2], unique: 2, sizes: [1, 2] });
});

test('a time before the one before counts as that one; times are exact to the microsecond', async () => {
  const times = ['1700000000.123456', '1700000000.123455', '1700000001', '1700000000.9', '1700000002.123457'];
  const { timesUs } = await read(times.map((time, index) => `${time},${index}`).join('\n'));
  expect(timesUs).toEqual([0, 0, 876_544, 876_544, 2_000_001]);
  // More decimals than a microsecond shows are rounded.
  expect((await read('0,1\n0.0000014,1\n0.0000016,1\n0.12345678912345678912,1')).timesUs).toEqual([
    0, 1, 2, 123_457,
  ]);
});

test('references of size 0 are left out', async () => {
  expect(await read('1,7,0\n2,8,10\n3,7,20\n4,8,0\n')).toEqual({
    ids: [1, 2],
    unique: 2,
    sizes: [10, 20],
    timesUs: [0, 1_000_000],
  });
});

test('the same wherever the bytes are cut', async () => {
  for (const text of [
    '\uFEFFtime,id,size\r\n1.5,77,512\r\n\r\n2,18446744073709551615,9\r\n2,77,1',
    '1,2\n\n3,4\n',
  ]) {
    const bytes = bytesOf(text);
    const whole = plainColumns(await readCsv('x', pieces(bytes)));
    for (let at = 0; at <= bytes.length; at++)
      expect(plainColumns(await readCsv('x', cutAt(bytes, at))), `cut at ${at}`).toEqual(whole);
    expect(plainColumns(await readCsv('x', pieces(bytes, 1)))).toEqual(whole);
  }
});

test('what is wrong is told with line, field and value', async () => {
  const id = 'allowed: an integer from 0 to 2^64 - 1';
  const wrong: [content: string, message: string][] = [
    ['1,2,3\n1,b,3\n', `x line 2: id: "b" is not allowed; ${id}`],
    ['time,id\n\n1,2\n1,-2\n', `x line 4: id: "-2" is not allowed; ${id}`],
    [
      '1,2,3\n1,2,4294967296\n',
      'x line 2: size: "4294967296" is not allowed; allowed: an integer from 0 to 2^32 - 1',
    ],
    ['1,2,3\n1,2,\n', 'x line 2: size: "" is not allowed; allowed: an integer from 0 to 2^32 - 1'],
    ['1,2,3\n-1,2,3\n', 'x line 2: time: "-1" is not allowed; allowed: a decimal number from 0 up'],
    ['1,2,3\n1.,2,3\n', 'x line 2: time: "1." is not allowed; allowed: a decimal number from 0 up'],
    ['1,2,3\n1x,2,3\n', 'x line 2: time: "1x" is not allowed; allowed: a decimal number from 0 up'],
    ['1,2,3\n1,2\n', 'x line 2: 2 fields; allowed: at least 3'],
    ['1,2\n1\n', 'x line 2: 1 field; allowed: at least 2'],
    ['', 'x: no reference in it (read as csv)'],
    ['time,id,size\n', 'x: no reference in it (read as ids)'],
    [
      'when,what\n1,2\n',
      'x: no column of ids among when, what; allowed: one called id, obj_id, object_id, key, page, block, address, lbn',
    ],
  ];
  for (const [content, message] of wrong)
    for (const size of [Infinity, 1])
      expect(
        await problemOf(async () => plainColumns(await readCsv('x', pieces(content, size)))),
        content,
      ).toBe(`INVALID_FILE: ${message}`);
});
