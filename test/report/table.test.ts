import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { table } from '../../src/report/table.ts';
import { textWidth } from '../../src/report/text-width.ts';

const columns = [
  { header: 'pid', align: 'right' },
  { header: 'name', shrinkTo: 4 },
  { header: 'tokens', align: 'right' },
] as const;
const rows = [
  ['1', 'CodeAssistant', '1,200'],
  ['12', '计划员', '35'],
];

test('columns are aligned, wide characters included', () => {
  expect(table({ columns, rows })).toEqual([
    'pid  name           tokens',
    '───  ─────────────  ──────',
    '  1  CodeAssistant   1,200',
    ' 12  计划员             35',
  ]);
});

test('a column on the left that is the last has no spaces behind it', () => {
  expect(
    table({
      columns: [{ header: 'a' }, { header: 'b' }],
      rows: [
        ['x', 'long'],
        ['y', ''],
      ],
      rule: '',
      gap: ' | ',
    }),
  ).toEqual(['a | b', 'x | long', 'y | ']);
});

test('the shrinkable column gives way first', () => {
  expect(table({ columns, rows, width: 21 })).toEqual([
    'pid  name      tokens',
    '───  ────────  ──────',
    '  1  CodeAss…   1,200',
    ' 12  计划员        35',
  ]);
});

test('of two shrinkable columns the wider one gives way', () => {
  const two = [
    { header: 'a', shrinkTo: 1 },
    { header: 'b', shrinkTo: 3 },
  ];
  const long = [['abcdefgh', 'ABCDEFG']];
  expect(table({ columns: two, rows: long, width: 8, rule: '' })).toEqual(['a    b', 'ab…  AB…']);
  expect(table({ columns: two, rows: long, width: 6, rule: '' })).toEqual(['a  b', '…  AB…']);
});

test('when the columns at their least are too wide, the last ones are left out, and the others take the room', () => {
  expect(table({ columns, rows, width: 17, rule: '' })[1]).toBe('  1  Cod…   1,200');
  expect(table({ columns, rows, width: 16, rule: '' })).toEqual([
    'pid  name',
    '  1  CodeAssist…',
    ' 12  计划员',
  ]);
  expect(table({ columns, rows, width: 3, rule: '' })).toEqual(['pid', '  1', ' 12']);
  expect(table({ columns, rows, width: 2, rule: '' })).toEqual(['p…', ' 1', '12']);
});

test('colours are put on after filling, and never count as width', () => {
  const red = (text: string): string => `<${text}>`;
  const lines = table({
    columns: [
      { header: 'n', paint: (cell, row) => (row === 1 ? red(cell) : cell) },
      { header: 'x', align: 'right' },
    ],
    rows: [
      ['a', '1'],
      ['bb', '2'],
    ],
    width: 5,
    paintHeader: (text) => `[${text}]`,
  });
  expect(lines).toEqual(['[n ]  [x]', '[──]  [─]', 'a   1', '<bb>  2']);
});

test('a cell that is not there is empty, and control characters do not get through', () => {
  expect(table({ columns: [{ header: 'a' }, { header: 'b' }], rows: [['\u001B[2J']], rule: '' })).toEqual([
    'a     b',
    '\uFFFD[2J  ',
  ]);
  expect(table({ columns, rows: [], rule: '' })).toEqual(['pid  name  tokens']);
});

test('no line is wider than the terminal', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      (cells, width) => {
        for (const line of table({ columns, rows: cells, width }))
          expect(textWidth(line)).toBeLessThanOrEqual(width);
      },
    ),
    { seed: 21, numRuns: 500 },
  );
});
