import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';

import { inputLimits, openInputFile } from '../../../src/adapters/files/input-file.ts';
import { decodedLines } from '../../../src/adapters/files/text.ts';
import { KernelError } from '../../../src/kernel/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringzero-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

async function linesOf(path: string): Promise<string[]> {
  return collect((await openInputFile(path)).lines());
}

/** The message of the KernelError INVALID_FILE that `action` ends with, without the folder. */
async function problem(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KernelError)) throw new Error(`not a KernelError: ${String(error)}`);
  expect(error.code).toBe('INVALID_FILE');
  expect(error.message).not.toContain('\n');
  return error.message.replaceAll(`${folder}/`, '');
}
const allowed = 'allowed: a readable file, plain, gzip or zstd';
const allowedText = 'allowed: a readable text file, plain, gzip or zstd';

test('the compression is found by content, whatever the name', async () => {
  const text = 'erste Zeile: ä€😀\nzweite\n';
  const paths = [
    file('plain.gz', text),
    file('gzip.txt', gzipSync(text)),
    file('zstd.json', zstdCompressSync(text)),
  ];
  const files = await Promise.all(paths.map((path) => openInputFile(path)));
  expect(files.map(({ compression }) => compression)).toEqual(['none', 'gzip', 'zstd']);
  expect(files.map(({ name }) => name)).toEqual(['plain.gz', 'gzip.txt', 'zstd.json']);
  for (const input of files) {
    expect(await input.text()).toBe(text);
    expect(await collect(input.lines())).toEqual(['erste Zeile: ä€😀', 'zweite']);
    expect(await input.head()).toBe(text);
    // The digest is that of `printf 'erste Zeile: ä€😀\nzweite\n' | sha256sum`.
    expect(await input.sha256()).toBe('ea35a8831524bb5d05a484fe561a9b4e8fd57be39102cda774e5b4698b10e7e9');
  }
});

test('LF and CRLF end a line, a last end makes no further line, an empty line stays', async () => {
  expect(await linesOf(file('ends', 'a\r\nb\n\n\r\nc\rd\r\n'))).toEqual(['a', 'b', '', '', 'c\rd']);
  expect(await linesOf(file('open', 'a\nb'))).toEqual(['a', 'b']);
  expect(await linesOf(file('bom', '\uFEFFa\nb'))).toEqual(['a', 'b']);
});

