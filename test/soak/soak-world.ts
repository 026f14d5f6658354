/**
 * One integer seed, one world that is driven long, and whose storage loses at each crash what was not flushed: hundreds of random programs arrive one after another, calls fail, are cut off, come late, twice or
 * never, people are absent, storage fails, and the program crashes again and again, at any moment. Built for speed: the checkers see every event, the rest is looked at now and then, and
 * everything that storage tells at the end.
 */
import { rngFor } from '../../src/base/rng.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { Input, SpawnInput } from '../../src/kernel/inputs.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import { readAtOnce } from '../../src/kernel/reading.ts';
import type { ToolStart } from '../../src/kernel/requests.ts';
import { readingLocks } from '../../src/kernel/restored-locks.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import { noFaults, type FaultName, type FaultRates } from '../../src/sim/faults.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { Draw } from '../sim/random-draw.ts';
import { randomProgram, type Weights } from '../sim/random-program.ts';
import { checkEnded } from '../sim/random-world-end.ts';
import { drawWorld } from '../sim/random-world.ts';
import { checkStored } from '../sim/stored-promises.ts';
import { checkAuditedCosts, pastCosts } from '../support/audit-costs.ts';
import { checkBooked } from '../support/booked.ts';

/** What went wrong, by what it was. `crash`: each, whatever it lost. */
type SoakFaults = Record<FaultName | 'crash', number>;

export interface SoakResult {
  /** That kernels took. */
  readonly inputs: number;
  readonly events: number;
  readonly processes: number;
  readonly faults: SoakFaults;
  /** Writes that no flush had carried when a crash came. */
  readonly lostWrites: number;
}

/** Of a world of the long soak. */
export const worldInputs = 20_000;

/** Runs the world of this seed until about so many inputs have been taken, then to its end. Throws when a promise is broken. */
export function soakWorld(seed: number, inputs: number): SoakResult {
  const chaos = new Draw(rngFor(seed, 'soak'));
  const world = new SoakWorld(drawSoak(seed));
  const crashes = chaos.between(2, Math.ceil(inputs / 500));
  let life = new Life(world, chaos, 0);
  for (let crash = 0; crash < crashes; crash++) {
    life.run(chaos.magnitude(50, Math.ceil(inputs / crashes)));
    life = new Life(world, chaos, life.crash());
  }
  life.run(Math.max(0, inputs - world.inputs));
  life.end();
  return world;
}

interface SoakSetup {
  readonly kernel: KernelOptionsInput;
  readonly faults: Partial<FaultRates>;
  readonly flushUs: number;
  readonly root: (number: number) => Omit<SpawnInput, 'type'>;
  /** Where fewer processes live, the next root arrives. */
  readonly population: number;
}

const seldom: Partial<Weights> = {
  allocate: 6,
  touch: 1,
  pin: 0.5,
  unpin: 2,
  drop: 1,
  free: 1,
  setImportance: 0.5,
  truncate: 3,
  spawn: 0.5,
  signal: 0.5,
  exit: 0.1,
  checkpoint: 10,
};

/** Most ask for what gives a kernel inputs; some live as in other random worlds. */
const mixes: readonly Partial<Weights>[] = [
  { ...seldom, think: 80, sleep: 80, receive: 20, send: 20, callTools: 15 },
  { ...seldom, think: 40, sleep: 40, callTools: 60, ask: 8 },
  { ...seldom, think: 40, sleep: 60, acquire: 12, release: 12, semOpen: 3, semWait: 8, semPost: 10 },
  { ...seldom, think: 60, sleep: 40, spawn: 4, wait: 6, send: 8, receive: 8 },
  { ...seldom, think: 150, sleep: 60 },
  {},
];

