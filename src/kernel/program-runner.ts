import { Ring } from '../base/ring.ts';
import type { Rng, RngState } from '../base/rng.ts';
import type { Json, Pid } from './ids.ts';
import type { RestoredProcess, RestoredStop } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import { messageOf, shown } from './errors.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { PastSpending } from './past-spending.ts';
import { programTimeUs, type Process } from './process.ts';
import type { HistoryRecord } from './records.ts';
import { notJson } from './schema/problem.ts';
import { isSyscall, malformed } from './syscall-arguments.ts';
import type { Program, Syscall, Sys, SyscallResult } from './syscalls.ts';
import { hashSyscall } from './syscall-hash.ts';
import type { SyscallTable } from './syscall-table.ts';
import { ToldPrompt } from './told-prompt.ts';

/** Syscalls that a process may make at one instant; those that its history answers don't count. */
const mostCallsAtOnce = 1_000_000;

/**
 * Runs programs: resumes them with results, hands what they yield to the syscall table, keeps their histories, and feeds a restored program the
 * results that it had already. An exception in a program terminates that process alone, as failed.
 */
export class ProgramRunner {
  private readonly state: KernelState;
  private readonly lifecycle: Lifecycle;
  private readonly table: SyscallTable;

  constructor(state: KernelState, lifecycle: Lifecycle, table: SyscallTable) {
    this.state = state;
    this.lifecycle = lifecycle;
    this.table = table;
  }

  /** A new process's program begins, in this step. */
  begin(process: Process, saved?: Json): void {
    process.generator = generatorOf(process.program, new ProgramSys(process, this.state), saved);
    this.state.runnable.push({ process, result: undefined });
  }

  /** Lets all runnable programs go on until each waits or has ended. */
  runAll(): void {
    const { runnable } = this.state;
    for (let next = runnable.shift(); next !== undefined; next = runnable.shift()) {
      const { process, result } = next;
      if (process.state === 'terminated') continue;
      if (process.state === 'suspended') {
        process.suspension!.delivered = { result };
        continue;
      }
      if (process.state === 'waiting') this.state.change(process, 'wake');
      this.resume(process, result);
    }
  }

  /** A process goes on after a crash (design, section 4): its program is fed its history, and must ask for the same as before. `past`: what its run has spent, where that came with it. */
  restore(
    {
      started: { atUs: startedUs },
      checkpoint,
      history,
      endedChildren,
      mailbox,
      batch,
      stops,
      calls,
      journalled,
    }: RestoredProcess,
    process: Process,
    past?: PastSpending,
  ): void {
    process.journalled = journalled;
    process.interrupted = batch;
    process.mailCount = mailbox.length;
    if (mailbox.length > 0)
      process.mailbox = new Ring(
        mailbox.map((message, index) => ({
          number: index + 1,
          sender: this.state.pidHere(process.family, message.from),
          message,
        })),
      );
    if (checkpoint !== undefined) {
      process.n = checkpoint.n;
      this.state.streamOf(process).load(checkpoint.random as unknown as RngState);
      for (const node of checkpoint.prompt)
        process.engine.memory.append(
          process.table,
          this.state.contents.recall(node),
          node.importance,
          node.pinned,
          node.number,
        );
      process.table.nextNumber = checkpoint.nextPage;
      // The next checkpoint tells only what is new since this one.
      process.toldPrompt = new ToldPrompt(checkpoint.prompt);
    }
    if (endedChildren.length > 0) process.endedChildren = new Ring(endedChildren);
    const rest = history.filter((record) => record.n > process.n).sort((a, b) => a.n - b.n);
    process.replay = {
      records: rest,
      from: process.n + 1,
      stops: lastOfEach(stops),
      n: process.n,
      // A checkpoint whose result the crash swallowed is as old as the question for it.
      atUs:
        checkpoint === undefined
          ? startedUs
          : (history.find(({ n }) => n === checkpoint.n)?.atUs ?? checkpoint.atUs),
    };
    process.usage.calls = calls;
    this.state.countPast(process, past);
    const fromCheckpoint = checkpoint?.n ?? 0;
    this.state.out.emit({
      type: 'process.restored',
      pid: process.pid,
      fromCheckpoint,
      replayed: rest.length,
      mail: mailbox.map(({ from }) => this.state.pidHere(process.family, from)),
    });
    this.begin(process, checkpoint?.state);
  }

  private resume(process: Process, first: SyscallResult<unknown> | undefined): void {
    let result = first;
    for (;;) {
      const { generator } = process;
      if (generator === undefined) return;
      // A generator made by hand may give anything.
      let step: IteratorResult<Syscall, Json | void> | undefined;
      process.isRunningCode = true;
      try {
        step = result === undefined ? generator.next() : generator.next(result);
      } catch (error) {
        process.isRunningCode = false;
        return this.fail(process, messageOf(error));
      }
      process.isRunningCode = false;
      // It may have been signalled by its own syscall's consequences.
      if (process.outcome !== undefined) return;
      if (step?.done === true) return this.complete(process, step.value ?? null);
      const yielded: unknown = step?.value;
      if (!isSyscall(yielded))
        return this.fail(process, `the program yielded ${typeof yielded}, which is not a syscall`);
      result = this.perform(process, yielded);
      if (result === undefined) return;
      if (process.outcome !== undefined) return;
    }
  }

