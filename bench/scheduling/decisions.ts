/**
 * One scheduling policy without a kernel: many processes that are ready, eight cores, and one decision after another. The caller sees to it that as many stay ready: whoever ends its
 * call asks for the next one at once.
 */
import { rngFor } from '../../src/base/rng.ts';
import type { CreateSchedulingPolicy, ProcessView, SchedulingPolicy } from '../../src/kernel/contracts.ts';
import type { CoreId, Pid } from '../../src/kernel/ids.ts';

const cores = 8;
const secondUs = 1_000_000;
/** Processes become ready at first one after another, so far apart. */
const arrivalUs = 10;

export class Decisions {
  private readonly policy: SchedulingPolicy;
  private readonly processes: DrawnProcesses;
  // By core.
  private readonly running: Pid[] = [];
  private readonly beganUs: number[] = [];
  private readonly endsUs: number[] = [];
  private nowUs: number;

  /** `ready` processes, beside those on the cores; `perRun`: how many of them are one run. */
  constructor(create: CreateSchedulingPolicy, ready: number, seed: number, perRun = 10) {
    const count = ready + cores;
    this.processes = new DrawnProcesses(count, seed, perRun);
    this.policy = create({
      capacity: cores,
      unit: 'cores',
      memoryTokens: 1_000_000,
      rng: rngFor(seed, 'scheduling'),
      processes: this.processes,
    });
    for (let pid = 1; pid <= count; pid++) this.policy.ready(pid as Pid, pid * arrivalUs);
    this.nowUs = count * arrivalUs;
    for (let core = 0; core < cores; core++) this.dispatch(core);
  }

  /** So many times a core is taken from a process, or left by it, and given to the one that the policy picks. */
  make(decisions: number): void {
    for (let made = 0; made < decisions; made++) {
      const core = this.nextToEnd();
      const isAsked = this.leave(core);
      this.dispatch(core);
      if (isAsked) this.askAll();
    }
  }

  private nextToEnd(): number {
    let first = 0;
    for (let core = 1; core < cores; core++) if (this.endsUs[core]! < this.endsUs[first]!) first = core;
    return first;
  }

  /** Its process is ready again, for the rest of its call or for the next. True: others may have to make way for it. */
  private leave(core: number): boolean {
    const { policy, processes } = this;
    const pid = this.running[core]!;
    this.nowUs = Math.max(this.nowUs, this.endsUs[core]!);
    const coreUs = this.nowUs - this.beganUs[core]!;
    processes.stops(pid, coreUs);
    const isOver = processes.burstLeftUs(pid) === 0;
    const tokensIn = isOver ? processes.promptTokens(pid) : 0;
    const tokensOut = isOver ? processes.maxOutputTokens(pid) : 0;
    policy.charge?.(pid, { coreUs, tokensIn, tokensOut }, this.nowUs);
    if (isOver) {
      policy.waiting(pid, this.nowUs);
      processes.asks(pid);
    }
    return policy.ready(pid, this.nowUs) !== false && policy.shouldPreempt !== undefined;
  }

  private dispatch(core: number): void {
    const { policy, processes, nowUs } = this;
    const pid = policy.pick(core as CoreId, nowUs);
    if (pid === undefined) throw new Error(`${policy.name} picks nobody, and many are ready`);
    processes.starts(pid, nowUs);
    this.running[core] = pid;
    this.beganUs[core] = nowUs;
    this.endsUs[core] = nowUs + Math.min(policy.slice(pid), processes.burstLeftUs(pid, nowUs));
    this.ask(core);
  }

  private askAll(): void {
    for (let core = 0; core < cores; core++) this.ask(core);
  }

  private ask(core: number): void {
    const dueUs = this.policy.shouldPreempt?.(this.running[core]!, this.nowUs) ?? Infinity;
    if (dueUs < this.endsUs[core]!) this.endsUs[core] = Math.max(dueUs, this.nowUs);
  }
}

/** A hundred processes to a client; everything else is drawn. */
class DrawnProcesses implements ProcessView {
  private readonly draw;
  private readonly perRun: number;
  // By pid.
  private readonly bursts: Float64Array;
  private readonly leftUs: Float64Array;
  private readonly startedUs: Float64Array; // on a core since then; -1: on none
  private readonly shares: Float64Array; // 0 to 1

  constructor(count: number, seed: number, perRun: number) {
    const rng = rngFor(seed, 'processes');
    this.perRun = perRun;
    this.draw = () => rng.next();
    this.bursts = new Float64Array(count + 1);
    this.leftUs = new Float64Array(count + 1);
    this.startedUs = new Float64Array(count + 1).fill(-1);
    this.shares = new Float64Array(count + 1).map(this.draw);
    for (let pid = 1; pid <= count; pid++) this.asks(pid as Pid);
  }

  /** For a call of another length. */
  asks(pid: Pid): void {
    this.bursts[pid] = 1 + Math.floor(this.draw() * 4 * secondUs);
    this.leftUs[pid] = this.bursts[pid]!;
  }
  starts(pid: Pid, nowUs: number): void {
    this.startedUs[pid] = nowUs;
  }
  stops(pid: Pid, coreUs: number): void {
    this.leftUs[pid]! -= coreUs;
    this.startedUs[pid] = -1;
  }

  priority(pid: Pid): number {
    return Math.floor(this.shares[pid]! * 101);
  }
  name(pid: Pid): string {
    return `process ${pid}`;
  }
  parent(): 0 {
    return 0;
  }
  run(pid: Pid): number {
    return Math.floor(pid / this.perRun);
  }
  client(pid: Pid): number {
    return Math.floor(pid / 100);
  }
  tickets(pid: Pid): number {
    return 1 + Math.floor(this.shares[pid]! * 1_000);
  }
  weight(pid: Pid): number {
    return 0.5 + this.shares[pid]!;
  }
  /** Half of them have one. */
  deadlineUs(pid: Pid): number {
    return pid % 2 === 0 ? Math.floor(this.shares[pid]! * 3_600 * secondUs) : Infinity;
  }
  spawnedUs(): number {
    return 0;
  }
  expectedCoreUs(pid: Pid): number {
    return 100 * this.bursts[pid]!;
  }
  /** Nobody can say of every other run. */
  expectedTokenSeconds(pid: Pid): number {
    return this.run(pid) % 2 === 0 ? NaN : 1_000 * (1 + this.shares[pid]!);
  }
  quotaNode(): number {
    return -1;
  }
  quotaShare(): number {
    return 0;
  }
  quotaRollsUs(): number {
    return Infinity;
  }
  coreUs(): number {
    return 0;
  }
  sliceBeginsUs(): number {
    return 0;
  }
  burstUs(pid: Pid): number {
    return this.bursts[pid]!;
  }
  burstLeftUs(pid: Pid, nowUs = 0): number {
    const startedUs = this.startedUs[pid]!;
    return this.leftUs[pid]! - (startedUs < 0 ? 0 : nowUs - startedUs);
  }
  isUnderWay(pid: Pid): boolean {
    return this.leftUs[pid]! < this.bursts[pid]!;
  }
  hasEnded(): boolean {
    return false;
  }
  promptTokens(pid: Pid): number {
    return 500 + Math.floor(this.shares[pid]! * 1_000);
  }
  maxOutputTokens(pid: Pid): number {
    return 1 + Math.floor(this.bursts[pid]! / 16_000);
  }
}
