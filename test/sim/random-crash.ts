/**
 * One integer seed, one world whose kernel crashes again and again: its programs yield every syscall, calls fail, signals come at any time, and
 * after a random number of steps nothing is left but its storage. The next kernel goes on from there, at once or hours later. Compared are what
 * its processes and budgets were before the crash and what they are after the restore; what storage tells must add up in every life.
 */
import { rngFor } from '../../src/base/rng.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { Input } from '../../src/kernel/inputs.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { KernelSnapshot } from '../../src/kernel/snapshot.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { checkAuditedCosts, pastCosts } from '../support/audit-costs.ts';
import { checkBooked, heldAt } from '../support/booked.ts';
import { Draw } from './random-draw.ts';
import { checkEnded } from './random-world-end.ts';
import { drawWorld, type WorldSetup } from './random-world.ts';
import { lost, viewOf, viewsOf, type ProcessView } from './restored-view.ts';
import { checkStored } from './stored-promises.ts';

export interface CrashResult {
  readonly steps: number;
  /** Processes that were compared with what they were before a crash, and how many of them had gone on or were stopped, so that little could be. */
  readonly restored: number;
  readonly moved: number;
  /** How often each type of event came. */
  readonly counts: ReadonlyMap<string, number>;
}

/** What is remembered of a kernel that crashed. */
interface Crash {
  /** When the next one goes on. */
  readonly atUs: number;
  readonly held: string;
  readonly views: ReadonlyMap<number, ProcessView>;
  /** Locks of all runs, and semaphores by run. */
  readonly locks: string;
  readonly semaphores: ReadonlyMap<string, string>;
}

/** More of what a crash must not change: families, waits, times and messages. */
const familyLife = {
  acquire: 12,
  semOpen: 6,
  semWait: 6,
  semPost: 6,
  spawn: 25,
  wait: 10,
  sleep: 25,
  send: 10,
  signal: 6,
  think: 20,
  allocate: 12,
};

/** No life needs more: one that does runs in a circle. */
const stepLimit = 50_000;

/** `alter` makes another world of the one drawn. */
export function crashWorld(
  seed: number,
  alter: (setup: WorldSetup) => WorldSetup = (setup) => setup,
): CrashResult {
  const chaos = new Draw(rngFor(seed, 'world/crashes'));
  const drawn = alter(drawWorld(seed));
  const world: World = {
    setup: { ...drawn, kernel: { ...drawn.kernel, records: true } },
    store: new MemoryStore(),
    counts: new Map(),
    steps: 0,
    restored: 0,
    moved: 0,
  };
  const lives = chaos.between(2, 4);
  let crash: Crash | undefined;
  for (let number = 1; number < lives; number++) {
    const life = new Life(world, crash, chaos);
    life.run(chaos, chaos.chance(0.2) ? chaos.between(1, 4) : chaos.between(1, 60));
    crash = life.crash(chaos.weighted({ now: 1, soon: 2, later: 2 }), chaos);
  }
  const last = new Life(world, crash, chaos);
  last.run(chaos, stepLimit);
  last.end();
  return world;
}

interface World {
  readonly setup: WorldSetup;
  readonly store: MemoryStore;
  readonly counts: Map<string, number>;
  steps: number;
  restored: number;
  moved: number;
}

/** From the start, or from a restore, to a crash or the end. */
class Life {
  private readonly world: World;
  private readonly simulation: Simulation;
  private readonly checkers: ReturnType<typeof createCheckers>;
  private readonly costs: ReturnType<typeof pastCosts>;
  private readonly before: Crash | undefined;
  /** Whose processes are compared after the step. */
  private lastInput: Input | undefined;
  private stepEvents: KernelEvent[] = [];
  private processes: Pid[] = [];

  constructor(world: World, before: Crash | undefined, chaos: Draw) {
    this.world = world;
    this.before = before;
    const { store, setup } = world;
    const { faults, flushUs } = setup;
    this.costs = pastCosts(store);
    this.simulation = new Simulation({
      kernel: { ...setup.kernel, ledger: store.ledger() },
      faults,
      flushUs,
      store,
      onInput: (input) => {
        this.lastInput = input;
        this.stepEvents = [];
      },
      onEvent: (event) => this.note(event),
      onStep: () => this.compare(),
    });
    const { kernel } = this.simulation;
    const { engines, queues, budgets, tools } = kernel.options;
    this.checkers = createCheckers({ engines, queues, budgets, tools });
    if (before === undefined) this.spawn(chaos);
    else this.restore(before);
  }

  run(chaos: Draw, most: number): void {
    const { simulation } = this;
    let signals = chaos.chance(0.6) ? chaos.between(0, 15) : 0;
    for (let steps = 0; steps < most && this.step(); steps++) {
      if (steps === stepLimit - 1) throw new Error(`more than ${stepLimit} steps`);
      if (signals === 0 || this.processes.length === 0 || !chaos.chance(0.1)) continue;
      signals--;
      simulation.signal(simulation.nowUs, chaos.of(this.processes), chaos.signal());
    }
  }

  crash(when: 'now' | 'soon' | 'later', chaos: Draw): Crash {
    const { simulation, world } = this;
    this.check();
    const { nowUs, kernel } = simulation;
    const atUs = when === 'now' ? nowUs : nowUs + (when === 'soon' ? 1 : chaos.magnitude(1, 8_000_000_000));
    const views = new Map(viewsOf(simulation, atUs));
    // A run whose turn has not come is as it was, but for what time does to shares.
    for (const [pid, view] of this.before?.views ?? [])
      if (!kernel['state'].runs.has(view.run)) views.set(pid, { ...view, spent: undefined });
    world.restored += views.size;
    const { runs } = kernel['state'];
    const snapshot = kernel.snapshot();
    const semaphores = new Map(this.before?.semaphores);
    for (const run of runs.keys())
      semaphores.set(run, shown(snapshot.semaphores.filter((one) => one.run === run)));
    const locks = runs.size === 0 && this.before ? this.before.locks : heldLocks(snapshot.locks);
    return { atUs, views, locks, semaphores, held: JSON.stringify(heldAt(kernel['state'].budgets, atUs)) };
  }

