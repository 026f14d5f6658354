import { expect, test } from 'vitest';

import { binaryTraceParts, isBinaryTrace, readBinaryTrace } from '../../../src/sim/paging/binary-trace.ts';
import type { ReferenceTrace } from '../../../src/sim/paging/reference-trace.ts';
import { cutAt, pieces, plain, problemOf } from '../../support/references.ts';

const trace: ReferenceTrace = {
  name: 'x',
  format: 'generated',
  ids: Int32Array.of(1, 2, 1, 3, 2),
  unique: 3,
  sizes: Uint32Array.of(5, 6, 5, 4_294_967_295, 1),
  timesUs: Float64Array.of(0, 0, 5, 2 ** 40, 2 ** 40),
};

function written(changes: Partial<ReferenceTrace> = {}): Uint8Array {
  return Buffer.concat(binaryTraceParts({ ...trace, ...changes }));
}

test('what is written is read, with each set of columns, wherever the bytes are cut', async () => {
  const { sizes: _sizes, timesUs: _timesUs, ...bare } = trace;
  for (const one of [trace, bare, { ...bare, sizes: trace.sizes! }, { ...bare, timesUs: trace.timesUs! }]) {
    const bytes = Buffer.concat(binaryTraceParts(one));
    expect(isBinaryTrace(bytes)).toBe(true);
    for (let at = 0; at <= bytes.length; at++)
      expect(plain(await readBinaryTrace('x', cutAt(bytes, at))), `cut at ${at}`).toEqual(plain(one));
    const { ids, format } = await readBinaryTrace('x', pieces(bytes, 3), {
      allocate: (size) => new SharedArrayBuffer(size),
    });
    expect(ids.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(format).toBe('binary');
  }
});

test('a file that ends too early or goes on too long is an error at every length', async () => {
  const bytes = written();
  for (let length = 0; length < bytes.length; length++)
    expect(
      await problemOf(() => readBinaryTrace('x', pieces(bytes.slice(0, length)))),
      `${length} bytes`,
    ).toContain(`INVALID_FILE: x: cut off after ${length} of`);
  expect(await problemOf(() => readBinaryTrace('x', pieces(Buffer.concat([bytes, Uint8Array.of(0)]))))).toBe(
    `INVALID_FILE: x: goes on behind its ${bytes.length} bytes (read as binary); allowed: a file made with trace convert`,
  );
});

test('every damaged byte is noticed', async () => {
  const bytes = written();
  for (let at = 0; at < bytes.length; at++)
    for (const flip of [1, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      expect(await problemOf(() => readBinaryTrace('x', pieces(damaged))), `byte ${at}`).toContain(
        'INVALID_FILE: x: ',
      );
    }
});

test('a right checksum is not enough: what a trace promises is checked', async () => {
  const broken: [changes: Partial<ReferenceTrace>, message: string][] = [
    [{ ids: Int32Array.of(1, 3, 1, 2, 2) }, 'reference 2: id 3 is out of order of first appearance'],
    [{ ids: Int32Array.of(1, 2, 0, 3, 2) }, 'reference 3: id 0 is out of order of first appearance'],
    [{ unique: 4 }, '3 unique pages, not 4'],
    [{ sizes: Uint32Array.of(5, 0, 5, 6, 7) }, 'a reference of size 0'],
    [{ timesUs: Float64Array.of(0, 7, 6, 8, 9) }, 'reference 3: time 6 µs'],
    [{ timesUs: Float64Array.of(0, 0.5, 6, 8, 9) }, 'reference 2: time 0.5 µs'],
    [{ timesUs: Float64Array.of(0, 1, Number.NaN, 8, 9) }, 'reference 3: time NaN µs'],
    [{ timesUs: Float64Array.of(1, 2, 6, 8, 9) }, 'the first time is 1 µs'],
  ];
  for (const [changes, message] of broken)
    expect(await problemOf(() => readBinaryTrace('x', pieces(written(changes))))).toBe(
      `INVALID_FILE: x: ${message} (read as binary); allowed: a file made with trace convert`,
    );
});

test('a header that asks for more than there is gets no memory to fill', async () => {
  const bytes = written();
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 0x7fffffff, true);
  const allocate = (): never => {
    throw new RangeError('too much');
  };
  expect(await problemOf(() => readBinaryTrace('x', pieces(bytes), { allocate }))).toContain(
    'bytes of columns, more than memory holds',
  );
});
