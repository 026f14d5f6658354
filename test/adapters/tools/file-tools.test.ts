import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { FileRoot } from '../../../src/adapters/tools/file-root.ts';
import { fileLimits, fileTools } from '../../../src/adapters/tools/file-tools.ts';
import { shellTool } from '../../../src/adapters/tools/shell-tool.ts';
import { StopSwitch } from '../../../src/host/stop-switch.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { LockTable } from '../../../src/kernel/lock-table.ts';
import { toolSpecOf } from '../../../src/kernel/tool-data.ts';
import { caller } from './tools.ts';

/** A root with a few files, and beside it a secret. */
async function world() {
  const outside = mkdtempSync(join(tmpdir(), 'ringzero-files-'));
  writeFileSync(join(outside, 'secret.txt'), 'secret');
  const folder = join(outside, 'root');
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'a.txt'), 'one\ntwo äöü\n');
  writeFileSync(join(folder, 'src', 'b.ts'), 'const two = 2;\n');
  symlinkSync(outside, join(folder, 'way-out'));
  symlinkSync(join(outside, 'secret.txt'), join(folder, 'link.txt'));
  symlinkSync(join(outside, 'new.txt'), join(folder, 'dangling.txt'));
  symlinkSync(join(folder, 'a.txt'), join(folder, 'inside.txt'));
  const root = await FileRoot.open(folder);
  const tools = fileTools(root);
  return { outside, folder, tools, call: caller(tools) };
}

test('files are read, written, listed and searched', async () => {
  const { call, folder } = await world();
  expect(await call('read_file', { path: 'a.txt' })).toEqual({
    ok: true,
    value: { text: 'one\ntwo äöü\n' },
  });
  expect(await call('read_file', { path: 'inside.txt' })).toMatchObject({ ok: true });
  expect(await call('write_file', { path: 'new/deep/c.txt', text: 'ü' })).toEqual({
    ok: true,
    value: { written: 2 },
  });
  expect(readFileSync(join(folder, 'new', 'deep', 'c.txt'), 'utf8')).toBe('ü');
  expect(await call('list_files', {})).toEqual({
    ok: true,
    value: { names: ['a.txt', 'dangling.txt', 'inside.txt', 'link.txt', 'new/', 'src/', 'way-out'] },
  });
  expect(await call('search_files', { text: 'two' })).toEqual({
    ok: true,
    value: {
      matches: [
        { path: 'a.txt', line: 2, text: 'two äöü' },
        { path: 'src/b.ts', line: 1, text: 'const two = 2;' },
      ],
    },
  });
});

test('a long file is read in parts', async () => {
  const { call, folder } = await world();
  writeFileSync(join(folder, 'long.txt'), 'x'.repeat(fileLimits.bytes + 5));
  const first = await call('read_file', { path: 'long.txt' });
  expect(first.value).toMatchObject({ next: fileLimits.bytes, size: fileLimits.bytes + 5 });
  expect(await call('read_file', { path: 'long.txt', offset: fileLimits.bytes })).toEqual({
    ok: true,
    value: { text: 'xxxxx' },
  });
});

test('no part begins or ends within a character', async () => {
  const { call, folder } = await world();
  const whole = `${'x'.repeat(fileLimits.bytes - 2)}🦊y`;
  writeFileSync(join(folder, 'long.txt'), whole);
  const { value } = await call('read_file', { path: 'long.txt' });
  const { text, next } = value as { text: string; next: number };
  const rest = await call('read_file', { path: 'long.txt', offset: next });
  expect(text + (rest.value as { text: string }).text).toBe(whole);
  // What is no UTF-8 is read all the same, in parts that lead on.
  writeFileSync(join(folder, 'latin.txt'), Buffer.alloc(fileLimits.bytes + 1, 0xfc));
  const first = (await call('read_file', { path: 'latin.txt' })).value as { next: number };
  expect(first.next).toBeGreaterThan(fileLimits.bytes - 4);
});

test('what is no file is not opened: a pipe would wait for ever; what is no text is said to be none', async () => {
  const { call, folder } = await world();
  await caller([shellTool(folder)])('shell', { command: 'mkfifo pipe' });
  const refusal = {
    ok: false,
    value: expect.stringContaining('is no file, but a pipe or a device') as string,
  };
  expect(await call('read_file', { path: 'pipe' })).toEqual(refusal);
  expect(await call('write_file', { path: 'pipe', text: 'x' })).toEqual(refusal);
  expect(await call('search_files', { path: 'pipe', text: 'x' })).toEqual({
    ok: true,
    value: { matches: [] },
  });
  writeFileSync(join(folder, 'binary'), Buffer.from([1, 0, 2]));
  expect(await call('read_file', { path: 'binary' })).toMatchObject({
    ok: false,
    value: 'path: "binary" holds no text',
  });
});

