/**
 * The rule set of OSTEP's process-run: processes of CPU instructions and I/Os on one core, seen tick by tick.
 *
 * Not built on the kernel's scheduler: the choice goes round by process number from the current one (the kernel's policies know only who became ready
 * when); `io` and the `io_done` after it each take a tick of the core; with SWITCH_ON_END a waiting process keeps the core, which the kernel rules out; and
 * of two I/Os ending in one tick with IO_RUN_IMMEDIATE the higher number gets the core.
 *
 * Ticks count from 1. An I/O issued in tick t ends in tick t + length + 1. A process without instructions holds the core for one tick.
 * Source of the rules: the behaviour of process-run.py of 2025-10-26.
 */
import { checkInteger, checkNotEmpty, checkCells } from './checks.ts';
import { percent } from './two-decimals.ts';

/** When the core is given away: as soon as its process waits for I/O, or at its end only. */
type SwitchRule = 'SWITCH_ON_IO' | 'SWITCH_ON_END';
/** When a process whose I/O ended runs: when it is its turn, or at once. */
type IoDoneRule = 'IO_RUN_LATER' | 'IO_RUN_IMMEDIATE';
export type Instruction = 'cpu' | 'io' | 'io_done';

export interface ProcessRunProblem {
  readonly switch: SwitchRule;
  readonly ioDone: IoDoneRule;
  /** Ticks, from 0. */
  readonly ioLength: number;
  /** [process] what it executes. `io` is followed by `io_done`. */
  readonly instructions: readonly (readonly Instruction[])[];
}

/** `BLOCKED` is OSTEP's printed word for a process that waits for its I/O. */
type ShownState = 'READY' | 'RUNNING' | 'BLOCKED' | 'DONE' | `RUN:${Instruction}`;

interface ProcessRunTick {
  readonly tick: number;
  /** Whether an I/O ended in this tick. */
  readonly ioDone: boolean;
  /** [process] */
  readonly states: readonly ShownState[];
  /** 1 when an instruction was executed, else 0. */
  readonly cpu: number;
  /** I/Os in flight: those that end after this tick, without the one that it issues. */
  readonly ios: number;
}

export interface ProcessRunAnswer {
  readonly totalTime: number;
  readonly cpuBusy: number;
  readonly cpuBusyPct: number;
  readonly ioBusy: number;
  readonly ioBusyPct: number;
  readonly trace: readonly ProcessRunTick[];
}

/** Throws KernelError without processes, or with a negative I/O length. */
export function solveProcessRun(problem: ProcessRunProblem): ProcessRunAnswer {
  checkNotEmpty('instructions', problem.instructions);
  checkInteger('ioLength', problem.ioLength, 0);
  const instructions = problem.instructions.reduce((sum, list) => sum + list.length, 0);
  checkCells('ticks × processes', instructions * problem.instructions.length);
  const run = new ProcessRun(problem);
  const trace: ProcessRunTick[] = [];
  while (!run.isDone) trace.push(run.tick());
  const totalTime = trace.length;
  const cpuBusy = trace.filter(({ cpu }) => cpu > 0).length;
  const ioBusy = trace.filter(({ ios }) => ios > 0).length;
  return {
    totalTime,
    cpuBusy,
    cpuBusyPct: percent(cpuBusy, totalTime),
    ioBusy,
    ioBusyPct: percent(ioBusy, totalTime),
    trace,
  };
}

interface SimulatedProcess {
  state: 'READY' | 'RUNNING' | 'BLOCKED' | 'DONE';
  /** Instructions executed so far. */
  executed: number;
  readonly instructions: readonly Instruction[];
  /** Tick in which its latest I/O ends. */
  ioEnd: number;
}

class ProcessRun {
  private readonly problem: ProcessRunProblem;
  private readonly processes: readonly SimulatedProcess[];
  private current = 0;
  private now = 0;

  constructor(problem: ProcessRunProblem) {
    this.problem = problem;
    this.processes = problem.instructions.map((instructions, pid) => ({
      state: pid === 0 ? 'RUNNING' : 'READY',
      executed: 0,
      instructions,
      ioEnd: 0,
    }));
  }

  get isDone(): boolean {
    return this.processes.every(({ state }) => state === 'DONE');
  }

  tick(): ProcessRunTick {
    const { processes, problem } = this;
    const tick = ++this.now;
    checkCells('ticks × processes', tick * processes.length);
    const ioDone = this.endIos();
    const running = processes[this.current]!;
    const instruction = running.state === 'RUNNING' ? running.instructions[running.executed] : undefined;
    if (instruction !== undefined) running.executed++;
    const states = processes.map(({ state }, pid): ShownState =>
      pid === this.current && instruction !== undefined ? `RUN:${instruction}` : state,
    );
    const ios = processes.filter(({ ioEnd }) => ioEnd > tick).length;
    if (instruction === 'io') {
      running.state = 'BLOCKED';
      running.ioEnd = tick + problem.ioLength + 1;
      if (problem.switch === 'SWITCH_ON_IO') this.runNext();
    } else if (running.state === 'RUNNING' && running.executed === running.instructions.length) {
      running.state = 'DONE';
      this.runNext();
    }
    return { tick, ioDone, states, cpu: instruction === undefined ? 0 : 1, ios };
  }

  /** Returns whether an I/O ended. */
  private endIos(): boolean {
    const { processes, problem } = this;
    let ended = false;
    for (const [pid, process] of processes.entries()) {
      if (process.state !== 'BLOCKED' || process.ioEnd !== this.now) continue;
      ended = true;
      process.state = 'READY';
      const runnable = processes.filter(({ state }) => state === 'READY' || state === 'RUNNING').length;
      const runsNow =
        problem.ioDone === 'IO_RUN_IMMEDIATE' || runnable === 1 || problem.switch === 'SWITCH_ON_END';
      if (runsNow) this.run(pid);
    }
    return ended;
  }

  /** Goes round from the process after the current one to the current one itself. When none is ready, the core stays where it is. */
  private runNext(): void {
    const count = this.processes.length;
    for (let step = 1; step <= count; step++) {
      const pid = (this.current + step) % count;
      if (this.processes[pid]!.state === 'READY') return this.run(pid);
    }
  }

  private run(pid: number): void {
    const before = this.processes[this.current]!;
    if (before.state === 'RUNNING') before.state = 'READY';
    this.processes[pid]!.state = 'RUNNING';
    this.current = pid;
  }
}
