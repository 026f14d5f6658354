/** A storage that is unavailable for a while: nothing is lost, nothing is done or stored twice, and nothing is done before it is stored. */
import { expect, test } from 'vitest';

import { rngFor } from '../../src/base/rng.ts';
import { pageOf } from '../../src/agents/model/messages.ts';
import type { Clock } from '../../src/host/ports.ts';
import type { StorageNews } from '../../src/host/storage-waits.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import type { Program, ProgramBody } from '../../src/kernel/syscalls.ts';
import { failingStorage, randomFate, unavailable, type Fate } from '../support/failing-storage.ts';
import { live, said } from '../support/live.ts';
import { seedCount } from '../support/seeds.ts';

const programOf = (body: ProgramBody): Program => ({ name: 'test', version: 1, body });
const spawn = { program: 'test', arguments: null, name: 'agent', run: 'r1' };
const runs = ['r1', 'r2', 'r3'];
const rounds = 4;

/** All that a program may ask of a storage, with calls between. */
const busy = programOf(function* (sys) {
  const scope = sys.args as string;
  yield { kind: 'allocate', tokens: 2, text: pageOf({ role: 'user', text: `Hello ${scope}` }) };
  const seen: unknown[] = [];
  for (let round = 0; round < rounds; round++) {
    seen.push(yield { kind: 'think', maxOutput: 20, request: {} });
    const calls = [0, 1].map((index) => ({
      tool: 'write',
      arguments: { line: `${scope} ${round}.${index}` },
    }));
    seen.push(yield { kind: 'callTools', calls });
    seen.push(yield { kind: 'remember', scope, text: `round ${round}`, key: `key ${round % 2}` });
    seen.push(yield { kind: 'recall', scope, query: 'round' });
    yield { kind: 'checkpoint', state: round };
  }
  return JSON.parse(JSON.stringify(seen)) as never;
});

/** Time stands still, so that the records of two worlds can be compared; what is to be done within ten seconds is done soon, what is later never. */
const stillClock: Clock = {
  nowUs: () => 0,
  at(atUs, then) {
    if (atUs > 10_000_000) return () => {};
    const immediate = setImmediate(then);
    return () => clearImmediate(immediate);
  },
};

interface World {
  readonly ends: unknown;
  readonly stored: unknown;
  /** What the world saw, each with how much of its run was stored by then. */
  readonly acts: Readonly<Record<string, readonly string[]>>;
  readonly news: readonly StorageNews[];
}

async function world(fate: () => Fate): Promise<World> {
  const inner = new MemoryStorage();
  const news: StorageNews[] = [];
  const acts: Record<string, string[]> = Object.fromEntries(runs.map((run) => [run, []]));
  const act = async (run: string, what: string): Promise<void> => {
    const { length: results } = await inner.history(run);
    const { length: entries } = await inner.audit(run);
    acts[run]!.push(`${what}, behind ${results} results and ${entries} entries`);
  };
  const { live: kernel } = live({
    program: busy,
    model: {
      call: async ({ identity, messages }) => {
        await act(identity.run, `asked with ${messages.length} messages`);
        return said(`answer ${messages.length}`);
      },
    },
    tools: {
      call: async ({ identity, arguments: args }) => {
        const { line } = args as { readonly line: string };
        await act(identity.run, `wrote ${line}`);
        return { ok: true, value: line };
      },
    },
    kernel: {
      engines: [{ name: 'model', preemption: 'none', cores: 3 }],
      tools: [
        {
          name: 'write',
          description: 'Writes.',
          parameters: { type: 'object' },
          effects: () => ({ reads: [], writes: [] }),
        },
      ],
    },
    options: { storage: failingStorage(inner, fate), clock: stillClock, onStorage: (one) => news.push(one) },
  });
  const spawned = runs.map((run) => kernel.spawn({ ...spawn, run, arguments: run }).end);
  const ends = await Promise.all(spawned);
  return { ends, stored: await everything(inner), acts, news };
}

async function everything(storage: StorageManager): Promise<unknown> {
  const ledger = await storage.ledger();
  return Promise.all(
    runs.map(async (run) => {
      const processes = await storage.processes(run);
      return {
        processes,
        verdict: await storage.verifyAudit(run),
        audit: await storage.audit(run),
        history: await storage.history(run),
        // `seq` counts the calls of all runs.
        ledger: ledger.filter((record) => record.run === run).map((record) => ({ ...record, seq: 0 })),
        journals: await Promise.all(processes.map((process) => storage.journal(process))),
        checkpoints: await Promise.all(processes.map((process) => storage.lastCheckpoint(process))),
        memories: await storage.recall({ scope: run, query: 'round', limit: 9 }),
      };
    }),
  );
}

test('whatever calls fail, and whether they were carried out or not, all is as in the undisturbed run', async () => {
  const undisturbed = await world(() => 'done');
  expect(undisturbed.news).toEqual([]);
  expect(undisturbed.acts['r1']).toHaveLength(rounds * 3);
  expect(undisturbed.stored).toMatchObject(runs.map(() => ({ verdict: { ok: true } })));
  for (let seed = 1; seed <= seedCount(15, 2_000); seed++) {
    const disturbed = await world(randomFate(rngFor(seed, 'storage'), 0.05 + (seed % 5) * 0.15));
    const { news } = disturbed;
    expect(disturbed, `seed ${seed}`).toEqual({ ...undisturbed, news });
    expect(news.length, `seed ${seed}`).toBeGreaterThan(0);
    expect(news.map(({ type }) => type)).toEqual(
      news.map((_, index) => (index % 2 === 0 ? 'unavailable' : 'available')),
    );
    expect(news.at(-1)!.type).toBe('available');
  }
});

