import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Sha256, sha256Hex } from '../../src/base/sha256.ts';

const reference = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test('the examples of FIPS 180-4', () => {
  expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256Hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  );
  expect(sha256Hex('a'.repeat(1_000_000))).toBe(
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  );
});

test('every length around the ends of blocks, as text and as bytes', () => {
  for (let length = 0; length < 260; length++) {
    const text = 'x'.repeat(length);
    const expected = reference(utf8(text));
    expect(sha256Hex(text)).toBe(expected);
    expect(sha256Hex(utf8(text))).toBe(expected);
    // A character of 2, 3 and 4 bytes that reaches over the end of a block.
    for (const wide of ['\u0080', 'é', '€', '😀'])
      expect(sha256Hex(text + wide)).toBe(reference(utf8(text + wide)));
  }
});

test('one character that is not ASCII is found wherever it stands in a block', () => {
  for (let index = 0; index < 64; index++) {
    const text = `${'x'.repeat(index)}\u0080${'y'.repeat(200)}`;
    expect(sha256Hex(text)).toBe(reference(utf8(text)));
  }
});

test('nothing but U+0080', () => {
  expect(sha256Hex('\u0080'.repeat(100))).toBe(reference(utf8('\u0080'.repeat(100))));
});

test('any text, surrogates alone included, and any bytes, as node:crypto hashes them', () => {
  const unit = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 0x7f }) },
    { weight: 2, arbitrary: fc.integer({ min: 0x80, max: 0xffff }) },
    { weight: 2, arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }) },
  );
  const text = fc.array(unit, { maxLength: 400, size: 'max' }).map((units) => String.fromCharCode(...units));
  fc.assert(
    fc.property(
      text,
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.uint8Array({ maxLength: 400 }),
      (a, b, bytes) => {
        expect(sha256Hex(a)).toBe(reference(utf8(a)));
        expect(sha256Hex(b)).toBe(reference(utf8(b)));
        expect(sha256Hex(bytes)).toBe(reference(bytes));
      },
    ),
    { seed: 1, numRuns: 150 },
  );
});

test('parts, texts and bytes mixed, hash as their concatenation', () => {
  const part = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 100 }), fc.uint8Array({ maxLength: 150 }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const hash = new Sha256();
      for (const part of parts) hash.update(part);
      const whole = parts.flatMap((part) => [...(typeof part === 'string' ? utf8(part) : part)]);
      expect(hash.digestHex()).toBe(reference(Uint8Array.from(whole)));
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('two hashes in progress do not disturb each other', () => {
  const first = new Sha256().update('abc'.repeat(50));
  const second = new Sha256().update('xyz');
  first.update('abc'.repeat(50));
  expect(sha256Hex('between')).toBe(reference(utf8('between')));
  expect(second.digestHex()).toBe(reference(utf8('xyz')));
  expect(first.digestHex()).toBe(reference(utf8('abc'.repeat(100))));
});

test('after the end comes reset, or an assertion', () => {
  const hash = new Sha256().update('abc');
  hash.digestHex();
  expect(() => hash.update('d')).toThrow('reset first');
  expect(() => hash.digestHex()).toThrow('reset first');
  expect(hash.reset().update('abc').digestHex()).toBe(sha256Hex('abc'));
});
