/** What priority inheritance looks at, counted: priorities read, and comparisons in its heaps. */
import { expect, test } from 'vitest';

import { KeyedHeaps } from '../../src/base/keyed-heaps.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { KernelState } from '../../src/kernel/kernel-state.ts';
import type { NamedLock } from '../../src/kernel/named-locks.ts';
import { PriorityInheritance } from '../../src/kernel/priority-inheritance.ts';
import type { Process } from '../../src/kernel/process.ts';

let looks = 0;
const { value } = Object.getOwnPropertyDescriptor(KeyedHeaps.prototype, 'isBefore')!;
const isBefore = value as (this: unknown, one: number, other: number) => boolean;
Object.defineProperty(KeyedHeaps.prototype, 'isBefore', {
  value(this: unknown, one: number, other: number) {
    looks++;
    return isBefore.call(this, one, other);
  },
});

/** As much of a process as inheritance looks at. */
function fakeProcess(pid: number, priority: number): Process {
  let effective = priority;
  const fields: Partial<Record<keyof Process, unknown>> = {
    pid,
    priority,
    locks: new Set(),
    pending: undefined,
    queued: false,
    core: -1,
    state: 'waiting',
  };
  return Object.defineProperty(fields, 'effectivePriority', {
    get: () => {
      looks++;
      return effective;
    },
    set: (value: number) => {
      effective = value;
    },
  }) as unknown as Process;
}

test.each([8, 64])(
  'one of %i locks with as many waiters each: who comes or goes costs a logarithm of all',
  (size) => {
    const rng = rngFor(1, 'inheritance');
    const processes: (Process | undefined)[] = [undefined];
    const add = (priority: number): Process => {
      const process = fakeProcess(processes.length, priority);
      processes.push(process);
      return process;
    };
    const out = { emit: () => undefined };
    const state = { options: { lockProtocol: 'inheritance' }, processes, out } as unknown as KernelState;
    const inheritance = new PriorityInheritance(state);
    const owner = add(100);
    const locks = Array.from({ length: size }, (_, index): NamedLock => {
      const lock = { name: `${index}`, number: index + 1, owner: owner.pid, token: 1, ownerEnded: false };
      return { ...lock, waiters: new Set<Process>() };
    });
    for (const lock of locks) owner.locks!.add(lock);
    const begins = (waiter: Process, lock: NamedLock): void => {
      lock.waiters.add(waiter);
      waiter.pending = { kind: 'lock', lock, timer: undefined };
      inheritance.lend(waiter, lock);
    };
    const ends = (waiter: Process, lock: NamedLock): void => {
      lock.waiters.delete(waiter);
      waiter.pending = undefined;
      inheritance.left(waiter, lock);
      inheritance.settle(owner);
    };
    const waiters = locks.flatMap((lock) =>
      Array.from({ length: size }, () => {
        const waiter = add(rng.next() * 99);
        begins(waiter, lock);
        return { waiter, lock };
      }),
    );
    inheritance.checkInvariants();
    let counted = 0;
    const rounds = 1_000;
    for (let round = 0; round < rounds; round++) {
      // Mostly the most urgent, whose leaving changes most.
      const urgent = waiters.find(({ waiter }) => waiter.effectivePriority === owner.effectivePriority)!;
      const { waiter, lock } = round % 3 === 0 ? waiters[rng.integer(waiters.length)]! : urgent;
      const before = looks;
      ends(waiter, lock);
      begins(waiter, lock);
      counted += looks - before;
    }
    inheritance.checkInvariants();
    // Two operations.
    expect(counted / rounds).toBeLessThanOrEqual(2 * 3 * Math.log2(size * size));
    expect(counted / rounds).toBeGreaterThan(2);
  },
);
