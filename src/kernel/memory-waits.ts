/** Who waits for memory, for whom: where no running call can make room, those that have pinned what is in its way. */
import type { Engine } from './engine.ts';
import type { Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Process } from './process.ts';
import type { JointWait } from './wait-for-graph.ts';

/** It has a place among those that wait for memory, and load control does not keep it out. */
export function isMemoryWait({ state, waitingOn, engine, pid, held }: Process): boolean {
  return state === 'waiting' && waitingOn === 'memory' && !held && engine.memoryWaiters.has(pid);
}

/** Processes by whose pins something stays in the memory of `engine`. */
export function pinnersOf({ memory }: Engine): readonly Pid[] {
  return memory.pinners().map(({ owner }) => owner as Pid);
}

/** It is over when enough of those that pin have acted, for they may unpin or end; calls that run end by themselves. */
export function memoryWaitOf({ engine, pid, call, table }: Process, { processes }: KernelState): JointWait {
  const { memory, cores } = engine;
  const wakers = pinnersOf(engine).filter((other) => other !== pid);
  const running = cores.flatMap(({ process }) => (process === undefined ? [] : [process.table]));
  return {
    wakers,
    isOver: (acts) =>
      memory.couldBeginWithout(
        table,
        call!.room,
        running,
        wakers.filter(acts).map((other) => processes[other]!.table),
      ),
  };
}
