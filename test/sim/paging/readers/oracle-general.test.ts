import { expect, test } from 'vitest';

import {
  looksLikeOracleGeneral,
  readOracleGeneral,
} from '../../../../src/sim/paging/readers/oracle-general.ts';
import { bytesOf, cutAt, pieces, plainColumns, problemOf } from '../../../support/references.ts';

type OracleRecord = readonly [time: number, id: bigint, size: number, next: bigint];

function recordsOf(records: readonly OracleRecord[]): Uint8Array {
  const bytes = new Uint8Array(24 * records.length);
  const view = new DataView(bytes.buffer);
  records.forEach(([time, id, size, next], index) => {
    view.setUint32(24 * index, time, true);
    view.setBigUint64(24 * index + 4, id, true);
    view.setUint32(24 * index + 12, size, true);
    view.setBigInt64(24 * index + 16, next, true);
  });
  return bytes;
}

const largest = 2n ** 63n - 1n;
const sample = recordsOf([
  [4_000_000_000, 2n ** 64n - 1n, 4_294_967_295, 3n],
  [4_000_000_001, 5n, 1, -1n],
  [4_000_000_000, 2n ** 64n - 1n, 7, 5n],
  [4_000_000_009, 6n, 0, largest],
  [4_000_000_010, 2n ** 64n - 1n, 8, largest],
]);

test('records of 24 bytes: time, id, size; size 0 is left out; the same wherever the bytes are cut', async () => {
  const expected = {
    ids: [1, 2, 1, 1],
    unique: 2,
    sizes: [4_294_967_295, 1, 7, 8],
    timesUs: [0, 1_000_000, 1_000_000, 10_000_000],
  };
  for (let at = 0; at <= sample.length; at++)
    expect(plainColumns(await readOracleGeneral('x', cutAt(sample, at))), `cut at ${at}`).toEqual(expected);
  for (const size of [1, 7, 25])
    expect(plainColumns(await readOracleGeneral('x', pieces(sample, size)))).toEqual(expected);
});

test('a record that is cut off is told with its place', async () => {
  expect(await problemOf(() => readOracleGeneral('x', pieces(sample.slice(0, 59), 10)))).toBe(
    'INVALID_FILE: x byte 48: record 3 is cut off after 11 of 24 bytes (read as oracleGeneral)',
  );
});

test('it has no mark: what it looks like', () => {
  expect(looksLikeOracleGeneral(sample)).toBe(true);
  expect(looksLikeOracleGeneral(sample.subarray(0, 30))).toBe(true);
  expect(looksLikeOracleGeneral(sample.subarray(0, 23))).toBe(false);
  expect(looksLikeOracleGeneral(sample.subarray(1))).toBe(false);
  expect(looksLikeOracleGeneral(bytesOf('1234567\n'.repeat(20)))).toBe(false);
  expect(looksLikeOracleGeneral(bytesOf('{"timestamp": 0, "hash_ids": [1, 2, 3]}\n'))).toBe(false);
  // The second record would be used again at itself.
  expect(
    looksLikeOracleGeneral(
      recordsOf([
        [1, 2n, 3, 2n],
        [1, 2n, 3, 1n],
      ]),
    ),
  ).toBe(false);
  // Times more than 30 years apart.
  expect(
    looksLikeOracleGeneral(
      recordsOf([
        [1, 2n, 3, 2n],
        [4_000_000_000, 2n, 3, -1n],
      ]),
    ),
  ).toBe(false);
});