test('a file is written whole or not at all: another name of the old one, wherever it is, keeps the old text', async () => {
  const { call, folder, outside } = await world();
  linkSync(join(outside, 'secret.txt'), join(folder, 'hard.txt'));
  chmodSync(join(folder, 'hard.txt'), 0o664);
  expect(await call('write_file', { path: 'hard.txt', text: 'mine' })).toMatchObject({ ok: true });
  expect(readFileSync(join(folder, 'hard.txt'), 'utf8')).toBe('mine');
  expect(statSync(join(folder, 'hard.txt')).mode & 0o777).toBe(0o664);
  expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
  // A link that stays inside is followed, and stays one.
  expect(await call('write_file', { path: 'inside.txt', text: 'through' })).toMatchObject({ ok: true });
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('through');
  const stop = new StopSwitch();
  stop.stop();
  expect(await call('write_file', { path: 'a.txt', text: 'late' }, stop)).toEqual({
    ok: false,
    value: 'stopped',
  });
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('through');
  expect(readdirSync(folder).filter((name) => name.startsWith('.ringzero'))).toEqual([]);
});

test('a search passes by what is too large, and shows the place in a long line', async () => {
  const { call, folder } = await world();
  writeFileSync(join(folder, 'big.txt'), `needle ${'x'.repeat(fileLimits.bytes)}`);
  writeFileSync(join(folder, 'line.txt'), `${'x'.repeat(5_000)}needle${'y'.repeat(5_000)}`);
  const { value } = await call('search_files', { text: 'needle' });
  const { matches } = value as { matches: { path: string; text: string }[] };
  expect(matches.map(({ path }) => path)).toEqual(['line.txt']);
  expect(matches[0]!.text).toContain('needle');
  expect(matches[0]!.text).toHaveLength(fileLimits.lineLength);
});

test.each([
  '../secret.txt',
  'src/../../secret.txt',
  '/etc/passwd',
  'link.txt',
  'way-out/secret.txt',
  'dangling.txt',
  'way-out/not/there/yet.txt',
  'a\0.txt',
])('nothing is read or written outside of the root: %j', async (path) => {
  const { call, outside } = await world();
  for (const [tool, args] of [
    ['read_file', { path }],
    ['write_file', { path, text: 'mine' }],
    ['list_files', { path }],
    ['search_files', { path, text: 'secret' }],
  ] as const) {
    const reply = await call(tool, args);
    expect(reply.ok).toBe(false);
    expect(reply.value).toContain(`allowed: a path inside the root`);
    expect(reply.value).not.toContain(outside);
  }
  expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
});

test.each([
  ['read_file', { path: 'nothing.txt' }, 'path: "nothing.txt" does not exist'],
  ['read_file', { path: 'src' }, 'path: "src" is a folder; allowed: a file'],
  ['list_files', { path: 'a.txt' }, 'path: "a.txt" is no folder'],
  ['write_file', { path: 'a.txt/b', text: '' }, 'path: "a.txt/b" is no folder'],
  ['write_file', { path: 'src', text: '' }, 'path: "src" is a folder; allowed: a file'],
  ['write_file', { path: '.', text: '' }, 'path: "." is the root itself'],
  ['search_files', { path: 'nothing', text: 'x' }, 'path: "nothing" does not exist'],
])('%s %j fails in one line', async (tool, args, message) => {
  const { call, folder } = await world();
  const reply = await call(tool, args);
  expect(reply).toEqual({ ok: false, value: expect.stringContaining(message) as string });
  expect(reply.value).not.toContain(folder);
});

test('a root that is no folder is refused', async () => {
  await expect(FileRoot.open('/does/not/exist')).rejects.toThrow(
    'root: "/does/not/exist" is not allowed; allowed: a folder that exists',
  );
});

test('reads run side by side; who lists or searches a folder waits for who writes below it', async () => {
  const { tools } = await world();
  const of = (tool: string, args: Json) =>
    toolSpecOf(tools.find(({ spec }) => spec.name === tool)!.spec).effects!(args, {
      pid: 1 as never,
      name: '',
      run: '',
    });
  const together = (...calls: readonly [string, Json][]): boolean => {
    const table = new LockTable();
    return calls.every(([tool, args], id) => table.acquire(id, of(tool, args)));
  };
  expect(together(['read_file', { path: 'a.txt' }], ['read_file', { path: 'a.txt' }])).toBe(true);
  expect(together(['read_file', { path: 'a.txt' }], ['write_file', { path: 'src/b.ts', text: '' }])).toBe(
    true,
  );
  expect(together(['read_file', { path: 'a.txt' }], ['write_file', { path: './a.txt', text: '' }])).toBe(
    false,
  );
  expect(together(['write_file', { path: 'src/x/y', text: '' }], ['list_files', { path: 'src' }])).toBe(
    false,
  );
  expect(together(['search_files', { text: 'x' }], ['write_file', { path: 'src/x', text: '' }])).toBe(false);
  expect(together(['search_files', { text: 'x' }], ['list_files', {}])).toBe(true);
});
