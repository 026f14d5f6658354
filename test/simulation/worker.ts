/** Drives one run through as many lives as it takes: takes its lease where it needs one, starts the run or goes on with what is stored of it, and gives it up when it is over or somebody else has it. */
import { readStoredRun } from '../../src/host/stored-run.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { Machine, type Surroundings } from './machine.ts';
import type { RunPlan, WorkerPlan } from './scenario.ts';

/** Until a worker whose kernel broke down is started again. */
const restartUs = 1_000_000;

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
    const machine = new Machine(world, {
      run,
      worker: plan,
      clockUs,
      crash,
      nextFlush: () => ++this.flushes,
      onDeath: (error) => {
        this.machine = undefined;
        if (error === undefined) world.witness.note('crash');
        else this.checkDeath(error);
        const { downUs, clockUs: nextUs } = crash ?? { downUs: restartUs, clockUs: 0 };
        world.time.after(downUs, () => this.begin(nextUs));
      },
    });
    this.machine = machine;
    this.live(machine).catch((error: unknown) => {
      if (!machine.isDead) machine.die(error);
    });
  }

  /** What a kernel may break down over. */
  private checkDeath(error: unknown): void {
    const { witness, fail } = this.world;
    const code = error instanceof KernelError ? error.code : '';
    const isStorage = this.plan.flushes.length > 0 && code === 'STORAGE_FAILED';
    const isLease = this.run.workers.length > 1 && code === 'LEASE_LOST';
    if (isStorage || isLease) witness.note(`broke: ${code}`);
    else fail(error);
  }

  private async live(machine: Machine): Promise<void> {
    const { run, world } = this;
    const { connection } = machine;
    if (!(await this.lease(machine))) return;
    const stored = await readStoredRun(connection, run.name);
    if (stored === undefined && (await connection.processes(run.name)).length > 0) return;
    const live = machine.boot(stored?.ledger ?? []);
    const ended = (end: Parameters<typeof world.witness.onEndTold>[1]): void => {
      if (machine.isDead) return;
      try {
        world.witness.onEndTold(run.name, end);
      } catch (error) {
        world.fail(error);
      }
    };
    if (stored === undefined) {
      world.witness.note('life: started');
      live
        .spawn({
          program: 'crew',
          arguments: { agents: run.agents } as never,
          name: 'root',
          run: run.name,
        })
        .end.then(ended, ignored);
      return;
    }
    world.witness.note('life: restored');
    for (const end of live.restore(stored).values()) end.then(ended, ignored);
  }

  /** Resolves when it has the lease, or needs none; to false when the run is over. */
  private async lease(machine: Machine): Promise<boolean> {
    const { name: run } = this.run;
    const { leaseUs } = this.plan;
    const { clock, connection } = machine;
    if (leaseUs === 0) return true;
    const holder = `${this.name}-${this.lives}`;
    const claim = () => {
      const atUs = clock.nowUs();
      return connection.lease({ run, holder, atUs, untilUs: atUs + leaseUs });
    };
    for (;;) {
      const verdict = await claim();
      if (verdict.ok) break;
      const processes = await connection.processes(run);
      if (processes.length > 0 && processes.every(({ end }) => end !== undefined)) return false;
      await new Promise<void>((resolve) => void clock.idle(verdict.untilUs, resolve));
    }
    const prolong = (): void => {
      if (machine.live?.kernel.alive === 0) return void connection.release({ run, holder }).catch(ignored);
      void keep();
    };
    const keep = async (): Promise<void> => {
      try {
        const { ok } = await claim();
        if (ok) clock.idle(clock.nowUs() + Math.floor(leaseUs / 3), prolong);
        else machine.die(new KernelError('LEASE_LOST', 'the lease has gone to somebody else'));
      } catch (error) {
        machine.die(error);
      }
    };
    clock.idle(clock.nowUs() + Math.floor(leaseUs / 3), prolong);
    return true;
  }

  // ---- What reaches the run from outside -------------------------------------------------------------------------------

  signal(pid: Pid, signal: 'stop' | 'continue' | 'terminate' | 'kill'): void {
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
      // Who is not told may not rely on it; of a process that is gone nobody is told anything.
      if (!(error instanceof KernelError)) this.world.fail(error);
    }
  }
}

const ignored = (): void => {};
