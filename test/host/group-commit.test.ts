import { expect, test } from 'vitest';

import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { GroupCommit } from '../../src/host/group-commit.ts';
import { StorageWaits } from '../../src/host/storage-waits.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';

const record = { type: 'page' } as unknown as KernelRecord;

test('what is asked for while a flush without acts is under way waits for its own, and is done once', async () => {
  const flushes: (() => void)[] = [];
  const append = () => new Promise<void>((resolve) => void flushes.push(resolve));
  const commit = new GroupCommit({
    storage: { append, newWriter: () => 'w' },
    waits: new StorageWaits(new SystemClock()),
    onFailure: (error) => expect.unreachable(String(error)),
  });
  let done = 0;
  commit.add([record]);
  commit.flush();
  commit.add([record]);
  commit.whenDurable(() => done++);
  commit.flush();
  flushes.shift()!();
  await new Promise(setImmediate);
  // Its record is not stored yet.
  expect(done).toBe(0);
  flushes.shift()!();
  await new Promise(setImmediate);
  expect(done).toBe(1);
  expect(commit.isIdle).toBe(true);
});
