/**
 * Reads a run and accounts for every microsecond of one process. The time between two events belongs to the state that the process is in, as the metrics count it: time in a ready queue
 * that is held by the first waiter for memory is time waited for memory. What let a stretch end is looked for among the events of that instant (causes.ts).
 */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { RunningSplit, Split } from '../metrics/run-metrics.ts';
import { waitReasons } from '../metrics/run-metrics.ts';
import { runningSum, splitSum } from '../metrics/split.ts';
import { fold } from '../timeline/fold.ts';
import { FoldedState, type FoldedProcess, type TimelineMachine } from '../timeline/folded-state.ts';
import type { CallCause, Cause, ProcessAccount, Stretch } from './account.ts';
import { Acts, atBudget, causeOf, circumstances, rival, type Circumstances } from './causes.ts';

interface Open {
  readonly state: Stretch['state'];
  readonly on: string;
  readonly fromUs: number;
  readonly fromIndex: number;
  /** In a ready queue that is held. */
  readonly isHeld: boolean;
  readonly known: Circumstances;
}

export class AccountReader {
  private readonly pid: number;
  private state: FoldedState;
  private readonly stretches: Stretch[] = [];
  private spawned: FoldedProcess['spawned'] | undefined = undefined;
  private outcome: ProcessAccount['outcome'] = 'unfinished';
  private acts = new Acts();
  private open: Open | undefined = undefined;
  /** Events of the present instant. */
  private instant: KernelEvent[] = [];
  /** Why it was stopped when it last left a core; '': its call had ended. */
  private stoppedBy = '';
  /** A stretch that was stopped at this instant: who gets its core is told next. */
  private makesWay: { readonly at: number; readonly core: number } | undefined = undefined;

  constructor(machine: TimelineMachine, pid: number) {
    this.pid = pid;
    this.state = new FoldedState(machine);
  }

  /** Every event of the run; of several kernels one after the other, where their numbers start again. */
  readonly read = (event: KernelEvent): void => {
    const before = this.state;
    if (event.atUs !== before.nowUs) {
      this.instant = [];
      this.makesWay = undefined;
    }
    const after = fold(before, event);
    if (after !== before) this.crash();
    this.state = after;
    this.instant.push(event);
    if (event.type === 'process.dispatched') this.dispatched(event);
    if ('pid' in event && event.pid === this.pid) this.acts.read(event);
    const process = this.state.processes.get(this.pid);
    if (process === undefined) return;
    if (event.type === 'process.spawned' && event.pid === this.pid) this.arrive(process);
    this.follow(process, event);
  };

  /** Undefined: there is no such process. `endUs`: of the run, not before its last event. */
  account(endUs: number): ProcessAccount | undefined {
    const { spawned } = this;
    if (spawned === undefined) return undefined;
    const open = this.open;
    const stretches =
      open === undefined ? this.stretches : [...this.stretches, ...this.closed(open, endUs, undefined)];
    const { pid, name, run, program, parent, priority, atUs: spawnedUs } = spawned;
    const lastUs = stretches.at(-1)?.toUs ?? spawnedUs;
    const { split, downUs } = splitOf(stretches);
    const turnaroundUs = lastUs - spawnedUs;
    const sumUs = splitSum(split) + downUs;
    assert(
      sumUs === turnaroundUs,
      () => `process ${pid}: the stretches sum to ${sumUs} µs, the turnaround is ${turnaroundUs} µs`,
    );
    const about = { pid, name, run, program, parent, priority, outcome: this.outcome };
    return { ...about, spawnedUs, endUs: lastUs, turnaroundUs, split, downUs, stretches };
  }

  private arrive(process: FoldedProcess): void {
    if (this.spawned === undefined) this.spawned = process.spawned;
    this.stoppedBy = '';
    if (this.open?.state !== 'down') return;
    this.close(process.spawned.atUs, undefined);
    this.open = undefined;
  }

  /** What was under way ended with the last event of the kernel before, as far as anybody knows. */
  private crash(): void {
    const { nowUs: fromUs, index: fromIndex } = this.state;
    if (this.open !== undefined && this.open.state !== 'down') {
      this.close(fromUs, undefined);
      this.open = { state: 'down', on: '', isHeld: false, fromUs, fromIndex, known: nothing };
    }
    this.acts = new Acts();
    this.instant = [];
    this.makesWay = undefined;
  }

  private follow(process: FoldedProcess, event: KernelEvent): void {
    const { state, on, isHeld } = this.shown(process);
    const { open } = this;
    const isOwnDispatch = event.type === 'process.dispatched' && event.pid === this.pid;
    const goesOn = open?.state === state && open.on === on && open.isHeld === isHeld && !isOwnDispatch;
    if (goesOn) return this.note(event, open);
    if (open !== undefined) this.close(event.atUs, event);
    this.open = undefined;
    if (state === 'terminated') {
      this.outcome = process.outcome === '' ? 'unfinished' : process.outcome;
      return;
    }
    const { index, nowUs } = this.state;
    const known = circumstances(this.state, this.pid, this.stoppedBy);
    this.open = { state, on, isHeld, fromUs: nowUs, fromIndex: index, known };
    if (isOwnDispatch) this.stoppedBy = '';
  }

