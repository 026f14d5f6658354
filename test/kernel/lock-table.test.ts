import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { LockTable } from '../../src/kernel/lock-table.ts';
import type { Effects } from '../../src/kernel/lock-table.ts';
import { seedCount } from '../support/seeds.ts';

const reads = (...keys: string[]): Effects => ({ reads: keys, writes: [] });
const writes = (...keys: string[]): Effects => ({ reads: [], writes: keys });

test('write after write does not run in parallel', () => {
  const table = new LockTable();
  expect(table.acquire(1, writes('file'))).toBe(true);
  expect(table.acquire(2, writes('file'))).toBe(false);
  expect([table.holds(1), table.holds(2), table.waits(2), table.waiting]).toEqual([true, false, true, 1]);
  expect(table.release(1)).toEqual([2]);
  expect([table.holds(1), table.holds(2), table.waits(2), table.waiting]).toEqual([false, true, false, 0]);
});

test('write after read does not run in parallel', () => {
  const table = new LockTable();
  expect(table.acquire(1, reads('file'))).toBe(true);
  expect(table.acquire(2, writes('file'))).toBe(false);
  expect(table.release(1)).toEqual([2]);
});

test('read after write does not run in parallel', () => {
  const table = new LockTable();
  expect(table.acquire(1, writes('file'))).toBe(true);
  expect(table.acquire(2, reads('file'))).toBe(false);
  expect(table.release(1)).toEqual([2]);
});

test('readers run in parallel, and so do calls of different resources', () => {
  const table = new LockTable();
  expect(table.acquire(1, reads('file'))).toBe(true);
  expect(table.acquire(2, reads('file', 'other'))).toBe(true);
  expect(table.acquire(3, writes('third'))).toBe(true);
  expect(table.acquire(4, { reads: [], writes: [] })).toBe(true);
  expect(table.release(4)).toEqual([]);
});

test('a reader does not overtake a waiting writer, so the writer does not starve', () => {
  const table = new LockTable();
  table.acquire(1, reads('file'));
  expect(table.acquire(2, writes('file'))).toBe(false);
  expect(table.acquire(3, reads('file'))).toBe(false);
  expect(table.acquire(4, reads('other'))).toBe(true);
  expect(table.release(1)).toEqual([2]);
  expect(table.release(2)).toEqual([3]);
});

test('all keys at once: a waiting call holds none, but no later one passes it on any of them', () => {
  const table = new LockTable();
  table.acquire(1, writes('a'));
  expect(table.acquire(2, writes('a', 'b'))).toBe(false);
  expect(table.acquire(3, writes('b'))).toBe(false);
  expect(table.release(1)).toEqual([2]);
  expect(table.release(2)).toEqual([3]);
});

test('two calls that name the same keys in another order do not wait for each other', () => {
  const table = new LockTable();
  expect(table.acquire(1, writes('a', 'b'))).toBe(true);
  expect(table.acquire(2, writes('b', 'a'))).toBe(false);
  expect(table.release(1)).toEqual([2]);
});

test('a withdrawn call lets those through that only it kept out, in the order of arrival', () => {
  const table = new LockTable();
  table.acquire(1, reads('a'));
  table.acquire(2, writes('a', 'b'));
  table.acquire(7, writes('b'));
  table.acquire(4, reads('a'));
  expect(table.release(2)).toEqual([7, 4]);
  expect(table.waiting).toBe(0);
});

test('a withdrawn call hands nobody what another one still holds', () => {
  const table = new LockTable();
  table.acquire(1, writes('a'));
  table.acquire(2, writes('a'));
  table.acquire(3, writes('a'));
  expect(table.release(2)).toEqual([]);
  expect(table.release(1)).toEqual([3]);
});

test('a key that is read and written by one call, or named twice, is written once', () => {
  const table = new LockTable();
  expect(table.acquire(1, { reads: ['a', 'a', 'b'], writes: ['a', 'a'] })).toBe(true);
  expect(table.acquire(2, reads('a'))).toBe(false);
  expect(table.acquire(3, reads('b'))).toBe(true);
});

test('* conflicts with every key', () => {
  const table = new LockTable();
  table.acquire(1, reads('a'));
  expect(table.acquire(2, writes('*'))).toBe(false);
  expect(table.acquire(3, reads('b'))).toBe(false);
  expect(table.acquire(4, { reads: [], writes: [] })).toBe(true);
  expect(table.release(1)).toEqual([2]);
  expect(table.release(2)).toEqual([3]);
  expect(table.acquire(5, reads('*'))).toBe(true);
  expect(table.acquire(6, reads('*'))).toBe(true);
  expect(table.acquire(7, writes('b'))).toBe(false);
  expect(table.acquire(8, { reads: ['*'], writes: ['c'] })).toBe(false);
  expect(table.release(3)).toEqual([]);
  expect(table.release(5)).toEqual([]);
  expect(table.release(6)).toEqual([7]);
  expect(table.release(7)).toEqual([8]);
});

