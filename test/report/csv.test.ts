import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { csv, csvLine, type CsvField } from '../../src/report/csv.ts';

test('fields are quoted when they must be', () => {
  expect(csvLine(['plain', 'a,b', 'say "hi"', 'two\nlines', 'cr\r', '', null, 1.5, true])).toBe(
    'plain,"a,b","say ""hi""","two\nlines","cr\r",,,1.5,true\r\n',
  );
  expect(csvLine([null])).toBe('""\r\n');
  expect(() => csvLine([1, Number.NaN])).toThrow('a field of NaN');
});

test('a file has a header and rows of its length', () => {
  expect(
    csv(
      ['pid', 'name'],
      [
        [1, 'a'],
        [2, 'b;c'],
      ],
    ),
  ).toBe('pid,name\r\n1,a\r\n2,b;c\r\n');
  expect(() => csv(['pid', 'name'], [[1]])).toThrow('a row of 1 fields under a header of 2');
});

/** Reads RFC 4180 one character at a time. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isQuoted && character === '"' && text[at + 1] === '"') field += text[at++];
    else if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) field += character;
    else if (character === ',') {
      row.push(field);
      field = '';
    } else if (character === '\r') {
      row.push(field);
      rows.push(row);
      row = [];
      field = '';
      at++;
    } else field += character;
  }
  return rows;
}

test('what is written can be read', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\r', '\n', ' ', 'ä') });
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 4 }), (rows) => {
      expect(parse(rows.map((row: CsvField[]) => csvLine(row)).join(''))).toEqual(rows);
    }),
    { seed: 2, numRuns: 500 },
  );
});
