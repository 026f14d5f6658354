/**
 * One integer seed, one world: a kernel with options drawn at random, programs that yield every syscall (with arguments out of range,
 * too), and a world in which calls fail, ends come late or twice, people are absent and signals arrive at any time. `runWorld` drives it to
 * its end with every checker on and throws when a promise is broken.
 */
import { hash32 } from '../../src/base/hash.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { CoreId, Pid, RequestId } from '../../src/kernel/ids.ts';
import type { Input } from '../../src/kernel/inputs.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { StepOutput } from '../../src/kernel/outbox.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { createCheckers, type CheckersOptions } from '../../src/sim/checkers/checkers.ts';
import type { FaultRates } from '../../src/sim/faults.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { checkAuditedCosts } from '../support/audit-costs.ts';
import { checkEnded, checkStuck } from './random-world-end.ts';
import { Draw } from './random-draw.ts';
import { drawFaults, drawKernel, drawTimes, unlimitedBudget } from './random-kernel.ts';
import { checkDeadlocks } from '../support/deadlock-search.ts';
import { probeProgram, randomProgram, type Weights } from './random-program.ts';

export interface WorldResult {
  /** Of all events, in order. */
  readonly hash: number;
  readonly events: number;
  readonly steps: number;
  /** Processes spawned, and how many had not ended when nothing was due any more. */
  readonly processes: number;
  readonly stuck: number;
  /** How often each type of event came. */
  readonly counts: ReadonlyMap<string, number>;
}

/** No world needs more: one that does runs in a circle. */
const stepLimit = 50_000;

export interface WorldSetup {
  readonly kernel: KernelOptionsInput;
  readonly faults: Partial<FaultRates>;
  readonly flushUs: number;
  /** Root processes beside the few that every world has. */
  readonly moreRoots?: number;
  /** Of the world's scheduling policy; Infinity: it has none. */
  readonly sliceUs: number;
  /** Longest burst that programs script, µs. */
  readonly longestUs: number;
  /** What its programs ask for more often than usual, without time limits; undefined: nothing. */
  readonly weights: Partial<Weights> | undefined;
}

/** They wait for each other until it can go no further. */
const entangledLife: Partial<Weights> = {
  acquire: 60,
  release: 20,
  semOpen: 25,
  semWait: 25,
  semPost: 20,
  spawn: 15,
  wait: 10,
  receive: 5,
  send: 5,
};

export function drawWorld(seed: number): WorldSetup {
  const { sliceUs, longestUs } = drawTimes(new Draw(rngFor(seed, 'world/times')));
  const kernel = drawKernel(new Draw(rngFor(seed, 'world/kernel')), seed, sliceUs);
  const draw = new Draw(rngFor(seed, 'world/faults'));
  return {
    kernel: { ...kernel, programs: [randomProgram, probeProgram] },
    faults: draw.chance(0.5) ? drawFaults(draw) : {},
    weights: draw.chance(0.15) ? entangledLife : undefined,
    sliceUs: kernel.scheduling === fifo ? Infinity : sliceUs,
    longestUs,
    flushUs: draw.chance(0.5) ? 0 : draw.between(1, 50_000),
  };
}

/** `onEvent` sees every event before the checkers do; `onFacts` what they are told of the world. `alter` makes another world of the one drawn. */
export interface WorldWatch {
  readonly alter?: (setup: WorldSetup) => WorldSetup;
  readonly onEvent?: (event: KernelEvent) => void;
  readonly onFacts?: (facts: CheckersOptions) => void;
  readonly onOutput?: (output: StepOutput, input: Input) => void;
  /** After every step. */
  readonly onStep?: (kernel: Kernel) => void;
}

