import { expect, test } from 'vitest';

import { detectReferenceFormat } from '../../../../src/sim/paging/readers/detect-format.ts';
import { referenceWriters } from '../../../../src/sim/paging/write-references.ts';
import { bytesOf, problemOf } from '../../../support/references.ts';

const allowed =
  'allowed: ids, csv, mooncake, oracleGeneral, parquet, binary, otel, claude-code, workload, found by content or named with --format';

test('text is told by its first line that is a reference', () => {
  const found: [content: string, format: string][] = [
    ['5', 'ids'],
    ['*\r\n\r\n12\r\n', 'ids'],
    ['\uFEFF12\n', 'ids'],
    ['1,2', 'csv'],
    ['\n\n1,2,3\n', 'csv'],
    ['time,id,size\n', 'csv'],
    ['id\n1\n', 'csv'],
    ['{"timestamp": 0, "hash_ids": [1]}\n', 'mooncake'],
    ['PAR1 and so on', 'parquet'],
  ];
  for (const [content, format] of found)
    expect(detectReferenceFormat('x', bytesOf(content)), content).toBe(format);
});

test('what we write is found again', () => {
  const trace = {
    name: 'x',
    format: 'generated',
    ids: Int32Array.of(1, 2, 1),
    unique: 2,
    sizes: Uint32Array.of(5, 6, 5),
  } as const;
  for (const [format, write] of Object.entries(referenceWriters)) {
    const head = Buffer.concat([...write(trace)]);
    expect(detectReferenceFormat('x', head)).toBe(format);
  }
});

test('anything else is told as what was seen, with what is allowed', async () => {
  const unknown: [content: string | Uint8Array, seen: string][] = [
    ['hello world\n1\n', 'line 1: "hello world"'],
    ['*\n\n12a\n', 'line 3: "12a"'],
    ['{"timestamp": 0}\n', 'line 1: JSON that is none of them'],
    ['[1, 2]\n'.replace(',', ';'), 'line 1: "[1; 2]"'],
    ['*\n\n', 'no line with anything on it'],
    [new Uint8Array(100).fill(1, 50), 'bytes that are no text'],
  ];
  for (const [content, seen] of unknown) {
    const bytes = typeof content === 'string' ? bytesOf(content) : content;
    expect(await problemOf(() => detectReferenceFormat('x', bytes))).toBe(
      `INVALID_FILE: x: unknown format (${seen}); ${allowed}`,
    );
  }
});
