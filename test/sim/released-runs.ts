/**
 * One integer seed, one world as of random-world.ts whose runs are stopped at any moment, let go by the kernel, and restored in it, now or later, from what they have stored: with other pids, and while the
 * others go on. What storage tells must add up, nothing is done twice, and the budgets hold what the ledger says.
 */
import { rngFor } from '../../src/base/rng.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput, restoredBudgets } from '../../src/kernel/recovery.ts';
import { checkRelease } from '../../src/kernel/run-release.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { heldAt } from '../support/booked.ts';
import { Draw } from './random-draw.ts';
import { checkEnded } from './random-world-end.ts';
import { drawWorld } from './random-world.ts';
import { checkStored } from './stored-promises.ts';

export interface ReleaseResult {
  readonly released: number;
  /** Of these, processes that had not ended. */
  readonly parked: number;
  readonly restored: number;
}

const life = {
  acquire: 15,
  release: 5,
  semOpen: 6,
  semWait: 6,
  semPost: 6,
  spawn: 20,
  wait: 10,
  sleep: 25,
  send: 10,
  think: 20,
};
const stepLimit = 50_000;

export function releasedRuns(seed: number): ReleaseResult {
  const chaos = new Draw(rngFor(seed, 'released/chaos'));
  const setup = drawWorld(seed);
  const store = new MemoryStore();
  const result = { released: 0, parked: 0, restored: 0 };
  const roots = chaos.between(2, 5);
  const away = new Set<string>();
  const simulation = new Simulation({
    kernel: { ...setup.kernel, records: true },
    faults: setup.faults,
    flushUs: setup.flushUs,
    store,
    onEvent: (event) => {
      checkers.onEvent(event);
      note(event);
    },
  });
  const { kernel } = simulation;
  const { engines, queues, budgets, tools } = kernel.options;
  const checkers = createCheckers({ engines, queues, budgets, tools });
  const state = kernel['state'];

  function note(event: KernelEvent): void {
    if (event.type === 'process.released') result.parked++;
    if (event.type === 'process.restored') result.restored++;
    if (event.type === 'process.terminated' && event.code === 'PROGRAM_DIVERGED')
      throw new Error(`process ${event.pid}: ${event.message}`);
  }

  function signal(run: string, name: 'stop' | 'continue'): void {
    for (const { pid, parent } of kernel.living(run))
      if (parent === 0) simulation.signal(simulation.nowUs, pid, name);
  }

  /** False: it is not so far. */
  function release(run: string): boolean {
    try {
      checkRelease(state, { type: 'run.released', run });
    } catch {
      return false;
    }
    simulation.send(simulation.nowUs, { type: 'run.released', run });
    away.add(run);
    result.released++;
    return true;
  }

  /** Nothing happens when it is over. */
  function restore(run: string): void {
    away.delete(run);
    const lastPid = Math.max(...store.processes(run).map(({ pid }) => pid));
    const input = recoveryInput(store, run, undefined, lastPid);
    if (input === undefined) return;
    // Of its own alone, as a server reads them.
    const locks = input.locks.filter((lock) => lock.run === run);
    simulation.send(simulation.nowUs, { ...input, locks, ledger: store.ledger({ run }) });
    for (const { started, signal: held } of input.processes)
      if (held === 'stop' && !input.processes.some((other) => other.started.pid === started.parent))
        isToContinue.add(run);
  }
  const isToContinue = new Set<string>();

  function step(): boolean {
    const isMore = simulation.stepOnce();
    if (isMore && chaos.chance(0.1)) kernel.checkInvariants();
    for (const run of isToContinue) {
      if (!state.runs.has(run)) continue;
      isToContinue.delete(run);
      signal(run, 'continue');
    }
    return isMore;
  }

  for (let root = 1; root <= roots; root++)
    simulation.spawn(chaos.between(0, 5_000_000), {
      program: 'random',
      name: `root-${root}`,
      run: `run-${root}`,
      arguments: { left: chaos.between(5, 30), depth: 0, longestUs: setup.longestUs, weights: life },
      ...(chaos.chance(0.8) ? { budget: chaos.of(budgets).name } : {}),
    });
  const stopping = new Set<string>();
  let steps = 0;
  for (let isMore = true; isMore || away.size > 0 || stopping.size > 0;) {
    isMore = step();
    if (++steps > stepLimit) throw new Error(`more than ${stepLimit} steps`);
    for (const run of stopping) if (release(run)) stopping.delete(run);
    if (!isMore)
      for (const run of stopping) {
        // Its tools never end: it goes on.
        stopping.delete(run);
        signal(run, 'continue');
        isMore = true;
      }
    for (const run of away)
      if (!state.runs.has(run) && (!isMore || chaos.chance(0.2))) {
        restore(run);
        isMore = true;
      }
    if (steps > 400 || !chaos.chance(0.06)) continue;
    const run = `run-${chaos.between(1, roots)}`;
    if (away.has(run) || stopping.has(run) || isToContinue.has(run) || !state.runs.has(run)) continue;
    signal(run, 'stop');
    stopping.add(run);
  }
  for (let rounds = 0; kernel.alive > 0 && rounds < 100; rounds++) {
    for (const { pid } of kernel.living()) simulation.signal(simulation.nowUs, pid, 'kill');
    while (step());
  }
  checkers.finish();
  kernel.checkInvariants();
  checkEnded(kernel);
  checkStored(store);
  const held = JSON.stringify(heldAt(state.budgets, kernel.nowUs));
  const told = JSON.stringify(heldAt(restoredBudgets(budgets, store.ledger()), kernel.nowUs));
  if (held !== told) throw new Error(`the budgets hold ${held}, the ledger says ${told}`);
  for (const { run, unfinished } of store.runs())
    if (unfinished > 0) throw new Error(`${run}: ${unfinished} processes have no end`);
  return result;
}