/** Time that passes when it is told to, by tenths of a second. */
class SteppedClock implements Clock {
  private passedUs = 0;
  private readonly timers = new Map<() => void, number>();

  nowUs(): number {
    return this.passedUs;
  }

  at(atUs: number, then: () => void): () => void {
    this.timers.set(then, atUs);
    return () => this.timers.delete(then);
  }

  async pass(us: number): Promise<void> {
    await new Promise(setImmediate);
    const endUs = this.passedUs + us;
    while (this.passedUs < endUs) {
      this.passedUs += 100_000;
      for (const [then, atUs] of this.timers) {
        if (atUs > this.passedUs) continue;
        this.timers.delete(then);
        then();
      }
      await new Promise(setImmediate);
    }
  }
}

test('the time limit of a call begins when it starts, however long storage kept it from that', async () => {
  const clock = new SteppedClock();
  let isFull = true;
  const calls: string[] = [];
  let release: (line: string) => void = () => {};
  const { live: kernel } = live({
    program: programOf(function* () {
      return (yield { kind: 'callTools', calls: [{ tool: 'write', arguments: {} }] }) as never;
    }),
    tools: {
      call: async ({ tool }) => {
        calls.push(tool);
        return { ok: true, value: await new Promise<string>((resolve) => (release = resolve)) };
      },
    },
    kernel: {
      tools: [{ name: 'write', description: '', parameters: { type: 'object' }, timeoutUs: 1_000_000 }],
    },
    options: { clock, storage: failingStorage(new MemoryStorage(), () => (isFull ? 'not done' : 'done')) },
  });
  const { end } = kernel.spawn(spawn);
  await clock.pass(30_000_000);
  expect(calls).toEqual([]);
  isFull = false;
  while (calls.length === 0) await clock.pass(100_000);
  await clock.pass(800_000);
  release('written');
  await clock.pass(100_000);
  expect((await end).value).toMatchObject({ value: [{ ok: true, value: 'written' }] });
  // And begin it does.
  const { end: late } = kernel.spawn({ ...spawn, run: 'r2' });
  await clock.pass(1_500_000);
  expect((await late).value).toMatchObject({ value: [{ ok: false, code: 'TOOL_TIMEOUT' }] });
});

test('while a storage is unavailable nothing starts, it is tried again after growing waits, and told once', async () => {
  const clock = new SteppedClock();
  let isFull = true;
  let calls = 0;
  const tries: number[] = [];
  const news: StorageNews[] = [];
  const { live: kernel } = live({
    program: programOf(function* () {
      yield { kind: 'think', maxOutput: 20, request: {} };
      return 'ended';
    }),
    model: {
      call: () => {
        calls++;
        return Promise.resolve(said('ok'));
      },
    },
    options: {
      clock,
      storage: failingStorage(new MemoryStorage(), () => {
        tries.push(clock.nowUs() / 1e6);
        return isFull ? 'not done' : 'done';
      }),
      onStorage: (one) => news.push(one),
    },
  });
  await clock.pass(100_000);
  const { end } = kernel.spawn(spawn);
  await clock.pass(20_000_000);
  expect(tries).toEqual([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 11.4, 16.4]);
  expect(calls).toBe(0);
  const told = { message: 'storage test: disk is full', sinceUs: 100_000 };
  expect(news).toEqual([{ type: 'unavailable', ...told }]);
  isFull = false;
  await clock.pass(2_000_000);
  expect(await end).toMatchObject({ outcome: 'completed', value: 'ended' });
  expect(calls).toBe(1);
  expect(news).toEqual([
    { type: 'unavailable', ...told },
    { type: 'available', ...told },
  ]);
});

test('a kernel that is closed while it waits for its storage ends', async () => {
  const cancelled: number[] = [];
  const { live: kernel } = live({
    program: busy,
    options: {
      clock: { nowUs: () => 0, at: (atUs) => () => void cancelled.push(atUs) },
      storage: failingStorage(new MemoryStorage(), () => 'not done'),
    },
  });
  const { end } = kernel.spawn(spawn);
  await new Promise(setImmediate);
  kernel.close();
  await expect(end).rejects.toThrow('the kernel was closed');
  expect(cancelled).toContain(100_000);
});

test('a storage that refuses, now or after it was unavailable, breaks the kernel', async () => {
  for (const failures of [0, 2]) {
    let left = failures;
    const storage = new MemoryStorage();
    const append = (): Promise<void> =>
      Promise.reject(left-- > 0 ? unavailable() : new KernelError('STORAGE_FAILED', 'storage: is damaged'));
    const { live: kernel } = live({
      program: busy,
      options: {
        clock: stillClock,
        storage: Object.assign(Object.create(storage) as MemoryStorage, { append }),
      },
    });
    await expect(kernel.spawn(spawn).end).rejects.toThrow('storage: is damaged');
    expect(() => kernel.spawn(spawn)).toThrow('storage: is damaged');
  }
});
