import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { afterAll, beforeEach, expect, test } from 'vitest';

import { readReferences } from '../../src/cli/read-references.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';
import { referenceWriters } from '../../src/sim/paging/write-references.ts';
import { naiveDense, plain, problemOf } from '../support/references.ts';
import { sharedTrace } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringzero-references-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A cache for each test; afterwards the one of all tests again. */
const { RINGZERO_CACHE_DIR: cacheOfAll } = process.env;
afterAll(() => void (process.env['RINGZERO_CACHE_DIR'] = cacheOfAll));
let caches = 0;
let cache = '';
beforeEach(() => {
  cache = join(folder, `cache-${++caches}`);
  process.env['RINGZERO_CACHE_DIR'] = cache;
});
const kept = (): string[] => readdirSync(cache).map((name) => join(cache, name));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Enough references to be kept in the cache. */
const trace: ReferenceTrace = {
  name: 'x',
  format: 'generated',
  ids: Int32Array.from(naiveDense(Array.from({ length: 12_000 }, (_, index) => (index * index) % 1_009)).ids),
  unique: naiveDense(Array.from({ length: 12_000 }, (_, index) => (index * index) % 1_009)).unique,
  sizes: Uint32Array.from({ length: 12_000 }, (_, index) => 1 + (index % 77)),
  timesUs: Float64Array.from({ length: 12_000 }, (_, index) => index * 1_000_000),
};
const csv = Buffer.concat([...referenceWriters.csv(trace)]);

