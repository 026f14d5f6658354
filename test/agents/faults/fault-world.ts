/**
 * One integer seed, one world of agents: they talk, call tools, reflect, form teams, wait for people and budgets, while models, tools, people, storage and the kernel itself fail. `runFaultWorld` drives it to
 * its end with every checker on and throws when a promise is broken.
 */
import { agentProgram } from '../../../src/agents/loop/agent-program.ts';
import { stepPrograms } from '../../../src/agents/programs.ts';
import { singleCall } from '../../../src/agents/single-call.ts';
import { team } from '../../../src/agents/teams/team.ts';
import { rngFor } from '../../../src/base/rng.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Pid, RequestId } from '../../../src/kernel/ids.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../../src/kernel/recovery.ts';
import type { Program } from '../../../src/kernel/syscalls.ts';
import { createCheckers } from '../../../src/sim/checkers/checkers.ts';
import { Simulation } from '../../../src/sim/simulation.ts';
import { checkAuditedCosts, pastCosts } from '../../support/audit-costs.ts';
import { checkBooked } from '../../support/booked.ts';
import { Draw } from '../../sim/random-draw.ts';
import { checkEnded, checkStuck } from '../../sim/random-world-end.ts';
import { checkStored } from '../../sim/stored-promises.ts';
import { drawFaultWorld, remembered, type FaultWorld } from './draw-world.ts';
import { drawnModel } from './drawn-model.ts';
import { Witness } from './witness.ts';

const programs: readonly Program[] = [agentProgram, team, singleCall, ...stepPrograms];

/** No life needs more: one that does runs in a circle. */
const stepLimit = 50_000;

export interface FaultWorldResult {
  readonly steps: number;
  /** How often each thing came about: ends, results by code, faults by kind, events by type. */
  readonly counts: ReadonlyMap<string, number>;
}

/** `alter` makes another world of the one drawn. */
export function runFaultWorld(
  seed: number,
  alter: (world: FaultWorld) => FaultWorld = (world) => world,
): FaultWorldResult {
  const world = alter(drawFaultWorld(seed));
  const chaos = new Draw(rngFor(seed, 'faults/chaos'));
  const store = new MemoryStore();
  for (const [index, text] of remembered.entries()) {
    const identity = { run: 'before', branch: 'main', pid: 1 as Pid, n: index + 1, index: 0 };
    store.remember({ identity, scope: 'all', text, key: text, atUs: 0 });
  }
  const witness = new Witness(seed, world, store);
  let fromUs = 0;
  let steps = 0;
  for (const most of world.lives) {
    const life = new Life({ seed, world, store, witness, fromUs });
    steps += life.run(chaos, most);
    life.check();
    fromUs = life.nowUs + chaos.of([0, 1, 1_000_000, 7_200_000_000]);
  }
  const life = new Life({ seed, world, store, witness, fromUs });
  steps += life.run(chaos, Infinity) + life.finish(chaos);
  witness.finish();
  return { steps, counts: witness.counts };
}

/** From the start, or from what is stored, to a crash or the end. */
class Life {
  private readonly world: FaultWorld;
  private readonly store: MemoryStore;
  private readonly witness: Witness;
  private readonly simulation: Simulation;
  private readonly checkers: ReturnType<typeof createCheckers>;
  private readonly costs: ReturnType<typeof pastCosts>;
  private readonly living = new Set<Pid>();
  private readonly questions = new Set<RequestId>();

  constructor({
    seed,
    world,
    store,
    witness,
    fromUs,
  }: {
    readonly seed: number;
    readonly world: FaultWorld;
    readonly store: MemoryStore;
    readonly witness: Witness;
    readonly fromUs: number;
  }) {
    this.world = world;
    this.store = store;
    this.witness = witness;
    this.costs = pastCosts(store);
    witness.begin();
    const model = drawnModel(seed, world, {
      nowUs: () => this.simulation.nowUs,
      note: (what) => witness.note(what),
    });
    this.simulation = new Simulation({
      kernel: { ...world.kernel, programs, ledger: store.ledger() },
      tools: world.tools,
      faults: world.faults,
      flushUs: world.flushUs,
      store,
      model: witness.watched(model, () => this.simulation.nowUs),
      person: witness.person,
      // Says nothing: it sees each start of a tool.
      replay: { tool: witness.started },
      onEvent: (event) => this.note(event),
      onOutput: (output, input) => witness.onStep(output, input),
    });
    const { engines, queues, budgets, tools } = this.simulation.kernel.options;
    this.checkers = createCheckers({ engines, queues, budgets, tools });
    // Whoever lived goes on before anybody else comes: pids that are taken are told with them.
    for (const { run } of store.runs()) {
      const input = recoveryInput(store, run);
      if (input !== undefined) this.simulation.send(fromUs, input);
    }
    for (const { atUs, ...spawn } of world.roots)
      if (store.processes(spawn.run).length === 0) this.simulation.spawn(Math.max(atUs, fromUs), spawn);
  }