test('names of the language itself are keys like others', () => {
  const table = new LockTable();
  expect(table.acquire(1, writes('__proto__', 'constructor'))).toBe(true);
  expect(table.acquire(2, reads('toString'))).toBe(true);
  expect(table.acquire(3, reads('__proto__'))).toBe(false);
});

test('an id twice, or an unknown one, is a wrong program', () => {
  const table = new LockTable();
  table.acquire(1, reads('a'));
  expect(() => table.acquire(1, reads('b'))).toThrow('lock call 1 is already in the table');
  expect(() => table.release(2)).toThrow('lock call 2 is not in the table');
});

/** The specification itself: an ordered list, scanned for every question. */
class NaiveTable {
  #calls: { id: number; effects: Effects; holds: boolean }[] = [];

  acquire(id: number, effects: Effects): boolean {
    const holds = this.#calls.every((earlier) => !conflict(earlier.effects, effects));
    this.#calls.push({ id, effects, holds });
    return holds;
  }

  release(id: number): number[] {
    this.#calls = this.#calls.filter((call) => call.id !== id);
    const granted: number[] = [];
    for (const [index, call] of this.#calls.entries()) {
      if (call.holds || this.#calls.slice(0, index).some((e) => conflict(e.effects, call.effects))) continue;
      call.holds = true;
      granted.push(call.id);
    }
    return granted;
  }

  ids(holds: boolean): number[] {
    return this.#calls.filter((call) => call.holds === holds).map((call) => call.id);
  }

  /** Pairs that run side by side although they must not. */
  clashes(): number {
    const running = this.#calls.filter((call) => call.holds);
    return running.filter((a, i) => running.slice(0, i).some((b) => conflict(a.effects, b.effects))).length;
  }
}

/** Pair by pair over all accesses, at least one of the two a write. */
function conflict(a: Effects, b: Effects): boolean {
  const accesses = ({ reads, writes }: Effects): [key: string, isWrite: boolean][] => [
    ...reads.map((key): [string, boolean] => [key, false]),
    ...writes.map((key): [string, boolean] => [key, true]),
  ];
  return accesses(a).some(([keyA, writeA]) =>
    accesses(b).some(
      ([keyB, writeB]) => (writeA || writeB) && (keyA === keyB || keyA === '*' || keyB === '*'),
    ),
  );
}

const someKeys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'a', 'b', '*'), { maxLength: 3 });
const someEffects: fc.Arbitrary<Effects> = fc.record({ reads: someKeys, writes: someKeys });
/** Effects: a new call asks. A number: that one of the calls in the table (modulo their count) ends, holding or waiting. */
const someActions = fc.array(fc.oneof(someEffects, fc.nat()), { maxLength: 60 });

test('random calls: as the naive table does, nothing clashes, and all are granted in the end', () => {
  fc.assert(
    fc.property(someActions, (actions) => {
      const table = new LockTable();
      const naive = new NaiveTable();
      let lastId = 0;
      const release = (id: number): void => {
        expect(table.release(id)).toEqual(naive.release(id));
      };
      const compare = (): void => {
        table.checkInvariants();
        expect(naive.ids(true).every((id) => table.holds(id) && !table.waits(id))).toBe(true);
        expect(naive.ids(false).every((id) => table.waits(id) && !table.holds(id))).toBe(true);
        expect(table.waiting).toBe(naive.ids(false).length);
        expect(naive.clashes()).toBe(0);
      };
      for (const action of actions) {
        if (typeof action === 'number') {
          const ids = [...naive.ids(true), ...naive.ids(false)];
          if (ids.length > 0) release(ids[action % ids.length]!);
        } else {
          lastId++;
          expect(table.acquire(lastId, action)).toBe(naive.acquire(lastId, action));
        }
        compare();
      }
      // Whoever holds ends: every waiting call must get its turn.
      for (let holder = naive.ids(true)[0]; holder !== undefined; holder = naive.ids(true)[0])
        release(holder);
      compare();
      expect(table.waiting).toBe(0);
    }),
    { seed: 5, numRuns: seedCount(2_000, 100_000) },
  );
});

test('ten thousand calls behind one writer are let through in turn', () => {
  const table = new LockTable();
  const count = 10_000;
  for (let id = 0; id < count; id++) table.acquire(id, { reads: ['shared'], writes: ['server'] });
  expect(table.waiting).toBe(count - 1);
  for (let id = 0; id < count - 1; id++) expect(table.release(id)[0]).toBe(id + 1);
  expect(table.waiting).toBe(0);
});