export function runWorld(seed: number, watch: WorldWatch = {}): WorldResult {
  const chaos = new Draw(rngFor(seed, 'world/chaos'));
  const drawn = drawWorld(seed);
  const setup = watch.alter?.(drawn) ?? drawn;
  const counts = new Map<string, number>();
  const world = new World(
    setup,
    (event) => {
      counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
      watch.onEvent?.(event);
    },
    watch.onOutput,
  );
  watch.onFacts?.(world.facts);
  const roots = chaos.between(1, 5) + (setup.moreRoots ?? 0);
  for (let root = 0; root < roots; root++)
    world.spawn(chaos, chaos.chance(0.5) ? 0 : chaos.between(0, 20_000_000));
  let left = chaos.chance(0.7) ? chaos.between(0, 25) : 0;
  while (world.step()) {
    watch.onStep?.(world.simulation.kernel);
    if (left === 0 || !chaos.chance(0.15)) continue;
    left--;
    world.disturb(chaos);
  }
  const stuck = checkStuck(world.simulation.kernel, setup);
  const { processes } = world;
  world.killAll();
  checkEnded(world.simulation.kernel);
  world.probe();
  checkEnded(world.simulation.kernel);
  return { hash: world.hash, events: world.events, steps: world.steps, processes, stuck, counts };
}

class World {
  readonly simulation: Simulation;
  readonly facts: CheckersOptions;
  hash = 0;
  events = 0;
  steps = 0;
  processes = 0;
  private readonly setup: WorldSetup;
  private readonly checkers: ReturnType<typeof createCheckers>;
  private readonly questions: RequestId[] = [];
  /** By core: the pid that runs there, 0 for none. */
  private readonly running: number[] = [];
  private isProbing = false;
  private readonly ended = new Set<number>();

  constructor(
    setup: WorldSetup,
    onEvent: (event: KernelEvent) => void,
    onOutput: (output: StepOutput, input: Input) => void = () => {},
  ) {
    this.setup = setup;
    this.simulation = new Simulation({
      kernel: setup.kernel,
      faults: setup.faults,
      flushUs: setup.flushUs,
      onOutput,
      onEvent: (event) => {
        onEvent(event);
        this.note(event);
        this.checkers.onEvent(event);
      },
    });
    const { kernel } = this.simulation;
    const { queues, budgets, tools } = kernel.options;
    const engines = kernel.options.engines.map((engine) => ({ ...engine, sliceUs: setup.sliceUs }));
    this.facts = { engines, queues, budgets, tools };
    this.checkers = createCheckers(this.facts);
  }

  step(): boolean {
    if (!this.simulation.stepOnce()) {
      this.simulation.kernel.checkInvariants();
      this.checkers.finish(true);
      checkAuditedCosts(this.simulation.kernel, this.simulation.store);
      return false;
    }
    if (++this.steps > stepLimit) throw new Error(`more than ${stepLimit} steps`);
    if (this.steps % 5 === 0) this.simulation.kernel.checkInvariants();
    if (this.setup.weights !== undefined) checkDeadlocks(this.simulation.kernel);
    return true;
  }

  spawn(draw: Draw, atUs: number): void {
    const { engines = [], budgets = [] } = this.setup.kernel;
    const run = `run-${draw.between(1, 1_000_000_000)}`;
    this.simulation.spawn(atUs, {
      program: 'random',
      name: `root-${draw.between(1, 3)}`,
      run,
      arguments: {
        left: draw.between(1, 25),
        depth: 0,
        longestUs: this.setup.longestUs,
        ...(this.setup.weights === undefined ? {} : { weights: this.setup.weights, isPatient: true }),
      },
      ...(draw.chance(0.5) ? { priority: draw.between(0, 100) } : {}),
      ...(draw.chance(0.8) ? { budget: draw.of(budgets).name } : {}),
      ...(draw.chance(0.3) ? { engine: draw.of(engines).name! } : {}),
      ...(draw.chance(0.2) ? { capabilities: draw.capabilities() } : {}),
    });
  }

