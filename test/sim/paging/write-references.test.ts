import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseReferences } from '../../../src/sim/paging/parse-references.ts';
import type { ReferenceTrace } from '../../../src/sim/paging/reference-trace.ts';
import { referenceWriters, type WrittenFormat } from '../../../src/sim/paging/write-references.ts';
import { naiveDense, pieces, plain, type PlainTrace } from '../../support/references.ts';
import { seedCount } from '../../support/seeds.ts';

interface Drawn {
  readonly recorded: readonly number[];
  readonly sizes: readonly number[] | undefined;
  readonly gapsUs: readonly number[] | undefined;
}

const draws: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 300 }).chain((length) => {
  const column = (value: fc.Arbitrary<number>) => fc.array(value, { minLength: length, maxLength: length });
  const gap = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000_000 }), fc.constant(90_000_000_000));
  return fc.record({
    recorded: column(fc.integer({ min: 0, max: 60 })),
    sizes: fc.option(column(fc.integer({ min: 1, max: 4_294_967_295 })), { nil: undefined }),
    gapsUs: fc.option(column(gap), { nil: undefined }),
  });
});

function traceOf({ recorded, sizes, gapsUs }: Drawn): ReferenceTrace {
  const { ids, unique } = naiveDense(recorded);
  let nowUs = 0;
  const timesUs = gapsUs?.map((gap, index) => (index === 0 ? 0 : (nowUs += gap)));
  return {
    name: 'x',
    format: 'generated',
    ids: Int32Array.from(ids),
    unique,
    ...(sizes === undefined ? {} : { sizes: Uint32Array.from(sizes) }),
    ...(timesUs === undefined ? {} : { timesUs: Float64Array.from(timesUs) }),
  };
}

/** What is left of a trace in each format. */
const kept: Record<WrittenFormat, (trace: PlainTrace) => PlainTrace> = {
  ids: ({ ids, unique }) => ({ ids, unique }),
  csv: (trace) => trace,
  binary: (trace) => trace,
  oracleGeneral: ({ ids, unique, sizes, timesUs }) => ({
    ids,
    unique,
    sizes: sizes ?? ids.map(() => 1),
    timesUs: ids.map((_, index) => Math.floor((timesUs?.[index] ?? 0) / 1_000_000) * 1_000_000),
  }),
};

for (const format of Object.keys(kept) as WrittenFormat[]) {
  test(`${format}: written and read, the same trace`, async () => {
    await fc.assert(
      fc.asyncProperty(draws, fc.integer({ min: 1, max: 700 }), async (drawn, size) => {
        const trace = traceOf(drawn);
        const bytes = Buffer.concat([...referenceWriters[format](trace)]);
        const source = {
          name: 'x',
          chunks: () => pieces(bytes, size),
          lines: () => {
            throw new Error('not text in lines');
          },
        };
        const read = await parseReferences(source, format);
        expect(read.format).toBe(format);
        expect(plain(read)).toEqual(kept[format](plain(trace)));
      }),
      { seed: 3, numRuns: seedCount(100, 2_000) },
    );
  });
}

test('text is what a person would write', () => {
  const trace = traceOf({ recorded: [9, 4, 9], sizes: [512, 1, 7], gapsUs: [0, 250_000, 1_000_001] });
  const text = (format: 'ids' | 'csv'): string =>
    Buffer.concat([...referenceWriters[format](trace)]).toString();
  expect(text('ids')).toBe('1\n2\n1\n');
  expect(text('csv')).toBe('time,id,size\n0,1,512\n0.25,2,1\n1.250001,1,7\n');
});

test('libCacheSim gets the number of the next access to the page, counted from 1, and -1 for none', () => {
  const bytes = Buffer.concat([
    ...referenceWriters.oracleGeneral(
      traceOf({ recorded: [9, 4, 9, 4, 5], sizes: undefined, gapsUs: undefined }),
    ),
  ]);
  const next = Array.from({ length: 5 }, (_, index) => bytes.readBigInt64LE(24 * index + 16));
  expect(next).toEqual([3n, 4n, -1n, -1n, -1n]);
});

test('a trace of many pieces', async () => {
  const recorded = Array.from({ length: 60_000 }, (_, index) => (index * 7919) % 5_003);
  const trace = traceOf({ recorded, sizes: undefined, gapsUs: undefined });
  for (const format of ['ids', 'csv', 'oracleGeneral'] as const) {
    const chunks = () => pieces(Buffer.concat([...referenceWriters[format](trace)]), 100_000);
    const read = await parseReferences(
      {
        name: 'x',
        chunks,
        lines: () => {
          throw new Error('no lines');
        },
      },
      format,
    );
    expect(read.ids.join() === trace.ids.join()).toBe(true);
  }
});