  /** Who still lives is killed. */
  end(): void {
    const { simulation, world } = this;
    this.check();
    // Who is handed the lock of one that is killed may spawn another before it is killed, too.
    for (let rounds = 0; simulation.kernel.alive > 0 && rounds < 100; rounds++) {
      for (const pid of this.processes)
        if (simulation.kernel['state'].process(pid).state !== 'terminated')
          simulation.signal(simulation.nowUs, pid, 'kill');
      while (this.step());
    }
    this.checkers.finish();
    this.check();
    checkEnded(simulation.kernel);
    for (const { run, unfinished } of world.store.runs())
      if (unfinished > 0) throw new Error(`${run}: ${unfinished} processes have no end`);
  }

  private step(): boolean {
    if (!this.simulation.stepOnce()) return false;
    if (++this.world.steps % 7 === 0) this.simulation.kernel.checkInvariants();
    return true;
  }

  private spawn(chaos: Draw): void {
    const { budgets = [] } = this.world.setup.kernel;
    const roots = chaos.between(1, 4);
    for (let root = 1; root <= roots; root++)
      this.simulation.spawn(chaos.chance(0.5) ? 0 : chaos.between(0, 5_000_000), {
        program: 'random',
        name: `root-${root}`,
        run: `run-${root}`,
        arguments: {
          left: chaos.between(5, 40),
          depth: 0,
          longestUs: this.world.setup.longestUs,
          weights: familyLife,
        },
        ...(chaos.chance(0.5) ? { priority: chaos.between(0, 100) } : {}),
        ...(chaos.chance(0.8) ? { budget: chaos.of(budgets).name } : {}),
        ...(chaos.chance(0.2) ? { capabilities: chaos.capabilities() } : {}),
      });
  }

  private restore({ atUs, held, locks, semaphores }: Crash): void {
    const { simulation, world } = this;
    // A kernel of its own: a look at a later time moves it there.
    const { budgets } = new Kernel(simulation.kernel.options)['state'];
    const now = JSON.stringify(heldAt(budgets, atUs));
    if (now !== held) throw new Error(`the budgets held ${held}, now they hold ${now}`);
    for (const { run } of world.store.runs()) {
      const input = recoveryInput(world.store, run);
      if (input === undefined) continue;
      const restored = [
        shown(input.locks.map(({ lock, owner, token }) => ({ lock, owner, token }))),
        shown(input.semaphores.map((one) => ({ run, ...one }))),
      ];
      expectSame(restored, [locks, semaphores.get(run)!]);
      simulation.send(atUs, input);
    }
  }

  private note(event: KernelEvent): void {
    const { counts } = this.world;
    counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
    this.stepEvents.push(event);
    if (event.type === 'process.spawned') this.processes.push(event.pid);
    if (event.type === 'process.terminated' && event.code === 'PROGRAM_DIVERGED')
      throw new Error(`process ${event.pid}: ${event.message}`);
    this.checkers.onEvent(event);
  }

  /** After the step that restored a run: its processes are what they were, but for what they did in it. */
  private compare(): void {
    const { before, lastInput, simulation, stepEvents, world } = this;
    if (lastInput?.type !== 'run.restored') return;
    const hasEnds = stepEvents.some(({ type }) => type === 'process.terminated');
    for (const { started } of lastInput.processes) {
      const { pid } = started;
      const view = before!.views.get(pid)!;
      const process = simulation.kernel['state'].process(pid);
      const isOver = process.state === 'terminated';
      if (view.signal === 'ending' && !isOver)
        throw new Error(`process ${pid} was about to end, and goes on`);
      const after = isOver ? undefined : viewOf(simulation, process, lastInput.atUs);
      const wasSignalled = stepEvents.some((event) => event.type === 'signal.delivered' && event.pid === pid);
      const problem = lost(view, after, { wasSignalled, hasEnds }, lastInput.atUs);
      if (problem !== undefined) throw new Error(`restored process ${pid}: ${problem}`);
      if (after === undefined || after.signal !== '' || after.n > view.n) world.moved++;
    }
    const living = [...before!.views.values()].filter(
      ({ run }) => run === lastInput.processes[0]!.started.run,
    );
    if (living.length !== lastInput.processes.length)
      throw new Error(`${living.length} processes lived, ${lastInput.processes.length} are restored`);
  }

  /** Promises of any moment. */
  private check(): void {
    const { store } = this.world;
    const { kernel } = this.simulation;
    kernel.checkInvariants();
    checkStored(store);
    checkBooked(kernel, store);
    checkAuditedCosts(kernel, store, this.costs);
  }
}

/** Of those that somebody holds, or whose owner ended with it. */
function heldLocks(locks: KernelSnapshot['locks']): string {
  const held = locks.filter(({ owner, ownerEnded }) => owner !== 0 || ownerEnded);
  return shown(held.map(({ lock, owner, token }) => ({ lock, owner, token })));
}

/** In any order, without who waits: that is asked anew. */
function shown(list: readonly object[]): string {
  return list
    .map((one) => JSON.stringify({ ...one, waiters: undefined }))
    .sort()
    .join(' ');
}

function expectSame(now: readonly string[], before: readonly string[]): void {
  for (const [index, text] of now.entries())
    if (text !== before[index])
      throw new Error(`locks and semaphores were ${before[index]}, now they are ${text}`);
}