test('every format, plain and compressed, is found by content and gives the same trace in memory to share', async () => {
  const mooncake = Array.from({ length: 12 }, (_, index) => {
    const ids = trace.ids.subarray(index * 1_000, (index + 1) * 1_000);
    return JSON.stringify({ timestamp: index, hash_ids: [...ids] });
  }).join('\n');
  const contents: [format: string, content: Uint8Array][] = [
    ['ids', Buffer.concat([...referenceWriters.ids(trace)])],
    ['csv', csv],
    ['oracleGeneral', Buffer.concat([...referenceWriters.oracleGeneral(trace)])],
    ['binary', Buffer.concat([...referenceWriters.binary(trace)])],
    ['mooncake', Buffer.from(mooncake)],
  ];
  for (const [format, content] of contents)
    for (const [compression, bytes] of [
      ['none', content],
      ['gzip', gzipSync(content)],
      ['zstd', zstdCompressSync(content)],
    ] as const) {
      const read = await readReferences(file('data', bytes));
      expect([read.trace.format, read.file.compression, read.trace.name]).toEqual([
        format,
        compression,
        'data',
      ]);
      expect(read.trace.ids.join() === trace.ids.join(), format).toBe(true);
      expect(read.trace.unique).toBe(trace.unique);
      expect(read.trace.ids.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(read.seconds).toBeGreaterThan(0);
      if (['csv', 'oracleGeneral', 'binary'].includes(format))
        expect(plain(read.trace)).toEqual(plain(trace));
    }
});

test('a second reading comes from the cache and is the same; it is known by content and format, not by name', async () => {
  const first = await readReferences(file('one.csv', csv));
  const second = await readReferences(file('two.txt', csv));
  expect([first.isFromCache, second.isFromCache]).toEqual([false, true]);
  expect(kept()).toHaveLength(1);
  expect(second.trace.name).toBe('two.txt');
  expect(second.trace.format).toBe('csv');
  expect(second.trace.ids.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(plain(second.trace)).toEqual(plain(first.trace));
  expect((await readReferences(file('one.csv', csv.subarray(0, -1)))).isFromCache).toBe(false);
  expect((await readReferences(file('one.csv', csv), { cache: false })).isFromCache).toBe(false);
  expect((await readReferences(file('three', csv))).isFromCache).toBe(true);
});

test('what is short or binary is not kept', async () => {
  await readReferences(file('short', '1\n2\n3\n'));
  await readReferences(file('binary', Buffer.concat([...referenceWriters.binary(trace)])));
  await readReferences(file('records', Buffer.concat([...referenceWriters.oracleGeneral(trace)])));
  await readReferences(file('without', csv), { cache: false });
  expect(() => kept()).toThrow('ENOENT');
});

test('a damaged cache file is never trusted: the trace is read again, and kept again', async () => {
  const path = file('damaged.csv', csv);
  await readReferences(path);
  const [name = ''] = kept();
  const whole = readFileSync(name);
  const damages: Uint8Array[] = [
    Buffer.alloc(0),
    Buffer.from('no trace at all'),
    whole.subarray(0, 20),
    whole.subarray(0, whole.length - 1),
    Buffer.concat([whole, Buffer.from('x')]),
    ...[0, 9, 13, 17, 21, 25, 40, whole.length - 1].map((at) => {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      return damaged;
    }),
  ];
  for (const damage of damages) {
    writeFileSync(name, damage);
    const again = await readReferences(path);
    expect(again.isFromCache).toBe(false);
    expect(again.trace.unique).toBe(trace.unique);
    expect(readFileSync(name).equals(whole)).toBe(true);
    expect((await readReferences(path)).isFromCache).toBe(true);
  }
});

test('a cache that cannot be written is no trouble', async () => {
  process.env['RINGZERO_CACHE_DIR'] = join(file('in-the-way', ''), 'inside');
  expect(plain((await readReferences(file('one.csv', csv))).trace)).toEqual(plain(trace));
});

test('a format may be named; then its reader says what is wrong', async () => {
  const path = file('named', '7\n8\n7\n');
  expect((await readReferences(path, { format: 'ids' })).trace.unique).toBe(2);
  expect(await problemOf(() => readReferences(path, { format: 'csv' }))).toBe(
    'INVALID_FILE: named line 1: 1 field; allowed: at least 2',
  );
  expect(await problemOf(() => readReferences(path, { format: 'oracleGeneral' }))).toBe(
    'INVALID_FILE: named byte 0: record 1 is cut off after 6 of 24 bytes (read as oracleGeneral)',
  );
  expect(await problemOf(() => readReferences(path, { format: 'binary' }))).toContain(
    'cut off after 6 of at least 32',
  );
  expect(await problemOf(() => readReferences(path, { format: 'parquet' }))).toContain(
    'is no parquet that can be read',
  );
});

test('a file that is cut off is an error, compressed or binary, and nothing of it is kept', async () => {
  const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.length * 0.6) + 1);
  const cuts: [content: Uint8Array, message: RegExp][] = [
    [cut(gzipSync(csv)), /is cut off \(the compressed data/],
    [cut(zstdCompressSync(csv)), /is cut off \(the compressed data/],
    [
      cut(Buffer.concat([...referenceWriters.oracleGeneral(trace)])),
      /record 7201 is cut off after 1 of 24 bytes/,
    ],
    [cut(Buffer.concat([...referenceWriters.binary(trace)])), /cut off after 115220 of 192032 bytes/],
    [cut(parquet([{ name: 'id', data: [...trace.ids], type: 'INT32' }])), /is no parquet that can be read/],
  ];
  for (const [content, message] of cuts) {
    const format = message.source.includes('parquet') ? ({ format: 'parquet' } as const) : {};
    expect(await problemOf(() => readReferences(file('cut', content), format))).toMatch(message);
  }
  expect(() => kept()).toThrow('ENOENT');
});

function parquet(columnData: ColumnSource[], options: object = {}): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}

const idColumn: ColumnSource = {
  name: 'obj_id',
  data: [...trace.ids].map((id) => BigInt(id) * 2n ** 40n),
  type: 'INT64',
};
const sizeColumn: ColumnSource = { name: 'Size', data: [...trace.sizes!], type: 'INT32' };

test('parquet: columns by name, whatever their types, their order, the compression and the groups of rows', async () => {
  const seconds: ColumnSource = {
    name: 'timestamp',
    data: [...trace.timesUs!].map((us) => 1_700_000_000 + us / 1_000_000),
    type: 'DOUBLE',
  };
  const ms: ColumnSource = {
    name: 'time_ms',
    data: [...trace.timesUs!].map((us) => BigInt(us / 1_000)),
    type: 'INT64',
  };
  const dates: ColumnSource = {
    name: 'time',
    data: [...trace.timesUs!].map((us) => new Date(1_700_000_000_000 + us / 1_000)),
    type: 'TIMESTAMP',
  };
  const other: ColumnSource = { name: 'op', data: [...trace.ids].map(String), type: 'STRING' };
  const compressors = { GZIP: gzipSync, ZSTD: zstdCompressSync, BROTLI: brotliCompressSync };
  for (const [columns, options] of [
    [[seconds, idColumn, sizeColumn], {}],
    [[sizeColumn, other, idColumn, ms], { rowGroupSize: 1_000, codec: 'GZIP', compressors }],
    [[idColumn, sizeColumn, dates], { codec: 'ZSTD', compressors }],
    [[other, idColumn, dates, sizeColumn], { codec: 'BROTLI', compressors, rowGroupSize: 5_000 }],
  ] as const) {
    const read = await readReferences(file('table', parquet([...columns], options)));
    expect(read.trace.format).toBe('parquet');
    expect(plain(read.trace)).toEqual(plain(trace));
  }
  const bare = await readReferences(file('table', parquet([idColumn])));
  expect(plain(bare.trace)).toEqual({ ids: [...trace.ids], unique: trace.unique });
  expect((await readReferences(file('table', parquet([idColumn])))).isFromCache).toBe(true);
});

test('parquet: what is wrong is told', async () => {
  const names: ColumnSource[] = [{ name: 'id', data: ['a', 'b'], type: 'STRING' }];
  expect(await problemOf(() => readReferences(file('names', parquet(names))))).toBe(
    'INVALID_FILE: names row 1: id: "a" is not allowed; allowed: an integer from 0 to 2^64 - 1',
  );
  expect(
    await problemOf(() => readReferences(file('other', parquet([sizeColumn, { ...idColumn, name: 'who' }])))),
  ).toBe(
    'INVALID_FILE: other: no column of ids among Size, who; allowed: one called id, obj_id, object_id, key, page, block, address, lbn',
  );
  const twice = file('twice', gzipSync(parquet([idColumn])));
  expect(await problemOf(() => readReferences(twice))).toContain('is parquet inside of a compressed file');
});

/** Readers against the most obvious parse of the recorded files, with the counts that are known. */
const recorded: [
  name: string,
  parse: (text: string) => (number | string)[],
  references: number,
  unique: number,
][] = [
  ['mooncake-conversation.jsonl.gz', blocksOf, 288_500, 182_790],
  ['mooncake-synthetic.jsonl.gz', blocksOf, 121_877, 43_924],
  [
    'cloudphysics.csv.gz',
    (text) =>
      text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[1]!),
    113_872,
    48_974,
  ],
  ['lirs/2_pools.trace.gz', numbersOf, 100_000, 9_939],
  ['lirs/loop.trace.gz', numbersOf, 505_500, 1_011],
];

function blocksOf(text: string): number[] {
  const requests = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { hash_ids: number[] });
  return requests.flatMap(({ hash_ids }) => hash_ids);
}

function numbersOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => /^\d+$/.test(line));
}

for (const [name, parse, references, unique] of recorded) {
  const { path, isThere } = sharedTrace(name);
  const skipped = isThere ? '' : ' (skipped: ../shared/traces is not there)';
  test(`${name} as a naive parse has it${skipped}`, { skip: !isThere }, async () => {
    const naive = naiveDense(parse(gunzipSync(readFileSync(path)).toString()));
    const { trace: read } = await readReferences(path);
    expect([read.ids.length, read.unique]).toEqual([references, unique]);
    expect(naive.unique).toBe(unique);
    expect(read.ids.join() === naive.ids.join()).toBe(true);
  });
}

const cloudPhysics = sharedTrace('cloudphysics.csv.gz');
test('cloudphysics has sizes, and two hours', { skip: !cloudPhysics.isThere }, async () => {
  const { trace: read } = await readReferences(cloudPhysics.path);
  expect([read.sizes![0], read.timesUs![0], read.timesUs!.at(-1)]).toEqual([512, 0, 7_200_000_000]);
});
