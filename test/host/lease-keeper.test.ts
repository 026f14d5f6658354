import { expect, test } from 'vitest';

import { LeaseKeeper, type LeaseOptions } from '../../src/host/lease-keeper.ts';
import type { Clock } from '../../src/host/ports.ts';
import type { KernelError } from '../../src/kernel/errors.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { LeaseClaim, LeaseVerdict, StorageManager } from '../../src/kernel/storage.ts';
import { unavailable } from '../support/failing-storage.ts';

/** A clock that stands still until it is told. */
class TestClock implements Clock {
  private us = 1_000;
  private timers: { readonly atUs: number; readonly act: () => void }[] = [];

  nowUs(): number {
    return this.us;
  }

  at(atUs: number, act: () => void): () => void {
    const timer = { atUs, act };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((one) => one !== timer));
  }

  get waiting(): number {
    return this.timers.length;
  }

  /** Time passes, and what is due is done, with all that it leads to. */
  async pass(us: number): Promise<void> {
    const untilUs = this.us + us;
    for (;;) {
      const due = this.timers.toSorted((a, b) => a.atUs - b.atUs).find(({ atUs }) => atUs <= untilUs);
      if (due === undefined) break;
      this.timers = this.timers.filter((one) => one !== due);
      this.us = due.atUs;
      due.act();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.us = untilUs;
  }
}

function world(storage: LeaseOptions['storage'] = new MemoryStorage()) {
  const clock = new TestClock();
  const lost: KernelError[] = [];
  const options = (holder: string): LeaseOptions => ({
    storage,
    clock,
    run: 'r1',
    holder,
    termUs: 30,
    onLost: (why) => lost.push(why),
  });
  return { clock, lost, storage, options };
}

const keeper = (taken: LeaseKeeper | LeaseVerdict): LeaseKeeper => {
  expect(taken).toBeInstanceOf(LeaseKeeper);
  return taken as LeaseKeeper;
};

test('whoever drives a run keeps others out, until it gives the lease back', async () => {
  const { clock, lost, options } = world();
  const first = keeper(await LeaseKeeper.take(options('a')));
  await clock.pass(1_000);
  expect(await LeaseKeeper.take(options('b'))).toMatchObject({ ok: false, holder: 'a', untilUs: 2_030 });
  await first.release();
  await first.release();
  expect(clock.waiting).toBe(0);
  const second = keeper(await LeaseKeeper.take(options('b')));
  await second.release();
  expect(lost).toEqual([]);
});

test('who has lost it is told, once', async () => {
  const { clock, lost, storage, options } = world();
  keeper(await LeaseKeeper.take(options('a')));
  await storage.release({ run: 'r1', holder: 'a' });
  keeper(await LeaseKeeper.take(options('b')));
  await clock.pass(10);
  await clock.pass(1_000);
  expect(lost.map(({ code, message }) => [code, message])).toEqual([
    ['LEASE_LOST', 'run "r1": another worker has taken it over'],
  ]);
});

test('a storage that fails for a while costs nothing, one that fails for a term costs the lease, and so does one that does not answer', async () => {
  const stored = new MemoryStorage();
  let state: 'there' | 'fails' | 'silent' = 'there';
  const storage: Pick<StorageManager, 'lease' | 'release'> = {
    lease(claim: LeaseClaim) {
      if (state === 'silent') return new Promise(() => {});
      return state === 'there' ? stored.lease(claim) : Promise.reject(new Error('connection lost'));
    },
    release: (claim) => stored.release(claim),
  };
  for (const failing of ['fails', 'silent'] as const) {
    const { clock, lost, options } = world(storage);
    state = 'there';
    const one = keeper(await LeaseKeeper.take(options('a')));
    state = 'fails';
    await clock.pass(20);
    state = 'there';
    await clock.pass(100);
    expect(lost).toEqual([]);
    state = failing;
    await clock.pass(31);
    expect(lost.map(({ message }) => message)).toEqual([
      'run "r1": its lease could not be prolonged in time',
    ]);
    expect(clock.waiting).toBe(0);
    await one.release();
    await stored.release({ run: 'r1', holder: 'a' });
  }
});

test('a storage that is unavailable for long costs the lease only when another worker has had it', async () => {
  for (const isTaken of [false, true]) {
    const stored = new MemoryStorage();
    let isThere = true;
    const { clock, lost, options } = world({
      lease: (claim) => (isThere ? stored.lease(claim) : Promise.reject(unavailable())),
      release: (claim) => stored.release(claim),
    });
    const one = keeper(await LeaseKeeper.take(options('a')));
    isThere = false;
    await clock.pass(200);
    expect(lost).toEqual([]);
    if (isTaken)
      await stored.lease({ run: 'r1', holder: 'b', atUs: clock.nowUs(), untilUs: clock.nowUs() + 1e6 });
    isThere = true;
    await clock.pass(100);
    expect(lost).toHaveLength(isTaken ? 1 : 0);
    await one.release();
    expect(clock.waiting).toBe(0);
  }
});

test('who leaves a run lets others take it at once, and it goes on telling who had it', async () => {
  const storage = new MemoryStorage();
  const { clock, options, lost } = world(storage);
  await storage.append([{ v: 1, type: 'run.started', run: 'r1', branch: 'main', atUs: 1 }]);
  const first = keeper(await LeaseKeeper.take(options('a')));
  await first.leave();
  const [summary] = await storage.runs({ run: 'r1' });
  expect(summary).toMatchObject({ lease: { holder: 'a', untilUs: clock.nowUs() + 1 } });
  expect(clock.waiting).toBe(0);
  await clock.pass(1);
  keeper(await LeaseKeeper.take(options('b')));
  expect(lost).toEqual([]);
});
