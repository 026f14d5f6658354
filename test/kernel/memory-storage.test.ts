import { expect, test } from 'vitest';

import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { storageContract } from './storage-contract.ts';
import { audit, checkpoint, history, pidOf, processStarted, runStarted } from './storage-records.ts';

storageContract('memory', () => new MemoryStorage());

test('one flush carries all that waits', async () => {
  const storage = new MemoryStorage();
  await storage.append([runStarted(), processStarted()]);
  expect(storage.flushes).toBe(1);
  await Promise.all([
    storage.append([history(1)]),
    storage.append([history(2)]),
    storage.append([history(3)]),
  ]);
  expect(storage.flushes).toBe(2);
});

test('nothing is acknowledged, or read, before it is durable', async () => {
  const storage = new MemoryStorage();
  let isAcknowledged = false;
  const appended = storage.append([runStarted()]).then(() => (isAcknowledged = true));
  expect(isAcknowledged).toBe(false);
  expect(storage.flushes).toBe(0);
  expect(await storage.runs()).toEqual([]); // asked before the flush
  await appended;
  expect(await storage.runs()).toHaveLength(1);
});

test('a crash loses what was not flushed and nothing else', async () => {
  const storage = new MemoryStorage();
  await storage.append([runStarted(), processStarted(), history(1), audit(1)]);
  const memory = {
    identity: { run: 'r1', branch: 'main', pid: pidOf(1), n: 3, index: 0 },
    scope: 's',
    text: 'cold',
    atUs: 1,
  };
  const lost = [storage.append([history(2), audit(2)]), storage.remember(memory)];
  storage.crash();
  for (const promise of lost)
    await expect(promise).rejects.toThrow('storage: crashed before this was durable');
  expect(await storage.history('r1')).toEqual([history(1)]);
  expect(await storage.recall({ scope: 's', query: 'cold', limit: 5 })).toEqual([]);
  expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true, head: { count: 1 } });
  // After the restart the work is done again.
  await storage.append([history(2), audit(2)]);
  expect(await storage.history('r1')).toEqual([history(1), history(2)]);
});

test('the store takes what its caller goes on changing', () => {
  const store = new MemoryStore();
  const state = { found: ['a'] };
  const value = { list: [1] };
  store.append([
    runStarted(),
    processStarted(),
    history(1, { result: { ok: true, value } }),
    checkpoint(2, { state }),
  ]);
  state.found.push('later');
  value.list.push(2);
  expect(store.history('r1')[0]!.result).toEqual({ ok: true, value: { list: [1] } });
  expect(store.lastCheckpoint({ run: 'r1', branch: 'main', pid: pidOf(1) })!.state).toEqual({ found: ['a'] });
});

test('the store throws at once what the storage rejects', () => {
  const store = new MemoryStore();
  expect(() => store.append([history(1)])).toThrow(/run that has not started/);
  expect(() => store.history('')).toThrow(/run: "" is not allowed/);
});
