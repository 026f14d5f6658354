/** Property: whatever programs, faults and signals do, the kernel keeps its promises. A failing seed names itself; it becomes a scenario of its own. */
import { expect, test } from 'vitest';

import type { EventBody } from '../../src/kernel/events.ts';
import { seedCount } from '../support/seeds.ts';
import { runWorld, type WorldResult } from './random-world.ts';

type AfterCrash = 'process.restored' | 'tool.interrupted' | 'lock.restored' | 'semaphore.restored';
/** Prefetching, changing engines, and what servers do have worlds of their own. */
type OfOwnWorlds =
  | 'process.released'
  | 'lock.kept'
  | 'budget.added'
  | 'budget.removed'
  | 'process.migrated'
  | 'page.prefetched'
  | `prefetch.${string}`;

/** Every event but those. */
const eventTypes: Readonly<Record<Exclude<EventBody['type'], AfterCrash | OfOwnWorlds>, true>> = {
  'process.spawned': true,
  'process.ready': true,
  'process.dispatched': true,
  'process.waiting': true,
  'process.suspended': true,
  'process.continued': true,
  'queue.held': true,
  'queue.released': true,
  'process.terminated': true,
  'call.requested': true,
  'call.stopped': true,
  'call.ended': true,
  'call.refused': true,
  'call.bypassed': true,
  'page.faulted': true,
  'page.loaded': true,
  'page.evicted': true,
  'page.freed': true,
  'page.dropped': true,
  'budget.reserved': true,
  'budget.settled': true,
  'budget.queued': true,
  'budget.overrun': true,
  'budget.throttled': true,
  'budget.exhausted': true,
  'call.degraded': true,
  'tool.started': true,
  'tool.ended': true,
  'tool.refused': true,
  'tool.late': true,
  'tool.settled': true,
  'person.asked': true,
  'person.answered': true,
  'message.sent': true,
  'message.received': true,
  'lock.queued': true,
  'lock.acquired': true,
  'lock.released': true,
  'lock.withdrawn': true,
  'semaphore.opened': true,
  'semaphore.queued': true,
  'semaphore.taken': true,
  'semaphore.posted': true,
  'semaphore.withdrawn': true,
  'process.boosted': true,
  'process.unboosted': true,
  'deadlock.detected': true,
  'signal.delivered': true,
  'checkpoint.saved': true,
  'program.failed': true,
};

function runSeed(seed: number): WorldResult {
  try {
    return runWorld(seed);
  } catch (error) {
    throw new Error(`runWorld(${seed}): ${String(error)}`, { cause: error });
  }
}

test('random programs, faults and signals: no promise is broken, nothing is left behind', () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(600, 100_000); seed++)
    for (const [type, count] of runSeed(seed).counts) counts.set(type, (counts.get(type) ?? 0) + count);
  // These worlds get everywhere.
  expect([...counts.keys()].sort()).toEqual(Object.keys(eventTypes).sort());
  for (const [type, count] of counts) expect(count, type).toBeGreaterThan(4);
});

test('the same seed gives the same events, another seed others', () => {
  const hashes = new Set<number>();
  const seeds = seedCount(20, 1_000);
  for (let seed = 1; seed <= seeds; seed++) {
    const first = runSeed(seed);
    expect(runSeed(seed), `seed ${seed}`).toEqual(first);
    hashes.add(first.hash);
  }
  expect(hashes.size).toBe(seeds);
});
