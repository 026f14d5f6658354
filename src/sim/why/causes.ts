/** What made a stretch of a process as long as it was: what stood in its way when it began, what it did meanwhile, and what happened at the instant at which it ended. */
import type { BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { FoldedProcess, FoldedState } from '../timeline/folded-state.ts';
import type { BudgetCause, CallCause, Cause, LockCause, Rival, Stretch, ToolCause } from './account.ts';

type EventOf<Type extends KernelEvent['type']> = Extract<KernelEvent, { readonly type: Type }>;

/** What is known of a stretch while it lasts. */
export interface Circumstances {
  /** Events of the process since it began. */
  readonly heard: KernelEvent[];
  /** While it is ready: who ran on the cores of its engine when it began, and who was dispatched there since, each time. */
  readonly running: readonly Rival[];
  readonly dispatched: Rival[];
  /** Why it had left its core; '': it had not, or its call had ended. */
  readonly after: string;
  /** Who held the ready queue of its engine, else 0. */
  readonly heldBy: number;
  /** At the budget node where it waits, told by `budget.queued` or `budget.throttled`. */
  budget: Pick<BudgetCause, 'node' | 'short' | 'ahead' | 'isPaced'> | undefined;
}

export function rival(now: FoldedState, pid: number): Rival {
  return { pid, priority: now.processes.get(pid)!.effectivePriority };
}

export function circumstances(now: FoldedState, pid: number, after: string): Circumstances {
  const { engine } = now.processes.get(pid)!;
  return {
    heard: [],
    running: runningOn(now, engine)
      .filter((other) => other !== pid)
      .map((other) => rival(now, other)),
    dispatched: [],
    after,
    heldBy: now.engines.get(engine)!.heldBy,
    budget: undefined,
  };
}

/** Tool calls and questions of the process, by their requests. */
export class Acts {
  private readonly tools = new Map<number, ToolCause['calls'][number]>();
  private readonly questions = new Map<
    number,
    { readonly purpose: string; decision: string; atUs: number }
  >();

  /** An event of the process. */
  read(event: KernelEvent): void {
    switch (event.type) {
      case 'tool.started': {
        const { request, tool, index, atUs } = event;
        this.tools.set(request, { tool, index, fromUs: atUs, toUs: -1, ok: false });
        return;
      }
      case 'tool.ended': {
        const call = this.tools.get(event.request);
        if (call !== undefined) this.tools.set(event.request, { ...call, toUs: event.atUs, ok: event.ok });
        return;
      }
      case 'person.asked':
        this.questions.set(event.request, { purpose: event.purpose, decision: '', atUs: -1 });
        return;
      case 'person.answered': {
        const question = this.questions.get(event.request);
        if (question !== undefined) Object.assign(question, { decision: event.decision, atUs: event.atUs });
        return;
      }
      default:
        return;
    }
  }

  /** Tool calls that ran between the two times. */
  callsIn(fromUs: number, toUs: number): ToolCause['calls'] {
    const calls = [...this.tools.values()].filter(
      (call) => call.fromUs < toUs && (call.toUs === -1 || call.toUs > fromUs),
    );
    // They are not asked for again: those behind are of later times.
    for (const [request, call] of this.tools)
      if (call.toUs !== -1 && call.toUs <= toUs) this.tools.delete(request);
    return calls;
  }

  /** The question that was open between the two times. */
  questionIn(fromUs: number): { readonly purpose: string; readonly decision: string } {
    const open = [...this.questions.values()].find(({ atUs }) => atUs === -1 || atUs > fromUs);
    return open === undefined
      ? { purpose: '', decision: '' }
      : { purpose: open.purpose, decision: open.decision };
  }
}

export interface Ending {
  readonly state: Exclude<Stretch['state'], 'down'>;
  readonly on: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly known: Circumstances;
  readonly acts: Acts;
  /** By which it ended; undefined: it was cut off. */
  readonly event: KernelEvent | undefined;
  /** All events of the instant until that one; none if it was cut off. */
  readonly instant: readonly KernelEvent[];
  readonly now: FoldedState;
  readonly pid: number;
}

export function causeOf(ending: Ending): Cause {
  const { state, on, known, pid, fromUs, toUs, acts } = ending;
  if (state === 'running') return callCause(ending);
  if (state === 'ready') return queueCause(ending);
  if (state === 'suspended') return { kind: 'suspended', by: on, signal: lastSignal(known) };
  switch (on) {
    case 'budget':
      return budgetCause(ending);
    case 'memory':
      return {
        kind: 'memory',
        behind: known.heldBy === pid ? 0 : known.heldBy,
        neededTokens: neededTokens(ending.now.processes.get(pid)!),
        by: whoMadeRoom(ending),
      };
    case 'tool':
      return { kind: 'tool', calls: acts.callsIn(fromUs, toUs) };
    case 'person':
      return { kind: 'person', ...acts.questionIn(fromUs) };
    case 'message':
    case 'child':
      return { kind: on, ...whatCame(ending) };
    case 'lock':
      return lockCause(ending);
    case 'timer':
    case 'storage':
      return { kind: on };
    default:
      return { kind: 'other', reason: on };
  }
}

// ---- On a core, or ready for one ----------------------------------------------------------------------------------------

function callCause({ now, pid, event }: Ending): CallCause {
  const { stretch, tokensOut } = now.processes.get(pid)!;
  const { n, core, cachedTokens, newTokens, repeatedTokens, loadTokens } = stretch!;
  return {
    kind: 'call',
    n,
    core,
    cachedTokens,
    newTokens,
    repeatedTokens,
    loadTokens,
    tokensOut: event === undefined ? 0 : tokensOut,
    end: endOf(event),
    madeWayFor: 0,
  };
}

function endOf(event: KernelEvent | undefined): string {
  if (event?.type === 'call.stopped') return event.by;
  if (event?.type === 'call.ended') return event.ok ? 'completed' : 'failed';
  return 'unfinished';
}

function queueCause({ known: { running, dispatched, after }, now, pid }: Ending): Cause {
  const behind = new Map<number, Rival>();
  for (const one of [...running, ...dispatched]) if (!behind.has(one.pid)) behind.set(one.pid, one);
  const { priority } = rival(now, pid);
  return { kind: 'queue', behind: [...behind.values()], dispatches: dispatched.length, priority, after };
}

function runningOn(now: FoldedState, engine: number): number[] {
  const first = now.firstCores[engine]!;
  const pids = Array.from(
    { length: now.machine.engines[engine]!.cores },
    (_, core) => now.cores.get(first + core)!.pid,
  );
  return pids.filter((pid) => pid !== 0);
}

function lastSignal({ heard }: Circumstances): string {
  const signal = heard.findLast((event) => event.type === 'signal.delivered');
  return signal?.type === 'signal.delivered' ? signal.signal : '';
}

// ---- Budgets ------------------------------------------------------------------------------------------------------------

/** What the node of `event` is short of for the call of `pid`, and who waits there already. */
export function atBudget(
  now: FoldedState,
  { pid, node, type }: EventOf<'budget.queued' | 'budget.throttled'>,
): Circumstances['budget'] {
  const process = now.processes.get(pid)!;
  const { promptTokens = 0, maxOutput = 0 } = process.call ?? {};
  const levels = now.budgets.of(node, now.nowUs).map(({ limit, used, reserved }) => ({
    resource: limit.resource,
    used,
    reserved,
    limit: limit.amount,
    asked: limit.resource === 'calls' ? 1 : limit.resource === 'tokens' ? promptTokens + maxOutput : 0,
  }));
  const short = levels.find(({ used, reserved, asked, limit }) => used + reserved + asked > limit);
  // What a call may cost and how long it may run, events tell only when it is reserved: the fullest of those limits.
  const fullest = levels
    .filter(({ asked }) => asked === 0)
    .toSorted((a, b) => (b.used + b.reserved) / b.limit - (a.used + a.reserved) / a.limit)[0];
  const ahead: { readonly pid: number; readonly sinceIndex: number }[] = [];
  for (const [other, { state, waitingOn, waitingFor, sinceIndex }] of now.processes.entries())
    if (other !== pid && state === 'waiting' && waitingOn === 'budget' && waitingFor === node)
      ahead.push({ pid: other, sinceIndex });
  const isPaced = type === 'budget.throttled';
  return {
    node,
    short: isPaced ? null : (short ?? (ahead.length === 0 ? (fullest ?? null) : null)),
    ahead: ahead.toSorted((a, b) => a.sinceIndex - b.sinceIndex).map((one) => one.pid),
    isPaced,
  };
}

function budgetCause({ known, event, instant, now, pid }: Ending): BudgetCause {
  const told = known.budget ?? { node: '', short: null, ahead: [], isPaced: false };
  const about = { kind: 'budget', ...told } as const;
  // It goes on when its call is reserved, which comes before it is ready.
  const goesOn = instant.some((one) => one.type === 'budget.reserved' && one.pid === pid);
  if (event === undefined || !goesOn) return { ...about, end: '', by: 0 };
  const settled = instant.findLast(
    (one) =>
      one.type === 'budget.settled' && one.pid !== pid && isUnder(now.machine.budgets, one.node, told.node),
  );
  if (settled?.type === 'budget.settled') return { ...about, end: 'settled', by: settled.pid };
  const atUs = now.nowUs;
  const rolled = now.budgets
    .of(told.node, atUs)
    .some(
      ({ limit: { window }, windowStartUs }) =>
        window.kind === 'sliding' || (window.kind === 'fixed' && windowStartUs === atUs),
    );
  if (told.isPaced) return { ...about, end: 'paced', by: 0 };
  return { ...about, end: rolled ? 'rolled' : 'turn', by: 0 };
}

function isUnder(nodes: readonly BudgetNodeSpec[], node: string, above: string): boolean {
  for (
    let at: string | undefined = node;
    at !== undefined;
    at = nodes.find(({ name }) => name === at)?.parent
  )
    if (at === above) return true;
  return false;
}

// ---- Memory, locks, messages ---------------------------------------------------------------------------------------------

function neededTokens({ call }: FoldedProcess): number {
  return call === undefined ? 0 : call.promptTokens + call.maxOutput;
}

function whoMadeRoom({ event, instant, now, pid }: Ending): number {
  if (event === undefined) return 0;
  const { engine } = now.processes.get(pid)!;
  const freeing = instant.findLast(
    (one) =>
      (one.type === 'call.ended' || one.type === 'call.stopped' || one.type === 'process.terminated') &&
      one.pid !== pid &&
      now.processes.get(one.pid)?.engine === engine,
  );
  return freeing !== undefined && 'pid' in freeing ? freeing.pid : 0;
}

function lockCause({ known, instant, now, pid, event }: Ending): LockCause {
  const queued = known.heard.find((one) => one.type === 'lock.queued' || one.type === 'semaphore.queued');
  if (queued?.type === 'lock.queued') {
    const given = instant.findLast((one) => one.type === 'lock.released' && one.lock === queued.lock);
    return { kind: 'lock', of: 'lock', name: queued.lock, owner: queued.owner, by: doer(given) };
  }
  if (queued?.type === 'semaphore.queued') {
    const run = now.processes.get(pid)!.spawned.run;
    const posted = instant.findLast(
      (one) =>
        one.type === 'semaphore.posted' &&
        one.semaphore === queued.semaphore &&
        now.processes.get(one.pid)!.spawned.run === run,
    );
    return { kind: 'lock', of: 'semaphore', name: queued.semaphore, owner: 0, by: doer(posted) };
  }
  const started =
    event === undefined
      ? undefined
      : instant.findLast((one) => one.type === 'tool.started' && one.pid === pid);
  return {
    kind: 'lock',
    of: 'tool',
    name: started?.type === 'tool.started' ? started.tool : '',
    owner: 0,
    by:
      event === undefined ? 0 : doer(instant.findLast((one) => one.type === 'tool.ended' && one.pid !== pid)),
  };
}

const doer = (event: KernelEvent | undefined): number =>
  event !== undefined && 'pid' in event ? event.pid : 0;

function whatCame({ instant, now, pid, event }: Ending): {
  readonly came: 'message' | 'child' | '';
  readonly from: number;
} {
  if (event === undefined) return { came: '', from: 0 };
  const received = instant.findLast((one) => one.type === 'message.received' && one.pid === pid);
  if (received?.type === 'message.received') return { came: 'message', from: received.from };
  const child = instant.findLast(
    (one) => one.type === 'process.terminated' && now.processes.get(one.pid)!.spawned.parent === pid,
  );
  return child === undefined ? { came: '', from: 0 } : { came: 'child', from: doer(child) };
}
