import { posix, win32 } from 'node:path';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { fileKeys, placeIn } from '../../src/kernel/file-keys.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { toolSpecOf, type ToolData } from '../../src/kernel/tool-data.ts';

const caller = { pid: 3 as Pid, name: 'worker', run: 'r1' };
const effectsOf = (data: Partial<ToolData>, args = {}) =>
  toolSpecOf({ name: 'tool', ...data }).effects?.(args, caller);

test('effects follow from the data and the arguments', () => {
  expect(effectsOf({})).toBeUndefined();
  expect(effectsOf({ reads: [], writes: [] })).toEqual({ reads: [], writes: [] });
  expect(effectsOf({ writes: ['row/{table}/{pid}/{run}'] }, { table: 't' })).toEqual({
    reads: [],
    writes: ['row/t/3/r1'],
  });
  const files = (access: 'read' | 'write') => ({ files: { root: '/data/x', access } });
  expect(effectsOf(files('read'), { path: './a/../b/c.txt' })).toEqual({
    reads: ['file:b/c.txt'],
    writes: [],
  });
  expect(effectsOf(files('read'))).toEqual({ reads: ['file:.'], writes: [] });
  expect(effectsOf(files('write'), { path: '/data/x/b/c.txt' })).toEqual({
    reads: [],
    writes: ['file:.', 'file:b', 'file:b/c.txt'],
  });
});

test('approval of what writes', () => {
  const { approval } = toolSpecOf({ name: 'tool', approval: 'writes' });
  if (typeof approval !== 'function') throw new Error('a rule');
  expect(approval({}, { reads: ['a'], writes: [] })).toBe(false);
  expect(approval({}, { reads: [], writes: ['a'] })).toBe(true);
});

test('the data is JSON: written and read again it makes the same tool', () => {
  const data: ToolData = { name: 'tool', reads: ['a/{x}'], approval: true, timeoutUs: 5, server: 's' };
  const again = toolSpecOf(JSON.parse(JSON.stringify(data)) as ToolData);
  expect(JSON.stringify(again)).toBe(JSON.stringify(toolSpecOf(data)));
  expect(again.effects!({ x: 1 }, caller)).toEqual({ reads: ['a/1'], writes: [] });
});

test('property: places are those that the path library finds, on both kinds of system', () => {
  const part = fc.constantFrom('a', 'b', '..', '.', '', 'c d');
  const path = fc.array(part, { maxLength: 6 });
  fc.assert(
    fc.property(path, fc.boolean(), fc.constantFrom('/', '/root', '/root/a'), (parts, fromTop, root) => {
      const asked = (fromTop ? '/' : '') + parts.join('/');
      const inside = posix.relative(root, posix.resolve(root, asked));
      const isOutside = inside === '..' || inside.startsWith('../');
      expect(placeIn(root, asked)).toBe(isOutside ? undefined : inside || '.');
    }),
    { seed: 11, numRuns: 500 },
  );
  fc.assert(
    fc.property(path, fc.constantFrom('\\', '/'), (parts, separator) => {
      const root = 'C:\\work\\a';
      const asked = parts.join(separator).replace(/^[\\/]+/, '');
      const inside = win32.relative(root, win32.resolve(root, asked));
      const isOutside = inside === '..' || inside.startsWith('..\\') || win32.isAbsolute(inside);
      expect(placeIn(root, asked)).toBe(isOutside ? undefined : inside.replaceAll('\\', '/') || '.');
    }),
    { seed: 12, numRuns: 300 },
  );
  expect(placeIn('/root', 'a\0b')).toBeUndefined();
  expect(fileKeys('/root', '/elsewhere')).toEqual(['file:.', 'file:', 'file:/elsewhere']);
});
