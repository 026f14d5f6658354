/** Runs the world of a scenario to its end. Throws BrokenPromise when something that was promised does not hold. */
import type { Pid } from '../../src/kernel/ids.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import { checkEnded, checkStuck } from '../sim/random-world-end.ts';
import { checkBooked } from '../support/booked.ts';
import { brokenPromiseOf, promised, type BrokenPromise } from './broken-promise.ts';
import type { RunPlan, Scenario } from './scenario.ts';
import type { Surroundings } from './machine.ts';
import { SimulatedDisk } from './simulated-storage.ts';
import { SimulatedModels } from './simulated-models.ts';
import { VirtualTime } from './virtual-time.ts';
import { Witness } from './witness.ts';
import { Worker } from './worker.ts';

export interface ScenarioResult {
  /** How often each thing came about. */
  readonly counts: ReadonlyMap<string, number>;
  /** How each run ended, as JSON. */
  readonly ends: readonly string[];
  /** Flushes and acts of the first worker's first life. */
  readonly flushes: number;
  readonly acts: number;
}

/** More than any world needs: one that needs more runs in a circle. */
const eventLimit = 100_000;
/** Rounds of answers and signals until somebody has had enough. */
const patience = 50;
/** So often may workers look for the lease of a run while nothing else is due. */
const idleLimit = 20;

export async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  return new World(scenario).run();
}

class World {
  private readonly scenario: Scenario;
  private readonly time = new VirtualTime();
  private readonly disk = new SimulatedDisk();
  private readonly witness: Witness;
  private readonly workers = new Map<RunPlan, readonly Worker[]>();
  private readonly first: { flushes: number; acts: number } = { flushes: 0, acts: 0 };
  private failure: BrokenPromise | undefined;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.witness = new Witness(this.disk, scenario);
    const surroundings: Surroundings = {
      scenario,
      time: this.time,
      disk: this.disk,
      models: new SimulatedModels(scenario.storms),
      witness: this.witness,
      fail: (error) => (this.failure ??= brokenPromiseOf(error)),
    };
    for (const run of scenario.runs) {
      if (run.workers.length > 1 && run.workers.some(({ leaseUs }) => leaseUs === 0))
        throw new Error(`${run.name}: several workers need leases`);
      const workers = run.workers.map(
        (plan, index) => new Worker(surroundings, run, plan, `worker-${index + 1}`),
      );
      this.workers.set(run, workers);
      for (const { atUs, to, signal } of run.signals)
        this.time.at(atUs, () => this.toProcess(run, to, (worker, pid) => worker.signal(pid, signal)));
      for (const { atUs, to, text } of run.messages)
        this.time.at(atUs, () => this.toProcess(run, to, (worker, pid) => worker.message(pid, text)));
    }
  }

  async run(): Promise<ScenarioResult> {
    try {
      await this.toRest();
      this.checkWaits();
      for (let round = 0; this.unfinished().length > 0 && round < 60; round++) {
        promised(
          round < patience || this.isSpent,
          'nobody waits for ever',
          () => `${this.unfinished()[0]!.name} has no end`,
        );
        this.nudge(round);
        await this.toRest();
      }
      this.finish();
    } catch (error) {
      throw brokenPromiseOf(error);
    }
    const { disk, witness, first } = this;
    const ends = this.scenario.runs.map(({ name }) => {
      const root = disk.store.processes(name)[0]!;
      return JSON.stringify({ outcome: root.end?.outcome, value: root.end?.value });
    });
    return { counts: witness.counts, ends, ...first };
  }

  /** Whoever waits now waits for what will never come by itself. */
  private checkWaits(): void {
    const { scenario, witness } = this;
    const isAbsent = JSON.stringify(scenario.runs).includes('"absent"');
    for (const run of this.unfinished())
      for (const { machine } of this.workers.get(run)!) {
        if (machine?.live === undefined) continue;
        witness.note('waits at rest');
        checkStuck(machine.live.kernel, { faults: { personAbsent: isAbsent ? 1 : 0 } });
      }
  }

  /** There is money that comes back for nobody. */
  private get isSpent(): boolean {
    return this.scenario.budgets.some(({ limits = [] }) => limits.length > 0);
  }

  /** Until nothing is due but what happens for ever. */
  private async toRest(): Promise<void> {
    const { time } = this;
    let idle = 0;
    for (let events = 0; ; events++) {
      promised(events < eventLimit, 'a world comes to rest', () => `more than ${eventLimit} events`);
      idle = time.busy === 0 ? idle + 1 : 0;
      if (idle > idleLimit || !(await time.step())) return;
      if (this.failure !== undefined) throw this.failure;
    }
  }

  private unfinished(): readonly RunPlan[] {
    return this.scenario.runs.filter(({ name }) => {
      const processes = this.disk.store.processes(name);
      return processes.length === 0 || processes.some(({ end }) => end === undefined);
    });
  }

  /** Whoever was stopped goes on, and whoever was asked answers; in the end nobody waits any longer. */
  private nudge(round: number): void {
    for (const run of this.unfinished())
      for (const worker of this.workers.get(run)!) {
        const { machine } = worker;
        if (machine?.live === undefined) continue;
        for (const { pid, end } of this.disk.store.processes(run.name)) {
          if (end !== undefined) continue;
          worker.signal(pid, round < patience ? 'continue' : 'kill');
        }
        for (const ask of machine.open.values()) machine.deliver(() => machine.answer(ask, 'approve'));
      }
  }

  private ledgerOf({ name }: RunPlan): LedgerRecord[] {
    return this.disk.store.ledger().filter(({ run }) => run === name);
  }

  private toProcess(run: RunPlan, name: string, act: (worker: Worker, pid: Pid) => void): void {
    for (const worker of this.workers.get(run)!) {
      const process = worker.machine?.live?.kernel
        .snapshot()
        .processes.find((one) => one.name === name && one.state !== 'terminated');
      if (process !== undefined) act(worker, process.pid as Pid);
    }
  }

  private finish(): void {
    const { witness } = this;
    witness.check();
    for (const [run, workers] of this.workers)
      for (const { machine } of workers) {
        if (machine?.live === undefined) continue;
        machine.finish(true);
        checkEnded(machine.live.kernel);
        checkBooked(machine.live.kernel, { ledger: () => this.ledgerOf(run) });
      }
    witness.finish();
    const [first] = this.workers.values().next().value ?? [];
    Object.assign(this.first, { flushes: first?.machine?.flushes ?? 0, acts: first?.machine?.acts ?? 0 });
  }
}
