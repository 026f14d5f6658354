/** Drives one run through as many lives as it takes: takes its lease where it needs one, starts the run or goes on with what is stored of it, and gives it up when it is over or somebody else has it. */
import { LeaseKeeper } from '../../src/host/lease-keeper.ts';
import type { LiveKernel, ProcessEnd } from '../../src/host/live-kernel.ts';
import { readStoredRun } from '../../src/host/stored-run.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { SignalName } from '../../src/kernel/inputs.ts';
import { Machine, type Surroundings } from './machine.ts';
import type { RunPlan, WorkerPlan } from './scenario.ts';

/** Until a worker whose kernel broke down is started again. */
const restartUs = 1_000_000;
/** More than any world needs. */
const livesMax = 100;

export class Worker {
  machine: Machine | undefined;
  private readonly world: Surroundings;
  private readonly run: RunPlan;
  private readonly plan: WorkerPlan;
  private readonly name: string;
  private lives = 0;
  private flushes = 0;

  constructor(world: Surroundings, run: RunPlan, plan: WorkerPlan, name: string) {
    this.world = world;
    this.run = run;
    this.plan = plan;
    this.name = name;
    const { time } = world;
    time.at(plan.startUs, () => this.begin(0));
    for (const { atUs, byUs } of plan.jumps) time.at(atUs, () => this.machine?.clock.forward(byUs));
    for (const { atUs, byUs } of plan.pauses) time.at(atUs, () => this.machine?.pause(byUs));
  }

  private begin(clockUs: number): void {
    const { world, run, plan } = this;
    const crash = plan.crashes[this.lives++];
    if (this.lives > livesMax)
      return world.fail(new Error(`${this.name} of ${run.name} is in its life ${this.lives}`));
    const machine = new Machine(world, {
      run,
      worker: plan,
      clockUs,
      crash,
      nextFlush: () => ++this.flushes,
      onDeath: (error) => {
        this.machine = undefined;
        if (error === undefined) world.witness.note('crash');
        else this.checkDeath(error, machine);
        const { downUs, clockUs: nextUs } = crash ?? { downUs: restartUs, clockUs: 0 };
        world.time.after(downUs, () => this.begin(nextUs));
      },
    });
    this.machine = machine;
    this.live(machine).catch((error: unknown) => {
      if (!machine.isDead) machine.die(error);
    });
  }

  /** What a life may end with. */
  private checkDeath(error: unknown, { connection }: Machine): void {
    const { witness, fail } = this.world;
    const code = error instanceof KernelError ? error.code : '';
    const isStorage = connection.hasRefused && code === 'STORAGE_FAILED';
    // A question that nobody repeats.
    const isUnavailable = this.isCutOff && code === 'STORAGE_UNAVAILABLE';
    const isLease = this.plan.leaseUs > 0 && code === 'LEASE_LOST';
    if (isStorage || isUnavailable || isLease) witness.note(`broke: ${code}`);
    else fail(error);
  }

  private get isCutOff(): boolean {
    return this.plan.flushes.length > 0 || this.plan.outages.length > 0;
  }

  private async live(machine: Machine): Promise<void> {
    const { run, world } = this;
    const { connection } = machine;
    if (!(await this.takeLease(machine))) return;
    const stored = await readStoredRun(connection, run.name);
    if (stored === undefined && (await connection.processes(run.name)).length > 0) return this.over(machine);
    const live = machine.boot(stored?.ledger ?? []);
    if (stored === undefined) {
      world.witness.note('life: started');
      const { end } = live.spawn({
        program: 'crew',
        arguments: { agents: run.agents as unknown as Json },
        name: 'root',
        run: run.name,
      });
      void this.told(machine, live, end);
      return;
    }
    world.witness.note('life: restored');
    const ends = live.restore(stored);
    world.witness.onRestored(live.kernel, stored.restore);
    for (const end of ends.values()) void this.told(machine, live, end);
    // Whoever was parked goes on, with all that it has started.
    for (const { started, signal } of stored.restore.processes)
      if (signal === 'stop' && !ends.has(started.parent as Pid) && machine.live?.kernel.alive !== 0)
        live.signal(started.pid, 'continue');
  }

  private async told(machine: Machine, live: LiveKernel, end: Promise<ProcessEnd>): Promise<void> {
    try {
      const ended = await end;
      if (machine.isDead) return;
      this.world.witness.onEndTold(this.run.name, ended);
      if (live.kernel.alive === 0) this.over(machine);
    } catch (error) {
      // A kernel that breaks down is told elsewhere.
      if (!(error instanceof KernelError)) this.world.fail(error);
    }
  }

  private over({ lease }: Machine): void {
    void lease?.release();
  }

  /** Resolves when it has the lease, or needs none; to false when the run is over. */
  private async takeLease(machine: Machine): Promise<boolean> {
    const { name: run } = this.run;
    const { leaseUs } = this.plan;
    if (leaseUs === 0) return true;
    const { clock, connection } = machine;
    const options = {
      storage: connection,
      // Its renewals keep nobody waiting.
      clock: {
        nowUs: () => clock.nowUs(),
        at: (atUs: number, then: () => void) => clock.idle(atUs, then),
      },
      run,
      holder: `${this.name}-${this.lives}`,
      termUs: leaseUs,
      onLost: (why: KernelError) => {
        machine.live?.close(why);
        machine.die(why);
      },
    };
    for (;;) {
      const taken = await LeaseKeeper.take(options);
      if (taken instanceof LeaseKeeper) {
        machine.lease = taken;
        return true;
      }
      const processes = await connection.processes(run);
      if (processes.length > 0 && processes.every(({ end }) => end !== undefined)) return false;
      await new Promise<void>((resolve) => void clock.idle(taken.untilUs, resolve));
    }
  }

  // ---- What reaches the run from outside -------------------------------------------------------------------------------

  signal(pid: Pid, signal: SignalName): void {
    this.machine?.deliver(() => this.machine?.live?.signal(pid, signal));
  }

  message(pid: Pid, text: string): void {
    const { machine } = this;
    machine?.deliver(() => void this.write(machine, pid, text));
  }

  private async write(machine: Machine, pid: Pid, text: string): Promise<void> {
    try {
      const isTaken = await machine.live?.message(pid, text);
      if (isTaken === true && !machine.isDead) this.world.witness.onMessageTaken(this.run.name, pid, text);
    } catch (error) {
      // Who is not told may not rely on it.
      if (!(error instanceof KernelError)) this.world.fail(error);
    }
  }
}