test('lines come out the same wherever the chunks are cut', async () => {
  const lines = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/[\r\n]/g, '')));
  await fc.assert(
    fc.asyncProperty(lines, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (content, size, crlf) => {
      const bytes = new TextEncoder().encode(content.map((line) => line + (crlf ? '\r\n' : '\n')).join(''));
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const start = content[0]?.startsWith('\uFEFF') === true ? [content[0].slice(1)] : content.slice(0, 1);
      expect(await collect(decodedLines('x', chunks(), 1000))).toEqual([...start, ...content.slice(1)]);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('a file of many chunks is read whole', async () => {
  const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index} ä`);
  const text = lines.join('\n');
  for (const bytes of [text, gzipSync(text), zstdCompressSync(text)]) {
    // Compared as one text: a deep comparison of so many lines takes seconds.
    expect((await linesOf(file('large', bytes))).join('\n') === text).toBe(true);
  }
});

test('several gzip members and several zstd frames are one text', async () => {
  const parts = ['a\n'.repeat(100_000), 'b\n'.repeat(300_000), 'c'];
  const skippable = Uint8Array.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const gzip = file('members', Buffer.concat(parts.map((part) => gzipSync(part))));
  const zstd = file('frames', Buffer.concat([skippable, ...parts.map((part) => zstdCompressSync(part))]));
  expect(await (await openInputFile(gzip)).text()).toBe(parts.join(''));
  expect(await (await openInputFile(zstd)).text()).toBe(parts.join(''));
});

test('what cannot be opened is named, with what is allowed', async () => {
  mkdirSync(join(folder, 'directory'));
  const open = (name: string): Promise<string> => problem(openInputFile(join(folder, name)));
  expect(await open('missing')).toBe(`missing: does not exist; ${allowed}`);
  expect(await open('directory')).toBe(`directory: is a directory; ${allowed}`);
  file('empty', '');
  expect(await open('empty')).toBe(`empty: is empty; ${allowed}`);
  expect(await open('empty/inside')).toContain('does not exist');
  expect(await problem(openInputFile('/dev/null'))).toContain('/dev/null: is not a regular file');
});

test('an empty text inside a compressed file is an empty file', async () => {
  for (const bytes of [gzipSync(''), zstdCompressSync('')]) {
    const input = await openInputFile(file('hollow', bytes));
    // One after another: a read that fails before it is awaited would count as unhandled.
    const reads = [
      () => input.text(),
      () => input.head(),
      () => collect(input.lines()),
      () => input.sha256(),
    ];
    for (const read of reads) {
      expect(await problem(read())).toBe(`hollow: is empty; ${allowed}`);
    }
  }
});

test('compressed data that ends too early is an error at every place of the cut', async () => {
  // A text that hardly compresses, so that there are many places.
  const text = Array.from({ length: 400 }, (_, index) => (index * 2_654_435_761).toString(36)).join('\n');
  for (const bytes of [gzipSync(text), zstdCompressSync(text)]) {
    for (let length = 4; length < bytes.length; length += 97) {
      const input = await openInputFile(file('cut', bytes.subarray(0, length)));
      expect(await problem(input.text()), `cut at ${length}`).toBe(
        `cut: is cut off (the compressed data, or what stands behind it, ends too early); ${allowed}`,
      );
    }
  }
});

test('damaged compressed data is an error', async () => {
  for (const bytes of [gzipSync('hello '.repeat(1000)), zstdCompressSync('hello '.repeat(1000))]) {
    const damaged = Uint8Array.from(bytes);
    for (let at = 12; at < 24; at++) damaged[at] = 0xff;
    const input = await openInputFile(file('damaged', damaged));
    expect(await problem(input.text())).toContain('damaged: is damaged');
  }
  const tail = Buffer.concat([zstdCompressSync('a'), Buffer.from('no frame')]);
  expect(await problem((await openInputFile(file('tail', tail))).text())).toContain('tail: is damaged');
});

test('bytes that are not UTF-8 are an error, also a character cut off by the end', async () => {
  for (const bytes of [
    [0x61, 0xff, 0x62],
    [0x61, 0xe2, 0x82],
  ]) {
    const input = await openInputFile(file('latin', Uint8Array.from(bytes)));
    expect(await problem(input.text())).toBe(`latin: is not UTF-8 text; ${allowedText}`);
  }
});

test('memory is bounded: a line and a document have a greatest length', async () => {
  const limits = { ...inputLimits, lineChars: 5, textChars: 12, headChars: 3 };
  const fits = await openInputFile(file('fits', '12345\n12345\n'), limits);
  expect(await collect(fits.lines())).toEqual(['12345', '12345']);
  expect(await fits.text()).toBe('12345\n12345\n');
  expect(await fits.head()).toBe('123');
  const long = await openInputFile(file('long', '12345\n123456\n12'), limits);
  expect(await problem(collect(long.lines()))).toBe(
    `long: line 2 is longer than 5 characters; ${allowedText}`,
  );
  expect(await problem(long.text())).toContain('long: is one document of more than 12 characters');
});

test('a reader may stop early', async () => {
  const text = 'line\n'.repeat(1_000_000);
  for (const bytes of [text, gzipSync(text), zstdCompressSync(text)]) {
    const input = await openInputFile(file('early', bytes));
    for await (const line of input.lines()) {
      expect(line).toBe('line');
      break;
    }
    expect((await input.head()).length).toBe(inputLimits.headChars);
  }
});
