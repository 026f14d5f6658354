import { expect, test } from 'vitest';

import { GroupCommit } from '../../src/host/group-commit.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import { runStarted } from '../kernel/storage-records.ts';

test('what comes while records without an act are stored is done once, and behind its own records', async () => {
  const order: string[] = [];
  const release: (() => void)[] = [];
  const commit = new GroupCommit(
    {
      append: async (records: readonly KernelRecord[]) => {
        await new Promise<void>((resolve) => release.push(resolve));
        order.push(...records.map(({ run }) => `stored ${run}`));
      },
    },
    (error) => {
      throw error;
    },
  );
  commit.add([runStarted({ run: 'first' })]);
  commit.flush();
  commit.add([runStarted({ run: 'second' })]);
  commit.whenDurable(() => order.push('done'));
  commit.flush();
  for (let turn = 0; turn < 10; turn++) {
    release.shift()?.();
    await new Promise(setImmediate);
  }
  expect(order).toEqual(['stored first', 'stored second', 'done']);
  expect(commit.isIdle).toBe(true);
});
