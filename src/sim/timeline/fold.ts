/** One event more: what it changes of the state. A stream that can't be is an AssertionError. */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { StateName } from '../../kernel/process-state.ts';
import { changeLocks } from './fold-locks.ts';
import { none, processOf, runOf, type EventOf } from './folded-parts.ts';
import { askedBy } from './folded-state.ts';
import type { FoldedProcess, FoldedState } from './folded-state.ts';

/** Returns the state after `event`: the same one, changed; another one when a new kernel begins. */
export function fold(before: FoldedState, event: KernelEvent): FoldedState {
  const isNewKernel = before.event !== undefined && event.seq <= before.event.seq;
  const state = isNewKernel ? before.crashed() : before;
  assert(
    event.atUs >= before.nowUs,
    () => `event ${event.seq}: the events go back from ${before.nowUs} to ${event.atUs} µs`,
  );
  state.index++;
  state.event = event;
  state.nowUs = event.atUs;
  change(state, event);
  return state;
}

function change(state: FoldedState, event: KernelEvent): void {
  switch (event.type) {
    case 'process.spawned':
      return spawned(state, event);
    case 'process.restored': {
      const process = processOf(state, event.pid);
      process.mail = event.mail.length;
      // Locks are restored before their owners.
      process.locks = Array.from(state.locks.entries()).flatMap(([, { name, owner }]) =>
        owner === event.pid ? [name] : [],
      );
      return;
    }
    case 'process.ready':
      return enter(state, event.pid, 'ready');
    case 'process.migrated':
      processOf(state, event.pid).engine = event.to;
      return;
    case 'process.dispatched':
      return dispatched(state, event);
    case 'process.waiting':
      enter(state, event.pid, 'waiting');
      processOf(state, event.pid).waitingOn = event.on;
      return;
    case 'process.suspended': {
      const { waitingOn, waitingFor } = processOf(state, event.pid);
      enter(state, event.pid, 'suspended');
      const process = processOf(state, event.pid);
      process.suspendedBy = event.by;
      // It may still wait.
      process.waitingOn = waitingOn;
      process.waitingFor = waitingFor;
      return;
    }
    case 'process.continued':
      return enter(state, event.pid, 'ready');
    case 'process.terminated':
      return terminated(state, event);
    case 'process.released':
      return released(state, event.pid);
    case 'queue.held':
      state.engines.edit(event.engine).heldBy = event.pid;
      return;
    case 'queue.released':
      state.engines.edit(event.engine).heldBy = 0;
      return;
    case 'call.requested': {
      const process = processOf(state, event.pid);
      process.call = event;
      process.stretch = undefined;
      process.tokensOut = 0;
      return;
    }
    case 'call.stopped':
      return leftCore(state, event);
    case 'call.ended': {
      leftCore(state, event);
      const process = processOf(state, event.pid);
      process.calls++;
      process.tokensIn += event.tokensIn;
      process.tokensCached += event.tokensCached;
      process.answerTokens += event.tokensOut;
      process.call = undefined;
      return;
    }
    case 'call.refused':
      processOf(state, event.pid).call = undefined;
      return;
    case 'page.faulted':
      processOf(state, event.pid).faults += event.pages;
      return;
    case 'page.loaded':
    case 'page.prefetched':
      return resident(state, event, 1);
    case 'page.evicted':
    case 'page.freed':
      return resident(state, event, -1);
    case 'prefetch.started':
      state.engines.edit(event.engine).transferTokens = event.tokens;
      return;
    case 'prefetch.ended':
    case 'prefetch.cancelled':
      state.engines.edit(event.engine).transferTokens = 0;
      return;
    case 'budget.reserved': {
      const process = processOf(state, event.pid);
      process.reservation = event;
      process.hasRun = false;
      process.waitingFor = '';
      state.budgets.reserve(event.node, askedBy(event));
      return;
    }
    case 'budget.settled': {
      const process = processOf(state, event.pid);
      const { reservation } = process;
      assert(reservation !== undefined, () => `event ${event.seq}: nothing was reserved`);
      const { tokens, microDollars, coreUs, atUs } = event;
      const used = { tokens, microDollars, coreUs, calls: process.hasRun ? 1 : 0 };
      state.budgets.settle(event.node, askedBy(reservation), used, atUs);
      process.microDollars += microDollars;
      process.reservation = undefined;
      return;
    }
    case 'budget.queued':
    case 'budget.throttled':
      processOf(state, event.pid).waitingFor = event.node;
      return;
    case 'tool.started': {
      state.tools.set(event.request, { started: event, isRunning: true });
      const process = processOf(state, event.pid);
      process.tools = [...process.tools.filter((request) => request !== event.request), event.request];
      return;
    }
    case 'tool.ended': {
      const process = processOf(state, event.pid);
      process.tools = process.tools.filter((request) => request !== event.request);
      if (state.tools.get(event.request) !== undefined) state.tools.edit(event.request).isRunning = false;
      return;
    }
    case 'tool.settled':
      return state.tools.delete(event.request);
    case 'person.asked': {
      state.questions.set(event.request, event);
      const process = processOf(state, event.pid);
      process.questions = [...process.questions, event.request];
      return;
    }
    case 'person.answered': {
      state.questions.delete(event.request);
      const process = processOf(state, event.pid);
      process.questions = process.questions.filter((request) => request !== event.request);
      return;
    }
    case 'message.sent':
      processOf(state, event.to).mail++;
      return;
    case 'message.received':
      processOf(state, event.pid).mail--;
      return;
    case 'lock.queued':
    case 'lock.acquired':
    case 'lock.released':
    case 'lock.withdrawn':
    case 'lock.restored':
    case 'lock.kept':
    case 'semaphore.opened':
    case 'semaphore.posted':
    case 'semaphore.restored':
    case 'semaphore.queued':
    case 'semaphore.taken':
    case 'semaphore.withdrawn':
      return changeLocks(state, event);
    case 'process.boosted':
    case 'process.unboosted':
      processOf(state, event.pid).effectivePriority = event.priority;
      return;
    case 'deadlock.detected':
      for (const { pid } of event.members) processOf(state, pid).deadlock = event.members;
      return;
    // They say why something happens that other events tell.
    case 'budget.added':
    case 'budget.removed':
    case 'call.bypassed':
    case 'call.degraded':
    case 'page.dropped':
    case 'prefetch.used':
    case 'budget.exhausted':
    case 'budget.overrun':
    case 'tool.late':
    case 'tool.refused':
    case 'tool.interrupted':
    case 'signal.delivered':
    case 'checkpoint.saved':
    case 'program.failed':
      return;
    default:
      return event satisfies never;
  }
}

