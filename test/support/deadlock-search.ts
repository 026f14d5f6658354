/** The deadlocks of a kernel, found anew from its state alone and by the dullest means: what the kernel must have told. */
import { assert } from '../../src/base/assert.ts';
import type { Engine } from '../../src/kernel/engine.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Extent } from '../../src/kernel/memory/extent.ts';
import type { Process } from '../../src/kernel/process.ts';

/** Of a waiting process: whom it waits for, and whether it still does when all act that are not among `stuck`. */
interface Wait {
  readonly wakers: readonly Process[];
  holdsUp(stuck: ReadonlySet<Process>): boolean;
}

/**
 * Throws when somebody is in a deadlock and the kernel does not say so, or says so of somebody who is in none. Who waits for memory while calls run on its engine
 * is not to be told yet.
 */
export function checkDeadlocks(kernel: Kernel): void {
  const alive = kernel['state'].processes.filter(
    (process) => process !== undefined && process.state !== 'terminated',
  ) as Process[];
  const waits = new Map(alive.map((process) => [process, waitOf(process, alive, kernel)]));
  const told = alive.filter(({ isDeadlocked }) => isDeadlocked);
  const missed = stuckOf(
    alive.filter((process) => !process.isDeadlocked && !mayStillFit(process)),
    waits,
  );
  assert(missed.size === 0, () => `processes ${pidsOf(missed)} wait for each other, and it is not told`);
  // Somebody who may send to all runs may have come since.
  if (alive.some(({ capabilities }) => capabilities.send === 'all')) return;
  for (const { deadlock } of told) {
    const members = told.filter((other) => other.deadlock === deadlock);
    const stuck = stuckOf(members, waits);
    assert(
      members.every((member) => stuck.has(member)),
      () => `processes ${pidsOf(members)} are told to wait for each other, ${pidsOf(stuck)} do`,
    );
    for (const member of members) {
      const ahead = reachable(member, waits);
      assert(
        members.every((other) => ahead.has(other)),
        () => `process ${member.pid} does not wait for all of ${pidsOf(members)}`,
      );
    }
  }
}

const pidsOf = (processes: Iterable<Process>): string => Array.from(processes, ({ pid }) => pid).join(', ');

/** Those of `some` that go on only if another of them does. */
function stuckOf(
  some: readonly Process[],
  waits: ReadonlyMap<Process, Wait | undefined>,
): ReadonlySet<Process> {
  const stuck = new Set(some);
  for (let before = -1; before !== stuck.size;) {
    before = stuck.size;
    for (const process of stuck) if (waits.get(process)?.holdsUp(stuck) !== true) stuck.delete(process);
  }
  return stuck;
}

function reachable(from: Process, waits: ReadonlyMap<Process, Wait | undefined>): ReadonlySet<Process> {
  const found = new Set([from]);
  for (const process of found) for (const waker of waits.get(process)?.wakers ?? []) found.add(waker);
  return found;
}

/** Undefined: the world can help it. */
function waitOf(process: Process, alive: readonly Process[], kernel: Kernel): Wait | undefined {
  if (process.call !== undefined) {
    if (process.state !== 'waiting' || process.held) return undefined;
    return process.waitingOn === 'memory'
      ? memoryWaitOf(process, alive)
      : budgetWaitOf(process, alive, kernel);
  }
  const wakers = wakersOf(process, alive);
  return wakers && { wakers, holdsUp: (stuck) => wakers.every((waker) => stuck.has(waker)) };
}

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

// ---- Memory and budget ---------------------------------------------------------------------------------------------------

const isBusy = ({ cores }: Engine): boolean => cores.some(({ process }) => process !== undefined);

const mayStillFit = ({ call, state, waitingOn, engine }: Process): boolean =>
  call !== undefined && state === 'waiting' && waitingOn === 'memory' && isBusy(engine);

function memoryWaitOf(process: Process, alive: readonly Process[]): Wait {
  const { engine, table, call } = process;
  const others = alive.filter((other) => other !== process && other.engine === engine);
  const own = new Set(table.entries.map(({ extent }) => extent));
  return {
    wakers: others.filter((other) => [...pinnedBy(other)].some(({ hi, lo }) => hi > lo)),
    holdsUp(stuck) {
      let needed = call!.room;
      for (const { count, tokensEach } of own) needed += count * tokensEach;
      const kept = new Set(
        others.filter((other) => stuck.has(other)).flatMap((other) => [...pinnedBy(other)]),
      );
      for (const extent of kept) if (!own.has(extent)) needed += (extent.hi - extent.lo) * extent.tokensEach;
      return needed > engine.memory.capacity;
    },
  };
}

function pinnedBy({ table, engine }: Process): ReadonlySet<Extent> {
  const isPrefix = engine.memory['isPrefix'];
  return new Set(
    table.entries
      .filter(
        ({ pinned }, at) => pinned || (isPrefix && table.entries.slice(at).some((entry) => entry.pinned)),
      )
      .map(({ extent }) => extent),
  );
}

function budgetWaitOf(process: Process, alive: readonly Process[], kernel: Kernel): Wait | undefined {
  const node = process.call!.waitsAt;
  const { budgets } = kernel['state'];
  if (process.waitingOn !== 'budget' || node === -1) return undefined;
  if (kernel['calls'].budgets['timers'].has(node)) return undefined;
  const first = alive
    .filter(({ call }) => call?.waitsAt === node && call.reservation === undefined)
    .sort((a, b) => a.call!.seq - b.call!.seq)[0];
  const isBelow = (at: number): boolean => at === node || (at !== -1 && isBelow(budgets.parentOf(at)));
  const holders = alive.filter(({ call, budget }) => call?.reservation !== undefined && isBelow(budget));
  const wakers = first === process ? holders : [first!];
  if (wakers.length === 0) return undefined;
  return { wakers, holdsUp: (stuck) => wakers.every((waker) => stuck.has(waker)) };
}