function drawSoak(seed: number): SoakSetup {
  const { kernel, longestUs } = drawWorld(seed);
  const draw = new Draw(rngFor(seed, 'soak/world'));
  const { budgets = [] } = kernel;
  const weights = draw.of(mixes);
  const root: SoakSetup['root'] = (number) => ({
    program: 'random',
    name: `root-${number}`,
    run: `run-${number}`,
    arguments: { left: draw.between(20, 400), depth: 0, longestUs, weights },
    ...(draw.chance(0.5) ? { priority: draw.between(0, 100) } : {}),
    ...(draw.chance(0.6) ? { budget: draw.of(budgets).name } : {}),
    ...(draw.chance(0.1) ? { capabilities: draw.capabilities() } : {}),
  });
  const share = draw.of([0.02, 0.05, 0.1]);
  return {
    kernel: {
      ...kernel,
      records: true,
      programs: [randomProgram],
    },
    faults: {
      modelFailure: share,
      modelTruncation: share,
      toolFailure: share,
      toolRepeat: share,
      toolLate: share,
      toolLost: share,
      personAbsent: share,
      personLate: share,
      personRepeat: share,
      storageFailure: share,
    },
    flushUs: draw.of([0, 1_000, 50_000, 1_000_000]),
    root,
    population: draw.between(3, 12),
  };
}

class SoakWorld implements SoakResult {
  readonly setup: SoakSetup;
  readonly store = new MemoryStore();
  inputs = 0;
  events = 0;
  processes = 0;
  lostWrites = 0;
  /** Have arrived. */
  roots = 0;
  readonly faults: SoakFaults = { ...noFaults, crash: 0 };
  /** Starts of tools, over all lives. */
  readonly starts = new Set<string>();

  constructor(setup: SoakSetup) {
    this.setup = setup;
  }
}

/** From the start, or from what is stored, to a crash or the end. */
class Life {
  private readonly world: SoakWorld;
  private readonly chaos: Draw;
  private readonly simulation: Simulation;
  private readonly checkers: ReturnType<typeof createCheckers>;
  private readonly costs: ReturnType<typeof pastCosts>;
  private readonly living = new Set<Pid>();

  constructor(world: SoakWorld, chaos: Draw, fromUs: number) {
    const { store, setup } = world;
    this.world = world;
    this.chaos = chaos;
    this.costs = pastCosts(store);
    this.simulation = new Simulation({
      kernel: { ...setup.kernel, ledger: store.ledger() },
      faults: setup.faults,
      flushUs: setup.flushUs,
      durable: 'by-flushes',
      store,
      replay: { tool: (start) => this.started(start) },
      onEvent: (event) => this.note(event),
      onOutput: (_, input) => this.took(input),
    });
    const { engines, queues, budgets, tools, ledger } = this.simulation.kernel.options;
    this.checkers = createCheckers({ engines, queues, budgets, tools, hasPast: ledger.length > 0 });
    this.arrive(fromUs);
  }

  /** Until so many inputs more have been taken. */
  run(inputs: number): void {
    const { simulation, world, chaos, living } = this;
    const until = world.inputs + inputs;
    for (let steps = 1; world.inputs < until; steps++) {
      if (steps % 512 === 0) simulation.kernel.checkInvariants();
      if (living.size < world.setup.population) this.spawn();
      else if (steps % 64 === 0) this.disturb(chaos);
      // Nothing is due: whoever is left waits for what nobody will send.
      if (!simulation.stepOnce()) this.killAll();
    }
  }

  /** Returns when the next life begins. */
  crash(): number {
    const { simulation, world, chaos } = this;
    this.checkers.finish();
    simulation.kernel.checkInvariants();
    world.lostWrites += simulation.crash(chaos.chance(0.3));
    world.faults.crash++;
    this.count();
    return simulation.nowUs + (chaos.chance(0.5) ? chaos.between(0, 1) : chaos.magnitude(1, 8_000_000_000));
  }

  /** Who still lives is killed, and everything that storage tells must add up. */
  end(): void {
    const { world } = this;
    const { kernel } = this.simulation;
    this.killAll();
    this.checkers.finish(true);
    this.count();
    checkEnded(kernel);
    checkStored(world.store);
    checkBooked(kernel, world.store);
    checkAuditedCosts(kernel, world.store, this.costs);
    for (const { run, unfinished } of world.store.runs())
      if (unfinished > 0) throw new Error(`${run}: ${unfinished} processes have no end`);
  }