function spawned(state: FoldedState, event: EventOf<'process.spawned'>): void {
  const { pid, run, parent, engine, priority, atUs } = event;
  runOf(state, run).alive++;
  state.processes.set(pid, {
    spawned: event,
    state: 'ready',
    sinceUs: atUs,
    sinceIndex: state.index,
    waitingOn: '',
    waitingFor: '',
    suspendedBy: '',
    effectivePriority: priority,
    engine,
    core: -1,
    outcome: '',
    code: '',
    message: '',
    call: undefined,
    stretch: undefined,
    tokensOut: 0,
    reservation: undefined,
    hasRun: false,
    deadlock: undefined,
    mail: 0,
    children: 0,
    locks: none,
    tools: none,
    questions: none,
    calls: 0,
    tokensIn: 0,
    tokensCached: 0,
    answerTokens: 0,
    coreUs: 0,
    microDollars: 0,
    faults: 0,
  });
  if (state.processes.get(parent) !== undefined) processOf(state, parent).children++;
}

function enter(state: FoldedState, pid: number, next: StateName): void {
  const process = processOf(state, pid);
  // Who is stopped while it waits goes on waiting.
  if (process.deadlock !== undefined && next !== 'suspended') endDeadlock(state, process);
  process.state = next;
  process.sinceUs = state.nowUs;
  process.sinceIndex = state.index;
  process.waitingOn = '';
  process.waitingFor = '';
  process.suspendedBy = '';
}