  get nowUs(): number {
    return this.simulation.nowUs;
  }

  /** Returns how many steps it took. */
  run(chaos: Draw, most: number): number {
    const { simulation, world } = this;
    let steps = 0;
    while (steps < most && simulation.stepOnce()) {
      if (++steps % 16 === 0) simulation.kernel.checkInvariants();
      if (steps === stepLimit) throw new Error(`more than ${stepLimit} steps`);
      if (world.disturbed > 0 && chaos.chance(world.disturbed)) this.disturb(chaos);
    }
    return steps;
  }

  /** Promises of any moment. */
  check(): void {
    const { simulation, store, witness } = this;
    simulation.kernel.checkInvariants();
    checkStored(store);
    checkBooked(simulation.kernel, store);
    checkAuditedCosts(simulation.kernel, store, this.costs);
    witness.checkBudgets();
  }

  /** Nothing is due any more: whoever still waits has a reason that can be named, and ends when that is gone, or when somebody has had enough. */
  finish(chaos: Draw): number {
    const { simulation, world, witness } = this;
    const stuck = checkStuck(simulation.kernel, world);
    if (stuck > 0) witness.note('waits at rest');
    let steps = 0;
    // Whoever was stopped goes on, and somebody comes and answers, until nothing is left to answer.
    for (let rounds = 0; simulation.kernel.alive > 0 && rounds < 100; rounds++) {
      for (const pid of this.living) simulation.signal(simulation.nowUs, pid, 'continue');
      for (const request of this.questions) this.answer(request, chaos);
      steps += this.run(chaos, Infinity);
      if (rounds < 90) continue;
      // What is spent for good comes back for nobody.
      for (const pid of this.living)
        simulation.signal(simulation.nowUs, pid, chaos.of(['terminate', 'kill']));
    }
    this.checkers.finish(true);
    this.check();
    checkEnded(simulation.kernel);
    return steps;
  }

  private answer(request: RequestId, chaos: Draw): void {
    const decision = chaos.of(['approve', 'deny', 'answer'] as const);
    this.simulation.send(this.nowUs, { type: 'person.answered', request, decision, value: 'at last' });
  }

  /** Something that no program asked for. */
  private disturb(draw: Draw): void {
    const { simulation, living } = this;
    if (living.size === 0) return;
    const pid = draw.of([...living]);
    const atUs = simulation.nowUs + (draw.chance(0.5) ? 0 : draw.between(0, 30_000_000));
    switch (draw.weighted({ message: 5, pause: 4, stop: 1, terminate: 1, kill: 1 })) {
      case 'message':
        return simulation.message(atUs, pid, 'm '.repeat(draw.between(1, 200)));
      case 'pause':
        simulation.signal(atUs, pid, 'stop');
        return simulation.signal(atUs + draw.between(0, 10_000_000), pid, 'continue');
      case 'stop':
        return simulation.signal(atUs, pid, 'stop');
      case 'terminate':
        return simulation.signal(atUs, pid, 'terminate');
      case 'kill':
        return simulation.signal(atUs, pid, 'kill');
    }
  }

  private note(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned':
        this.living.add(event.pid);
        break;
      case 'process.terminated':
        this.living.delete(event.pid);
        break;
      case 'person.asked':
        this.questions.add(event.request);
        break;
      case 'person.answered':
        this.questions.delete(event.request);
        break;
      default:
    }
    this.witness.onEvent(event);
    this.checkers.onEvent(event);
  }
}