  private complete(process: Process, value: Json): void {
    const { replay, n, interrupted } = process;
    const next = replay?.records[n + 1 - replay.from]?.kind ?? (interrupted && 'callTools');
    if (next !== undefined)
      return this.diverge(process, `the program ended after syscall ${n}, its history holds ${next} next`);
    const flaw = notJson(value, 'value');
    if (flaw !== undefined) return this.fail(process, flaw);
    this.lifecycle.terminate(process, 'completed', value);
  }

  /** A restored program does not do what its history says. */
  private diverge(process: Process, message: string): void {
    this.lifecycle.terminate(process, 'failed', message, 'PROGRAM_DIVERGED', message);
  }

  /** A mistake of its program ends the process, and it alone. */
  private fail(process: Process, message: string): void {
    this.state.out.emit({ type: 'program.failed', pid: process.pid, message });
    this.lifecycle.terminate(process, 'failed', message, 'PROGRAM_FAILED', message);
  }

  /** It would go on for ever: no event of the world can come in between. */
  private stall(process: Process): undefined {
    const message = `more than ${mostCallsAtOnce} syscalls at ${this.state.nowUs} µs; allowed: as many while time passes`;
    this.lifecycle.terminate(process, 'failed', message, 'ITERATION_LIMIT', message);
  }

  /** The result of a syscall that has one at once; undefined: the process waits or has ended. */
  private perform(process: Process, syscall: Syscall): SyscallResult<unknown> | undefined {
    process.n++;
    const flaw = malformed(syscall);
    // What is no JSON can be neither hashed nor kept.
    process.lastSyscall = flaw === undefined ? syscall : ({ kind: syscall.kind } as Syscall);
    if (this.state.options.records || process.replay !== undefined)
      process.lastHash = hashSyscall(process.lastSyscall);
    const recorded = this.recorded(process, process.lastSyscall);
    if (recorded === 'diverged') return undefined;
    if (recorded !== undefined) return this.table.reapply(process, syscall, recorded);
    if (process.instantUs !== this.state.nowUs) {
      process.instantUs = this.state.nowUs;
      process.instantCalls = 0;
    }
    if (++process.instantCalls > mostCallsAtOnce) return this.stall(process);
    const result =
      flaw === undefined
        ? this.table.perform(process, syscall)
        : ({ ok: false, code: 'INVALID_ARGUMENT', message: flaw } as const);
    // It has asked, at the time of then, for what its history does not tell.
    process.replay = undefined;
    if (result !== undefined && process.outcome === undefined) this.state.keepHistory(process, result);
    return result;
  }

  private recorded(process: Process, syscall: Syscall): SyscallResult<Json> | 'diverged' | undefined {
    const { replay, n, interrupted } = process;
    if (replay === undefined) return undefined;
    const record: HistoryRecord | undefined = replay.records[n - replay.from];
    const kind = record?.kind ?? (interrupted && 'callTools');
    if (kind !== undefined && (record ?? interrupted)!.hash !== process.lastHash) {
      const others = kind === syscall.kind ? ' with other arguments' : '';
      this.diverge(process, `syscall ${n} is ${syscall.kind}, its history holds ${kind}${others}`);
      return 'diverged';
    }
    if (record === undefined) return undefined;
    replay.n = record.n;
    replay.atUs = record.atUs;
    return record.result;
  }
}

/** The program's generator. A body that throws before it is one (it takes its state apart, say), or gives none, fails where all programs fail: when it is resumed. */
function generatorOf(program: Program, sys: Sys, saved: Json | undefined): ReturnType<Program['body']> {
  try {
    const generator: unknown = program.body(sys, saved);
    if (isGenerator(generator)) return generator;
    throw new Error(`the body of program ${program.name} gave ${shown(generator)}; allowed: a generator`);
  } catch (error) {
    return throwing(error);
  }
}

/** An asynchronous one is none. */
function isGenerator(value: unknown): value is ReturnType<Program['body']> {
  if (typeof value !== 'object' || value === null) return false;
  const { next, return: end, [Symbol.iterator]: iterator } = value as Partial<ReturnType<Program['body']>>;
  return [next, end, iterator].every((method) => typeof method === 'function');
}

// oxlint-disable-next-line require-yield
function* throwing(error: unknown): Generator<Syscall, never> {
  throw error;
}

/** What a program sees of the kernel. */
class ProgramSys implements Sys {
  private readonly process: Process;
  private readonly state: KernelState;

  constructor(process: Process, state: KernelState) {
    this.process = process;
    this.state = state;
  }
  get pid(): Pid {
    return this.process.runPid;
  }
  get parent(): Pid | 0 {
    return this.process.runParent;
  }
  get name(): string {
    return this.process.name;
  }
  get args(): Json {
    return this.process.args;
  }
  get now(): number {
    return programTimeUs(this.process, this.state.nowUs);
  }
  get random(): Rng {
    return this.state.streamOf(this.process);
  }
}

/** By syscall, until when the last of its stops held. */
function lastOfEach(stops: readonly RestoredStop[]): ReadonlyMap<number, number> {
  return new Map(stops.map(({ n, untilUs }) => [n, untilUs ?? Infinity]));
}
