import { expect, test } from 'vitest';

import { readTable, type TableRows } from '../../../../src/sim/paging/readers/table.ts';
import { plainColumns, problemOf } from '../../../support/references.ts';

async function* groups(...rows: TableRows[]): AsyncGenerator<TableRows> {
  yield* rows;
}

test('integers as numbers and bigints, several groups of rows', async () => {
  const columns = await readTable(
    'x',
    groups(
      { ids: [7, 2 ** 40, 7n], sizes: [1, 2n, 3], times: [1.5, 2, 2.25] },
      { ids: BigInt64Array.of(2n ** 62n, 2n ** 40n), sizes: Int32Array.of(4, 0), times: [3n, 4n] },
      { ids: BigUint64Array.of(2n ** 64n - 1n), sizes: [4_294_967_295], times: [5] },
    ),
    { hasSizes: true, hasTimes: true, timeUnitUs: 1_000_000 },
  );
  expect(plainColumns(columns)).toEqual({
    ids: [1, 2, 1, 3, 4],
    unique: 4,
    sizes: [1, 2, 3, 4, 4_294_967_295],
    timesUs: [0, 500_000, 750_000, 1_500_000, 3_500_000],
  });
});

test('what is wrong is told with row, field and value', async () => {
  const options = { hasSizes: true, hasTimes: true, timeUnitUs: 1 };
  const wrong: [rows: TableRows, message: string][] = [
    [
      { ids: ['a'], sizes: [1], times: [1] },
      'id: "a" is not allowed; allowed: an integer from 0 to 2^64 - 1',
    ],
    [
      { ids: [1.5], sizes: [1], times: [1] },
      'id: 1.5 is not allowed; allowed: an integer from 0 to 2^64 - 1',
    ],
    [{ ids: [-1], sizes: [1], times: [1] }, 'id: -1 is not allowed; allowed: an integer from 0 to 2^64 - 1'],
    [
      { ids: BigInt64Array.of(-1n), sizes: [1], times: [1] },
      'id: "-1" is not allowed; allowed: an integer from 0 to 2^64 - 1',
    ],
    [
      { ids: [1], sizes: [-1n], times: [1] },
      'size: "-1" is not allowed; allowed: an integer from 0 to 2^32 - 1',
    ],
    [
      { ids: [1], sizes: [null], times: [1] },
      'size: null is not allowed; allowed: an integer from 0 to 2^32 - 1',
    ],
    [{ ids: [1], sizes: [1], times: [-2] }, 'time: -2 is not allowed; allowed: a number from 0 up'],
  ];
  for (const [rows, message] of wrong) {
    const action = () => readTable('x', groups({ ids: [1], sizes: [1], times: [1] }, rows), options);
    expect(await problemOf(action)).toBe(`INVALID_FILE: x row 2: ${message}`);
  }
});
