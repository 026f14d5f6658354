import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import {
  openTraceCache,
  traceCacheFolder,
  type TraceCache,
} from '../../../src/adapters/files/trace-cache.ts';
import { bytesOf } from '../../support/references.ts';

const home = mkdtempSync(join(tmpdir(), 'ringzero-cache-'));
afterAll(() => rmSync(home, { recursive: true }));

let folders = 0;
function newFolder(): string {
  return join(home, String(++folders), 'not', 'there');
}

async function textOf(cache: TraceCache, key: string): Promise<string | undefined> {
  const chunks = await cache.read(key);
  if (chunks === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

test('where the folder is', () => {
  const own = join(homedir(), '.cache', 'ringzero', 'traces');
  expect(traceCacheFolder({})).toBe(own);
  expect(traceCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/ringzero/traces');
  expect(traceCacheFolder({ XDG_CACHE_HOME: 'relative' })).toBe(own);
  expect(traceCacheFolder({ XDG_CACHE_HOME: '/x', RINGZERO_CACHE_DIR: '/y' })).toBe('/y');
  expect(traceCacheFolder({ RINGZERO_CACHE_DIR: '' })).toBe(own);
});

test('what is written is read, and nothing else is left in the folder', async () => {
  const folder = newFolder();
  const cache = openTraceCache(folder);
  expect(await textOf(cache, 'a')).toBe(undefined);
  expect(await cache.write('a', [bytesOf('one '), bytesOf(''), bytesOf('two')])).toBe(true);
  expect(await textOf(cache, 'a')).toBe('one two');
  expect(await cache.write('a', [bytesOf('three')])).toBe(true);
  expect(await textOf(cache, 'a')).toBe('three');
  expect(readdirSync(folder)).toEqual(['a.trace']);
  await cache.remove('a');
  expect(await textOf(cache, 'a')).toBe(undefined);
  await cache.remove('a');
});

test('many writers at once: each file is whole', async () => {
  const folder = newFolder();
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000));
  await Promise.all(texts.map((text) => openTraceCache(folder).write('same', [bytesOf(text)])));
  expect(texts).toContain(await textOf(openTraceCache(folder), 'same'));
  expect(readdirSync(folder)).toEqual(['same.trace']);
});

test('what was unused the longest goes first when it grows too large', async () => {
  const folder = newFolder();
  const cache = openTraceCache(folder, 100);
  for (const [key, hour] of [
    ['third', 3],
    ['first', 1],
    ['second', 2],
  ] as const) {
    await cache.write(key, [new Uint8Array(30)]);
    utimesSync(join(folder, `${key}.trace`), hour * 3_600, hour * 3_600);
  }
  expect(await textOf(cache, 'first')).toHaveLength(30); // which makes it the last used
  await cache.write('last', [new Uint8Array(40)]);
  expect(readdirSync(folder).toSorted()).toEqual(['first.trace', 'last.trace', 'third.trace']);
  // Larger than all that is allowed: not kept, and nothing is deleted for it.
  expect(await cache.write('huge', [new Uint8Array(101)])).toBe(false);
  expect(readdirSync(folder)).toHaveLength(3);
});

test('an unfinished file of a process that is gone is deleted, one that is being written is not', async () => {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'gone.1.x.tmp'), 'half');
  utimesSync(join(folder, 'gone.1.x.tmp'), 1, 1);
  writeFileSync(join(folder, 'busy.2.x.tmp'), 'half');
  await openTraceCache(folder).write('a', [bytesOf('b')]);
  expect(readdirSync(folder).toSorted()).toEqual(['a.trace', 'busy.2.x.tmp']);
});

test('a folder that cannot be made is no trouble', async () => {
  const file = join(home, 'file');
  writeFileSync(file, '');
  const cache = openTraceCache(join(file, 'inside'));
  expect(await cache.write('a', [bytesOf('b')])).toBe(false);
  expect(await textOf(cache, 'a')).toBe(undefined);
  expect(existsSync(file)).toBe(true);
});
