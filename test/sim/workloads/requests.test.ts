import { expect, test } from 'vitest';

import { parseAzure } from '../../../src/sim/workloads/azure.ts';
import { parseMooncake } from '../../../src/sim/workloads/mooncake.ts';
import { collect, problemOf } from './support.ts';

test('mooncake: a request is one agent that arrives with its blocks', async () => {
  const lines = [
    '{"timestamp": 0, "input_length": 1500, "output_length": 20, "hash_ids": [0, 1, 2]}',
    '{"timestamp": 27482, "input_length": 3000, "output_length": 0, "hash_ids": [0, 1, 7, 8, 9, 3]}',
  ];
  expect(await collect(parseMooncake('f', lines))).toEqual([
    {
      name: 'request-1',
      arrivalUs: 0,
      steps: [
        { op: 'context', space: 'mooncake', blockTokens: 512, keep: 0, runs: [[0, 3]] },
        { op: 'think', tokensIn: 1500, tokensOut: 20 },
      ],
    },
    {
      name: 'request-2',
      arrivalUs: 27_482_000,
      steps: [
        {
          op: 'context',
          space: 'mooncake',
          blockTokens: 512,
          keep: 0,
          runs: [
            [0, 2],
            [7, 3],
            [3, 1],
          ],
        },
        { op: 'think', tokensIn: 3000, tokensOut: 0 },
      ],
    },
  ]);
});

test('mooncake: what is wrong is named', async () => {
  const good = { timestamp: 1, input_length: 2, output_length: 3, hash_ids: [4] };
  const problem = (change: object): Promise<string> =>
    problemOf(() =>
      collect(parseMooncake('f', [JSON.stringify(good), JSON.stringify({ ...good, ...change })])),
    );
  expect(await problem({ hash_ids: [] })).toBe(
    'f line 2: hash_ids: [] is not allowed; allowed: at least one block id',
  );
  expect(await problem({ hash_ids: [1, -1] })).toContain('f line 2: hash_ids: -1 is not allowed');
  expect(await problem({ hash_ids: undefined })).toContain('f line 2: hash_ids: missing');
  expect(await problem({ input_length: 0 })).toContain(
    'input_length: 0 is not allowed; allowed: an integer from 1',
  );
  expect(await problem({ output_length: -1 })).toContain('output_length: -1 is not allowed');
  expect(await problem({ timestamp: '0' })).toContain('timestamp: "0" is not allowed');
  expect(await problemOf(() => collect(parseMooncake('f', ['{"timestamp": 0,'])))).toContain(
    'f line 1: not a whole',
  );
});

const header = 'TIMESTAMP,ContextTokens,GeneratedTokens';

test('azure: arrivals count from the first, in µs; contexts share nothing', async () => {
  const lines = [header, '2023-11-16 23:59:59.9799600,4808,10', '2023-11-17 00:00:00.0319606,3180,8', ''];
  expect(await collect(parseAzure('f', lines))).toEqual([
    {
      name: 'request-1',
      arrivalUs: 0,
      steps: [
        { op: 'context', space: 'request-1', blockTokens: 4808, keep: 0, runs: [[0, 1]] },
        { op: 'think', tokensIn: 4808, tokensOut: 10 },
      ],
    },
    {
      name: 'request-2',
      arrivalUs: 52_001,
      steps: [
        { op: 'context', space: 'request-2', blockTokens: 3180, keep: 0, runs: [[0, 1]] },
        { op: 'think', tokensIn: 3180, tokensOut: 8 },
      ],
    },
  ]);
});

test('azure: days, months and leap years are counted', async () => {
  const between = async (from: string, to: string): Promise<number> => {
    const agents = await collect(parseAzure('f', [header, `${from},1,1`, `${to},1,1`]));
    return agents[1]!.arrivalUs! / 86_400_000_000;
  };
  expect(await between('2023-02-28 00:00:00', '2023-03-01 00:00:00')).toBe(1);
  expect(await between('2024-02-28 00:00:00', '2024-03-01 00:00:00Z')).toBe(2);
  expect(await between('2023-12-31 12:00:00.5', '2025-01-01 12:00:00.5000000+00:00')).toBe(367);
  expect(await between('1970-01-01 00:00:00', '2069-12-31 06:00:00')).toBe(36_524.25);
});

test('azure: what is wrong is named', async () => {
  const problem = (line: string): Promise<string> =>
    problemOf(() => collect(parseAzure('f', [header, '2023-11-16 18:00:00.0000000,1,1', line])));
  expect(await problem('2023-11-16 18:00:01,5')).toBe(`f line 3: 2 fields; allowed: 3 (${header})`);
  expect(await problem('2023-11-16 18:00:01,-5,1')).toBe(
    'f line 3: ContextTokens: "-5" is not allowed; allowed: an integer from 1 up',
  );
  expect(await problem('2023-11-16 18:00:01,5,')).toContain('GeneratedTokens: "" is not allowed');
  expect(await problem('2023-11-16 18:00:01,1e3,1')).toContain('ContextTokens: "1e3" is not allowed');
  expect(await problem('yesterday,1,1')).toBe(
    'f line 3: TIMESTAMP: "yesterday" is not allowed; allowed: YYYY-MM-DD HH:MM:SS.fffffff (UTC)',
  );
  expect(await problem('2023-13-16 18:00:01,1,1')).toContain(
    'TIMESTAMP: "2023-13-16 18:00:01" is not allowed',
  );
  expect(await problem('2023-11-16 17:59:59,1,1')).toContain('allowed: a time not before the first');
  expect(await problemOf(() => collect(parseAzure('f', ['TIMESTAMP,A,B'])))).toContain(
    'f line 1: header: "TIMESTAMP,A,B"',
  );
});