/** One of its members waits no more, so that none of them is in it. */
function endDeadlock(state: FoldedState, process: FoldedProcess): void {
  const { deadlock } = process;
  for (const { pid } of deadlock!)
    if (state.processes.get(pid)?.deadlock === deadlock) processOf(state, pid).deadlock = undefined;
}

function dispatched(state: FoldedState, event: EventOf<'process.dispatched'>): void {
  const { pid, core, room, atUs } = event;
  enter(state, pid, 'running');
  const process = processOf(state, pid);
  process.core = core;
  process.stretch = event;
  process.hasRun = true;
  Object.assign(state.cores.edit(core), { pid, sinceUs: atUs });
  if (room === -1) return;
  const engine = state.engines.edit(process.engine);
  engine.roomTokens += room;
  engine.pinnedTokens += promptOf(event);
}

/** Of the pages that a stretch pins, tokens. */
const promptOf = (event: EventOf<'process.dispatched'>): number =>
  event.newTokens + event.repeatedTokens + event.loadTokens + event.cachedTokens;

function leftCore(state: FoldedState, event: EventOf<'call.stopped' | 'call.ended'>): void {
  const { pid, tokensOut, atUs } = event;
  const { state: was, stretch, sinceUs, engine: number } = processOf(state, pid);
  processOf(state, pid).tokensOut = tokensOut;
  // A call that fails before it reaches a core ends without a stretch.
  if (was !== 'running') return;
  assert(
    stretch?.core === event.core,
    () => `event ${event.seq}: process ${pid} does not run on core ${event.core}`,
  );
  enter(state, pid, 'ready');
  const process = processOf(state, pid);
  process.core = -1;
  process.coreUs += atUs - sinceUs;
  Object.assign(state.cores.edit(event.core), { pid: 0, sinceUs: atUs });
  if (stretch.room === -1) return;
  const engine = state.engines.edit(number);
  engine.roomTokens -= stretch.room;
  engine.pinnedTokens -= promptOf(stretch);
}

function terminated(state: FoldedState, event: EventOf<'process.terminated'>): void {
  const { pid, outcome, code, message } = event;
  enter(state, pid, 'terminated');
  const process = processOf(state, pid);
  process.outcome = outcome;
  process.code = code;
  process.message = message;
  process.call = undefined;
  process.mail = 0;
  for (const request of process.questions) state.questions.delete(request);
  process.questions = none;
  process.tools = none;
  const { parent, run } = process.spawned;
  if (--runOf(state, run).alive === 0) {
    for (const semaphore of runOf(state, run).semaphores) state.semaphores.delete(semaphore);
    runOf(state, run).semaphores = none;
  }
  if (state.processes.get(parent) !== undefined) processOf(state, parent).children--;
}

/** It stands where it was stopped. */
function released(state: FoldedState, pid: number): void {
  const process = processOf(state, pid);
  const { parent, run } = process.spawned;
  for (const request of process.questions) state.questions.delete(request);
  process.questions = none;
  process.tools = none;
  process.call = undefined;
  process.mail = 0;
  runOf(state, run).alive--;
  if (state.processes.get(parent) !== undefined) processOf(state, parent).children--;
}

function resident(
  state: FoldedState,
  { engine, pages, tokens }: { readonly engine: number; readonly pages: number; readonly tokens: number },
  sign: 1 | -1,
): void {
  const memory = state.engines.edit(engine);
  memory.residentPages += sign * pages;
  memory.residentTokens += sign * tokens;
}