  /** What happens while the stretch lasts. */
  private note(event: KernelEvent, { known, state }: Open): void {
    if (event.type === 'process.dispatched') {
      const { processes } = this.state;
      const isHere = processes.get(event.pid)!.engine === processes.get(this.pid)!.engine;
      if (state === 'ready' && isHere) known.dispatched.push(rival(this.state, event.pid));
      return;
    }
    if (!('pid' in event) || event.pid !== this.pid) return;
    known.heard.push(event);
    if (event.type === 'budget.queued' || event.type === 'budget.throttled')
      known.budget = atBudget(this.state, event);
  }

  /** The state that its time is counted to. */
  private shown({ state, waitingOn, suspendedBy, engine }: FoldedProcess): Shown {
    const isHeld = state === 'ready' && this.state.engines.get(engine)!.heldBy !== 0;
    if (isHeld) return { state: 'waiting', on: 'memory', isHeld };
    const on = state === 'waiting' ? waitingOn : state === 'suspended' ? suspendedBy : '';
    return { state, on, isHeld };
  }

  private dispatched({
    pid,
    core,
    atUs,
  }: Extract<KernelEvent, { readonly type: 'process.dispatched' }>): void {
    const { makesWay } = this;
    if (makesWay === undefined || makesWay.core !== core || pid === this.pid) return;
    this.makesWay = undefined;
    const stretch = this.stretches[makesWay.at]!;
    if (stretch.toUs === atUs)
      this.stretches[makesWay.at] = {
        ...stretch,
        cause: { ...(stretch.cause as CallCause), madeWayFor: pid },
      };
  }

  /** `event`: by which it ended; undefined: it was cut off. */
  private close(atUs: number, event: KernelEvent | undefined): void {
    const open = this.open!;
    const closed = this.closed(open, atUs, event);
    this.stretches.push(...closed);
    if (open.state !== 'running') return;
    this.stoppedBy = event?.type === 'call.stopped' ? event.by : '';
    if (event?.type === 'call.stopped') this.makesWay = { at: this.stretches.length - 1, core: event.core };
  }

  private closed(
    { state, on, fromUs, fromIndex, known }: Open,
    toUs: number,
    event: KernelEvent | undefined,
  ): Stretch[] {
    if (fromUs === toUs && state !== 'running') return [];
    const { pid, acts, state: now } = this;
    const instant = event === undefined ? [] : this.instant;
    const cause: Cause =
      state === 'down'
        ? { kind: 'down' }
        : causeOf({ state, on, fromUs, toUs, known, acts, event, instant, now, pid });
    const running = state === 'running' ? runningSplit(toUs - fromUs, event) : null;
    return [{ fromUs, toUs, fromIndex, toIndex: now.index, state, on, running, cause }];
  }
}

interface Shown {
  readonly state: FoldedProcess['state'];
  readonly on: string;
  readonly isHeld: boolean;
}

const nothing: Circumstances = {
  heard: [],
  running: [],
  dispatched: [],
  after: '',
  heldBy: 0,
  budget: undefined,
};

function runningSplit(us: number, event: KernelEvent | undefined): RunningSplit {
  const none = {
    switchUs: 0,
    newPrefillUs: 0,
    repeatedPrefillUs: 0,
    loadUs: 0,
    decodeUs: 0,
    unfinishedUs: 0,
  };
  if (event?.type !== 'call.stopped' && event?.type !== 'call.ended') return { ...none, unfinishedUs: us };
  const { switchUs = 0, newPrefillUs, repeatedPrefillUs, loadUs } = event;
  const spent = { ...none, switchUs, newPrefillUs, repeatedPrefillUs, loadUs };
  return { ...spent, decodeUs: us - runningSum(spent) };
}

function splitOf(stretches: readonly Stretch[]): { readonly split: Split; readonly downUs: number } {
  const running = {
    switchUs: 0,
    newPrefillUs: 0,
    repeatedPrefillUs: 0,
    loadUs: 0,
    decodeUs: 0,
    unfinishedUs: 0,
  };
  const waiting: Record<string, number> = Object.fromEntries(waitReasons.map((reason) => [reason, 0]));
  let readyUs = 0;
  let suspendedUs = 0;
  let downUs = 0;
  for (const { state, on, fromUs, toUs, running: parts } of stretches) {
    const us = toUs - fromUs;
    if (state === 'ready') readyUs += us;
    else if (state === 'suspended') suspendedUs += us;
    else if (state === 'down') downUs += us;
    else if (state === 'waiting') waiting[on] = (waiting[on] ?? 0) + us;
    else for (const part of Object.keys(running) as (keyof RunningSplit)[]) running[part] += parts![part];
  }
  return { split: { running, readyUs, waiting, suspendedUs }, downUs };
}
