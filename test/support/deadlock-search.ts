/** Every knot of the wait-for graph of a kernel, found anew from its state alone and by the dullest means: what the kernel must have told. */
import { assert } from '../../src/base/assert.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Process } from '../../src/kernel/process.ts';

/** Throws when somebody is in a knot and the kernel does not say so, or says so of somebody who is in none. */
export function checkDeadlocks(kernel: Kernel): void {
  const alive = kernel['state'].processes.filter(
    (process) => process !== undefined && process.state !== 'terminated',
  ) as Process[];
  const wakers = new Map(alive.map((process) => [process, wakersOf(process, alive)]));
  const stuck = new Set(alive.filter((process) => wakers.get(process) !== undefined));
  for (let before = -1; before !== stuck.size;) {
    before = stuck.size;
    for (const process of stuck)
      if (!wakers.get(process)!.every((waker) => stuck.has(waker))) stuck.delete(process);
  }
  const reach = new Map([...stuck].map((process) => [process, reachable(process, wakers)]));
  // Somebody who may send to all runs may have come since.
  const isOpen = alive.some(({ capabilities }) => capabilities.send === 'all');
  for (const process of alive) {
    const members = reach.get(process);
    const isKnot = members !== undefined && [...members].every((other) => reach.get(other)!.has(process));
    assert(
      isKnot === process.isDeadlocked || (isOpen && !isKnot),
      () => `process ${process.pid}: in a deadlock ${isKnot}, told so ${process.isDeadlocked}`,
    );
  }
}

/** Undefined: the world can help it, or a process that can be helped so. */
function wakersOf(process: Process, alive: readonly Process[]): readonly Process[] | undefined {
  const { pending } = process;
  const family = alive.filter(({ run }) => run === process.run);
  switch (pending?.kind) {
    case 'lock': {
      const owner = alive.find(({ pid }) => pid === pending.lock.owner);
      return pending.timer !== undefined || owner === undefined ? undefined : [owner];
    }
    case 'wait':
      return alive.filter(
        ({ pid, parent }) => parent === process && (pending.pid === 0 || pending.pid === pid),
      );
    case 'semaphore':
      return pending.timer !== undefined || pending.semaphore.count > 0 ? undefined : family;
    case 'receive': {
      const isOpen = alive.some(
        ({ run, capabilities }) => run !== process.run && capabilities.send === 'all',
      );
      return pending.timer !== undefined || isOpen || family.length === 1 ? undefined : family;
    }
    default:
      return undefined;
  }
}

function reachable(
  from: Process,
  wakers: ReadonlyMap<Process, readonly Process[] | undefined>,
): ReadonlySet<Process> {
  const found = new Set([from]);
  for (const process of found) for (const waker of wakers.get(process)!) found.add(waker);
  return found;
}
