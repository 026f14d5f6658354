/**
 * Pids. A process has one in this kernel, which no other process of it ever has: inputs, events and policies name it so. And it has a number in its run: its run's programs, its records and the
 * identities of its calls name it so, for these must be the same wherever the run goes on. Both are one number for a run that was started here, and for a restored one whose numbers are free here.
 * Where one of them is taken, the run gets a namespace of its own, as operating systems have them: its processes get other pids, and it goes on with its own numbers. Nothing outside
 * of it has a number there: who is not of the run is 0 to it, as the world is.
 */
import type { Pid } from './ids.ts';
import type { RestoreInput } from './inputs.ts';

/** Pids that are kept free for the processes of a run may lie so far beyond those in use; a run with higher ones gets a namespace. */
const mostReserved = 1_000_000;

/** The numbers of one run. */
export class PidNamespace {
  /** The highest that it has used. */
  last = 0;
  /** Pids here, by number. */
  private readonly pids = new Map<number, Pid>();

  /** Undefined: it is none of a process that lives here. */
  get(number: number): Pid | undefined {
    return this.pids.get(number);
  }

  set(number: number, pid: Pid): void {
    this.pids.set(number, pid);
    this.last = Math.max(this.last, number);
  }

  has(pid: Pid): boolean {
    for (const one of this.pids.values()) if (one === pid) return true;
    return false;
  }

  /** Every number has the pid that it names. */
  get isPlain(): boolean {
    for (const [number, pid] of this.pids) if (number !== pid) return false;
    return true;
  }
}

/** The processes of runs that are restored, by their numbers. */
export interface RestoredNumbers {
  readonly run: string;
  /** Those that its records have. */
  readonly taken: readonly Pid[];
  /** No process that is started from now on has this or a lower one. */
  readonly last: number;
}

export function numbersOf({ processes, ended = [], lastPid }: RestoreInput): RestoredNumbers {
  const { run } = processes[0]!.started;
  return { run, taken: [...processes.map(({ started }) => started.pid), ...ended], last: lastPid };
}

/** Which pids are in use. `table`: by pid; 0 is none. */
export class Pids {
  private readonly table: unknown[];
  /** Below the length of the table, and nobody's yet: of processes that are still to be restored. */
  private readonly reserved = new Set<number>();
  /** Of runs that are still to be restored, and are known of already: they hold locks. */
  private readonly awaited = new Map<string, PidNamespace>();

  constructor(table: unknown[]) {
    this.table = table;
  }

  /** One that nobody has, had or is to have. */
  next(): Pid {
    return (this.table.push(undefined) - 1) as Pid;
  }

  /** A run that is restored takes its numbers: as pids, when they are free (undefined), or in the namespace that is returned. */
  admit(numbers: RestoredNumbers): PidNamespace | undefined {
    const { run, taken, last } = numbers;
    const isPlain = this.isFree(numbers);
    const namespace = this.awaited.get(run) ?? new PidNamespace();
    this.awaited.delete(run);
    if (!isPlain) {
      namespace.last = Math.max(namespace.last, last);
      return namespace;
    }
    this.reserve(last);
    for (const pid of taken) this.reserved.delete(pid);
    return undefined;
  }

  /** Whether the run can have its numbers for pids. */
  isFree({ run, taken, last }: RestoredNumbers): boolean {
    if (last - this.table.length >= mostReserved) return false;
    const awaited = this.awaited.get(run);
    if (awaited?.isPlain === false) return false;
    return taken.every((pid) => awaited?.get(pid) === pid || this.isNobodys(pid));
  }

  /** Of a process that is still to be restored, by its run and its number there: kept for it. */
  await(run: string, number: Pid): Pid {
    const namespace = this.awaited.get(run) ?? new PidNamespace();
    const known = namespace.get(number);
    if (known !== undefined) return known;
    const isKept = this.isNobodys(number) && number - this.table.length < mostReserved;
    if (isKept) {
      this.reserve(number);
      this.reserved.delete(number);
    }
    const pid = isKept ? number : this.next();
    namespace.set(number, pid);
    this.awaited.set(run, namespace);
    return pid;
  }

  /** What `await` gave; undefined: nothing. */
  awaitedOf(run: string, number: Pid): Pid | undefined {
    return this.awaited.get(run)?.get(number);
  }

  private isNobodys(pid: number): boolean {
    return pid >= this.table.length || this.reserved.has(pid);
  }

  private reserve(last: number): void {
    while (this.table.length <= last) this.reserved.add(this.next());
  }
}
