import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openInputFile } from '../../../src/adapters/files/input-file.ts';
import { readMooncakeTrace } from '../../../src/sim/sessions/mooncake-trace.ts';
import { problemOf } from '../workloads/support.ts';

/** A request of whole blocks and an unfinished one, unless `tokens` says otherwise. */
function request(seconds: number, ids: readonly number[], tokens = 512 * ids.length - 100): string {
  return JSON.stringify({
    timestamp: 1_000 * seconds,
    input_length: tokens,
    output_length: 7,
    hash_ids: ids,
  });
}

/** [start in s, keep, blocks] of each call of each session. */
async function callsOf(...lines: string[]): Promise<number[][][]> {
  const { sessions } = await readMooncakeTrace('f', lines);
  return sessions.map(({ chains: [chain] }) =>
    chain!.calls.map(({ startUs, keep, blocks }) => [startUs / 1e6, keep, blocks]),
  );
}

test('a request that extends the last one of a session continues it', async () => {
  // Block 0 is a system prompt; 3, 12 and 7 are unfinished.
  const trace = await readMooncakeTrace('f', [
    request(10, [0, 1, 2, 3]),
    request(11, [0, 11, 12]),
    request(20, [0, 1, 2, 4, 5, 6, 7]),
    request(30, [0, 11, 13, 14]),
    request(40, [0, 1, 2, 4, 5, 6, 8], 7 * 512),
  ]);
  expect(trace).toMatchObject({ name: 'f', blockTokens: 512 });
  const [first, second, ...others] = trace.sessions.map(({ chains }) => chains);
  expect(others).toEqual([]);
  const rest = { durationUs: null, tokensOut: 7, pause: 'unknown' };
  expect(first).toEqual([
    {
      startUs: 0,
      systemBlocks: 0,
      calls: [
        { startUs: 0, keep: 0, runs: [[0, 3]], blocks: 3, tokensIn: 1_948, ...rest },
        { startUs: 10_000_000, keep: 3, runs: [[4, 3]], blocks: 6, tokensIn: 3_484, ...rest },
        { startUs: 30_000_000, keep: 6, runs: [[8, 1]], blocks: 7, tokensIn: 3_584, ...rest },
      ],
    },
  ]);
  expect(second![0]!.calls.map(({ keep, runs }) => [keep, runs])).toEqual([
    [
      0,
      [
        [0, 1],
        [11, 1],
      ],
    ],
    [2, [[13, 1]]],
  ]);
});

test('a prompt of nothing but what others begin with is continued by none of them', async () => {
  expect(
    await callsOf(request(0, [0, 1, 2]), request(1, [0, 3]), request(2, [0, 4, 5]), request(3, [0, 3, 6])),
  ).toEqual([[[0, 0, 2]], [[0, 0, 1]], [[0, 0, 2]], [[0, 0, 2]]]);
});

test('what extends an older request begins a session; the same prompt again continues its own', async () => {
  expect(
    await callsOf(
      request(0, [1, 2, 3]),
      request(1, [1, 2, 4, 5]),
      request(2, [1, 2, 6, 7]), // another answer to the first
      request(3, [1, 2, 4, 8]), // the second again
      request(4, [1, 2, 4, 9, 10]),
      request(5, [1, 2, 6, 11, 12]),
    ),
  ).toEqual([
    [
      [0, 0, 2],
      [1, 2, 3],
      [3, 3, 3],
      [4, 3, 4],
    ],
    [
      [0, 0, 3],
      [3, 3, 4],
    ],
  ]);
});

test('a prompt below one block has no beginning that another could extend', async () => {
  expect(await callsOf(request(0, [1], 100), request(1, [1], 100), request(2, [2, 3]))).toEqual([
    [[0, 0, 0]],
    [[0, 0, 0]],
    [[0, 0, 1]],
  ]);
});

test('what is wrong is told with file and line', async () => {
  const problem = (...lines: string[]): Promise<string> => problemOf(() => readMooncakeTrace('f', lines));
  expect(await problem(request(2, [1]), request(1.5, [2]))).toBe(
    'f line 2: timestamp: 1500 is not allowed; allowed: a number from 2000, the one before, up',
  );
  expect(await problem(request(2, [1], 1_024))).toBe(
    'f line 1: hash_ids: [1] is not allowed; allowed: an id for each of the 2 whole blocks of input_length',
  );
});

const counts = [
  ['conversation', 8_108, 12_031, 215],
  ['synthetic', 2_768, 3_993, 144],
] as const;
for (const [name, sessions, requests, long] of counts) {
  const path = join(import.meta.dirname, `../../../../shared/traces/mooncake-${name}.jsonl.gz`);
  const isMissing = !existsSync(path);
  const missing = isMissing ? ' (needs kvcache-ai/Mooncake in ../shared/traces)' : '';
  test.skipIf(isMissing)(`the sessions of the recorded ${name} requests${missing}`, async () => {
    const file = await openInputFile(path);
    const trace = await readMooncakeTrace(file.name, file.lines());
    const calls = trace.sessions.map(({ chains: [chain] }) => chain!.calls);
    expect(calls).toHaveLength(sessions);
    expect(calls.flat()).toHaveLength(requests);
    expect(calls.filter(({ length }) => length >= 5)).toHaveLength(long);
  });
}
