import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { afterAll, expect, test } from 'vitest';

import { writeOutputFile } from '../../../src/adapters/files/output-file.ts';
import { bytesOf, problemOf } from '../../support/references.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringzero-output-'));
afterAll(() => rmSync(folder, { recursive: true }));
const options = { field: '--out', force: false };

test('the name says how it is compressed; pieces may lie in shared memory', async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(300_000)).fill(66);
  const text = `A${'B'.repeat(300_000)}C`;
  const decoders = { 'x.bin': (bytes: Buffer) => bytes, 'x.gz': gunzipSync, 'x.zst': zstdDecompressSync };
  for (const [name, decode] of Object.entries(decoders)) {
    const path = join(folder, name);
    const bytes = await writeOutputFile(path, [bytesOf('A'), shared, bytesOf('C')], options);
    const written = readFileSync(path);
    expect(written.length).toBe(bytes);
    expect(decode(written).toString() === text).toBe(true);
  }
});

test('a file that exists is replaced only by force', async () => {
  const path = join(folder, 'there');
  writeFileSync(path, 'before');
  expect(await problemOf(() => writeOutputFile(path, [bytesOf('after')], options))).toBe(
    `INVALID_ARGUMENT: --out: "${path}" is not allowed; allowed: a file that does not exist yet, or --force`,
  );
  expect(readFileSync(path, 'utf8')).toBe('before');
  await writeOutputFile(path, [bytesOf('after')], { ...options, force: true });
  expect(readFileSync(path, 'utf8')).toBe('after');
});

test('what fails in the middle leaves no half file', async () => {
  const path = join(folder, 'half.gz');
  function* pieces(): Generator<Uint8Array> {
    yield bytesOf('A');
    throw new Error('broken');
  }
  expect(await problemOf(() => writeOutputFile(path, pieces(), options))).toContain('broken');
  expect(existsSync(path)).toBe(false);
  expect(await problemOf(() => writeOutputFile(join(folder, 'no/x'), [], options))).toContain('no such file');
});