  /** Something that no program asked for. */
  disturb(draw: Draw): void {
    const { simulation } = this;
    const atUs = simulation.nowUs + (draw.chance(0.5) ? 0 : draw.between(0, 30_000_000));
    const kind = draw.weighted({ signal: 6, answer: 2, progress: 2, spawn: 1 });
    if (kind === 'spawn') return this.spawn(draw, atUs);
    if (kind === 'signal') {
      const pid = draw.between(1, Math.max(1, this.processes)) as Pid;
      if (pid > this.processes) return;
      const signal = draw.signal();
      simulation.signal(atUs, pid, signal);
      // Most that are stopped are meant to go on.
      if (signal === 'stop' && draw.chance(0.7))
        simulation.signal(atUs + draw.between(0, 10_000_000), pid, 'continue');
      return;
    }
    if (kind === 'answer') {
      // Somebody else answers first, or once more.
      if (this.questions.length === 0) return;
      const decision = draw.of(['approve', 'edit', 'deny', 'answer'] as const);
      const value = decision === 'edit' ? draw.toolArguments() : 'so be it';
      return simulation.send(atUs, {
        type: 'person.answered',
        request: draw.of(this.questions),
        decision,
        value,
      });
    }
    const core = draw.between(0, Math.max(0, this.running.length - 1));
    const pid = this.running[core] ?? 0;
    // At this very instant, before its end could come: a call that is over makes no progress.
    if (pid === 0 || simulation['queue'].nextUs <= simulation.nowUs) return;
    const tokensOut = simulation.kernel['state'].processes[pid]!.call!.tokensOut;
    simulation.send(simulation.nowUs, {
      type: 'call.progress',
      core: core as CoreId,
      pid: pid as Pid,
      tokensOut,
    });
  }

  /** Everybody who still lives is killed, and the world comes to rest. */
  killAll(): void {
    const { simulation } = this;
    // Who is handed the lock of one that is killed may spawn another before it is killed, too.
    for (let rounds = 0; simulation.kernel.alive > 0 && rounds < 100; rounds++) {
      for (let pid = 1; pid <= this.processes; pid++)
        if (!this.ended.has(pid)) simulation.signal(simulation.nowUs, pid as Pid, 'kill');
      while (this.step());
    }
  }

  /** One process per engine that needs all that others may have leaked: every tool and lock, and the whole memory. */
  probe(): void {
    const { engines = [], tools = [] } = this.setup.kernel;
    const before = this.processes;
    this.isProbing = true;
    for (const [index, engine] of engines.entries())
      this.simulation.spawn(this.simulation.nowUs, {
        program: 'probe',
        name: 'probe',
        run: `probe-${index}`,
        arguments: {
          tools: index === 0 ? tools.map(({ name }) => name) : [],
          tokens: Math.min(engine.memoryTokens!, 1_000_000),
        },
        engine: engine.name!,
        budget: unlimitedBudget,
      });
    while (this.step());
    for (let pid = before + 1; pid <= this.processes; pid++) {
      const { outcome, value, state } = this.simulation.kernel['state'].processes[pid]!;
      if (outcome !== 'completed')
        throw new Error(`probe ${pid} ended as ${outcome} (${state}): ${JSON.stringify(value)}`);
    }
  }

  private note(event: KernelEvent): void {
    this.events++;
    this.hash = hash32(JSON.stringify(event), this.hash);
    if (event.type === 'process.spawned') this.processes++;
    else if (event.type === 'process.terminated') this.ended.add(event.pid);
    else if (event.type === 'person.asked') {
      this.questions.push(event.request);
      if (this.isProbing)
        this.simulation.send(event.atUs, {
          type: 'person.answered',
          request: event.request,
          decision: 'approve',
          value: null,
        });
    }
    if (event.type === 'process.dispatched') this.running[event.core] = event.pid;
    else if (event.type === 'call.ended' || event.type === 'call.stopped') this.running[event.core] = 0;
  }
}