  /** Whoever lived goes on before anybody else comes. */
  private arrive(fromUs: number): void {
    const { simulation, world } = this;
    const { store } = world;
    let lastPid = 0;
    for (const { run } of store.runs())
      for (const { pid } of store.processes(run)) lastPid = Math.max(lastPid, pid);
    const locks = readAtOnce(
      store,
      readingLocks(
        store.runs().map(({ run }) => run),
        onMain,
      ),
    );
    for (const { run, unfinished } of store.runs()) {
      const input = unfinished === 0 ? undefined : recoveryInput(store, run, onMain, lastPid, locks);
      if (input !== undefined) simulation.send(fromUs, input);
    }
    simulation.run(fromUs);
  }

  private spawn(): void {
    const { simulation, world } = this;
    simulation.spawn(simulation.nowUs, world.setup.root(++world.roots));
  }

  private killAll(): void {
    const { simulation, living } = this;
    // Who is handed the lock of one that is killed may spawn another before it is killed, too.
    for (let rounds = 0; living.size > 0 && rounds < 100; rounds++) {
      for (const pid of living) simulation.signal(simulation.nowUs, pid, 'kill');
      simulation.run();
    }
  }

  /** Something that no program asked for. */
  private disturb(chaos: Draw): void {
    const { simulation, living } = this;
    const { nowUs } = simulation;
    const pid = chaos.of([...living]);
    if (chaos.chance(0.3)) return simulation.message(nowUs, pid, 'from outside');
    const signal = chaos.signal();
    simulation.signal(nowUs, pid, signal);
    if (signal === 'stop') simulation.signal(nowUs + chaos.between(0, 10_000_000), pid, 'continue');
  }

  private took(input: Input): void {
    this.world.inputs++;
    if (input.type === 'run.restored') this.checkRestored(input);
  }

  private note(event: KernelEvent): void {
    this.world.events++;
    if (event.type === 'process.spawned') {
      this.world.processes++;
      this.living.add(event.pid);
    } else if (event.type === 'process.terminated') {
      this.living.delete(event.pid);
      if (event.code === 'PROGRAM_DIVERGED') throw new Error(`process ${event.pid}: ${event.message}`);
    }
    this.checkers.onEvent(event);
  }

  /** What was acknowledged is not made anew: a process goes on behind all that is stored of it. */
  private checkRestored({ processes }: Extract<Input, { type: 'run.restored' }>): void {
    for (const { started, history, signal } of processes) {
      const { n, state } = this.simulation.kernel['state'].process(started.pid);
      const last = history.at(-1)?.n ?? 0;
      if (signal === undefined && state !== 'terminated' && n < last)
        throw new Error(`process ${started.pid} goes on at syscall ${n}, stored are ${last}`);
    }
  }

  /** A tool that writes starts behind the record of its start, and no start comes twice, whatever crashed. */
  private started({ identity, attempt, tool }: ToolStart): undefined {
    const { run, branch, pid, n, index } = identity;
    const { store, starts } = this.world;
    const table = store['find'](run)?.process({ branch, pid });
    if (table === undefined) throw new Error(`${tool} of process ${pid} starts before its process is stored`);
    const key = `${run} ${pid} ${n} ${index} ${attempt}`;
    const isJournalled = table.journal.some(
      (record) =>
        record.type === 'tool.started' &&
        record.n === n &&
        record.index === index &&
        record.attempt === attempt,
    );
    if (!isJournalled) return undefined;
    if (starts.has(key)) throw new Error(`${tool} is started twice: ${key}`);
    starts.add(key);
    return undefined;
  }

  /** What went wrong in this life. */
  private count(): void {
    const { world, simulation } = this;
    for (const name of Object.keys(noFaults) as FaultName[]) world.faults[name] += simulation.faults[name];
  }
}

/** Nothing is forked here. */
const onMain = (): string => 'main';
