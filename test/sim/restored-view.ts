/** What a crash must not change of a process: seen before it and after the restore. */
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Process } from '../../src/kernel/process.ts';
import type { Simulation } from '../../src/sim/simulation.ts';

/** `n` is the number of its last syscall; `signal` is what it was told and has not done yet, or goes on doing. */
export interface ProcessView {
  readonly run: string;
  readonly n: number;
  readonly signal: '' | 'stopped' | 'ending';
  /** Equal after the restore. */
  readonly same: Readonly<Record<string, unknown>>;
  /** Equal as far as they go: others may have gone on in the same step. */
  readonly mail: readonly unknown[];
  readonly endedChildren: readonly unknown[];
  /** When its sleep or receive is over, µs; -1: it has no time limit. */
  readonly dueUs: number;
  /** Without a call under way, which a crash makes dearer. */
  readonly spent: Readonly<Record<string, number>> | undefined;
}

/** All that live, by pid. `atUs`: when the shares of quotas are looked at. */
export function viewsOf(simulation: Simulation, atUs: number): ReadonlyMap<number, ProcessView> {
  const views = new Map<number, ProcessView>();
  for (const process of simulation.kernel['state'].processes)
    if (process !== undefined && process.state !== 'terminated')
      views.set(process.pid, viewOf(simulation, process, atUs));
  return views;
}

export function viewOf(simulation: Simulation, process: Process, atUs: number): ProcessView {
  const { kernel } = simulation;
  const { pid, run, n, name, program, startedBy, priority, capabilities, budget, usage } = process;
  const isStopped =
    (process.state === 'suspended' && process.suspension!.by === 'signal') || process.stopping;
  const { faults: _, coreUs: _us, ...counted } = usage;
  return {
    run,
    n,
    signal: process.ending !== undefined ? 'ending' : isStopped ? 'stopped' : '',
    same: {
      pid,
      name,
      program: program.name,
      startedBy,
      parent: process.parent?.pid ?? 0,
      priority,
      capabilities,
      budget,
      // Where it was started, whatever has become of it: that is where it goes on.
      engine: simulation.store.processes(run).find((stored) => stored.pid === pid)!.engine,
      // A program that has drawn nothing yet has no stream.
      random: (process.rng ?? kernel['state'].rng(`process/${run}/${pid}`)).save(),
      pages: pagesOf(kernel, process),
      nextPage: process.table.nextNumber,
      locks: [...(process.locks ?? [])].map(({ name: lock, token }) => ({ lock, token })),
    },
    // Their numbers begin anew with each life.
    mail: [...(process.mailbox ?? [])].map(({ message }) => message),
    endedChildren: [...(process.endedChildren ?? [])],
    dueUs: dueUs(simulation, process),
    spent:
      process.call === undefined
        ? { ...counted, share: kernel['state'].quotas.share(process, atUs) }
        : undefined,
  };
}

/** Page by page: how pages stand together in extents is the memory's own affair. */
function pagesOf(kernel: Kernel, { table }: Process): unknown[] {
  const { contents } = kernel['state'];
  return table.entries.flatMap(({ extent, importance, pinned, number }) =>
    contents.describe(extent, importance, pinned, number).flatMap((node) =>
      Array.from({ length: node.pages }, (_, at) => ({
        ...node,
        pages: 1,
        number: node.number + at,
        // Contents of their own are numbered by each kernel.
        first: node.space === 'own' ? 0 : node.first + at,
      })),
    ),
  );
}

function dueUs(simulation: Simulation, { pending }: Process): number {
  if (pending?.kind !== 'timer' && pending?.kind !== 'receive') return -1;
  if (pending.timer === undefined) return -1;
  return simulation['queue']['heap'].keyOf(simulation['timers'][pending.timer]!);
}

/** What the restore did to a process while others of its run went on. */
export interface Meanwhile {
  readonly wasSignalled: boolean;
  /** A process of its run ended, so that some have no parent any more. */
  readonly hasEnds: boolean;
}

/** What is wrong with a process after a restore at `nowUs`, in one line; undefined: nothing. */
export function lost(
  before: ProcessView,
  after: ProcessView | undefined,
  { wasSignalled, hasEnds }: Meanwhile,
  nowUs: number,
): string | undefined {
  // Ended: told to, or as the next thing that it did.
  if (after === undefined) return undefined;
  if (!wasSignalled && after.signal !== before.signal) return `was "${before.signal}", is "${after.signal}"`;
  // Who is stopped is not fed its history before it is continued.
  if (after.signal === 'stopped') return undefined;
  if (after.n < before.n) return `had made ${before.n} syscalls, has made ${after.n}`;
  if (after.n > before.n) return undefined;
  for (const [field, value] of Object.entries(before.same)) {
    if (field === 'parent' && hasEnds) continue;
    if (!isEqual(value, after.same[field])) return differs(field, value, after.same[field]);
  }
  for (const field of ['mail', 'endedChildren'] as const)
    if (!isEqual(before[field], after[field].slice(0, before[field].length)))
      return differs(field, before[field], after[field]);
  if (before.dueUs >= 0 && after.dueUs !== Math.max(before.dueUs, nowUs))
    return differs('dueUs', before.dueUs, after.dueUs);
  if (before.spent !== undefined && !isEqual(before.spent, after.spent))
    return differs('spent', before.spent, after.spent);
  return undefined;
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const differs = (field: string, before: unknown, after: unknown): string =>
  `${field}: was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`;
