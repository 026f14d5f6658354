/**
 * The virtual token counter: each client has a counter of the service that it received, in weighted tokens, and the client with the least is served next.
 *
 * A call is charged its prompt when it is picked, and its answer as it is told of it: w_in tokens in + w_out tokens out, over the client's weight. A client that comes back
 * with nothing waiting is lifted to the least counter among those that have calls waiting (to that of the last that left, when none has): idling earns no credit.
 * So a counter that is not above that level means nothing any more once the client has no call here: it is forgotten then, exactly.
 * Guarantee: of two clients that both have calls waiting all the time, neither receives more than 2 max(w_in L, w_out M) of weighted service (as charged here) more than
 * the other, L the longest prompt and M the most tokens, prompts and answers, of the calls that run at once (for w_out ≥ w_in).
 *
 * Source: Y. Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024 (arXiv 2401.00588), algorithm 2 and section 4; weighted VTC: section 4.3.
 * Departs from it: answers are charged when a stretch ends or the engine reports progress, not token by token, which the bound above counts in M; a call that could not start for lack of memory is paid back,
 * and one that was stopped does not pay for its prompt again.
 * Cost: O(log c) for c clients with calls waiting, and O(log n) amortised for the n calls of one client.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import { KeyedHeaps } from '../../base/keyed-heaps.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { NumberByPid } from './by-pid.ts';
import { labelOf } from './explanations.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';

export interface VtcOptions {
  /** Weight of a prompt token, and of an answer token; > 0. */
  readonly inputWeight: number;
  readonly outputWeight: number;
  /** Longest run before another client's call gets the core, µs; Infinity: calls are not preempted, as in the paper. */
  readonly sliceUs: number;
}

/** Weights 1 and 2, as in the paper's evaluation. */
export const vtcDefaults: VtcOptions = { inputWeight: 1, outputWeight: 2, sliceUs: Infinity };

export function vtcWith(options: VtcOptions): CreateSchedulingPolicy {
  const { inputWeight, outputWeight, sliceUs } = options;
  assert(inputWeight > 0 && inputWeight < Infinity, `inputWeight ${inputWeight}: must be > 0`);
  assert(outputWeight > 0 && outputWeight < Infinity, `outputWeight ${outputWeight}: must be > 0`);
  assert(sliceUs > 0, `sliceUs ${sliceUs}: must be > 0`);
  return ({ processes }) => new VirtualTokenCounter(options, processes);
}

export const vtc: CreateSchedulingPolicy = vtcWith(vtcDefaults);

class VirtualTokenCounter implements SchedulingPolicy {
  readonly name = 'vtc';
  private readonly options: VtcOptions;
  private readonly processes: ProcessView;
  private readonly order = new ReadyOrder();
  /** The waiting calls of each client, in the order in which they became ready. */
  private readonly queues = new KeyedHeaps();
  /** Clients with calls waiting, by counter; ties to the one whose first call is ready longest. */
  private readonly active = new KeyedHeap();
  /** Clients without a call here, by counter: who comes back is lifted, so that a low one need not be kept. */
  private readonly idle = new KeyedHeap();
  private readonly accounts = new Map<number, Account>();
  /** Of the client that was the last to have a call waiting. */
  private lastLeft: Account | undefined;
  // By pid.
  private readonly isHere = new NumberByPid(); // 1: its call waits or runs, or its place is kept
  private readonly refunds = new NumberByPid(); // what is paid back should its call not start

  constructor(options: VtcOptions, processes: ProcessView) {
    this.options = options;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { queues, active, order } = this;
    const client = this.processes.client(pid);
    const account = this.accountOf(client);
    if (this.isHere.get(pid) === 0) {
      this.isHere.set(pid, 1);
      if (account.calls++ === 0) this.idle.remove(client);
    }
    // Picked, and put back.
    this.payBack(pid, client);
    // One whose place was kept has not been away.
    const isBack = order.readySinceUs(pid) === sinceUs;
    if (!active.has(client) && !isBack) account.counter = Math.max(account.counter, this.level());
    queues.push(client, pid, order.take(pid, sinceUs), 0);
    const first = queues.peek(client);
    if (active.has(client)) active.update(client, account.counter, order.of(first as Pid));
    else active.push(client, account.counter, order.of(first as Pid));
    if (!isBack) this.forgetIdle();
    return first === pid && active.peek() === client;
  }

  pick(_core: CoreId): Pid | undefined {
    const client = this.active.peek();
    if (client === -1) return undefined;
    const { processes } = this;
    const pid = this.queues.peek(client) as Pid;
    this.leave(client, pid);
    if (!processes.isUnderWay(pid)) {
      const cost = (this.options.inputWeight * processes.promptTokens(pid)) / processes.weight(pid);
      this.refunds.set(pid, cost);
      this.add(client, cost);
    }
    return pid;
  }

  charge(pid: Pid, { tokensOut }: Charge): void {
    if (this.isHere.get(pid) === 0) assert(false, `charge for pid ${pid}, which has no call here`);
    const { processes } = this;
    this.refunds.set(pid, 0);
    if (!this.queues.has(pid)) this.order.forget(pid);
    this.add(processes.client(pid), (this.options.outputWeight * tokensOut) / processes.weight(pid));
  }

  waiting(pid: Pid): void {
    if (this.isHere.get(pid) === 0) return;
    const client = this.processes.client(pid);
    if (this.queues.has(pid)) this.leave(client, pid);
    // Picked, and then there was no room for it in memory.
    this.payBack(pid, client);
    // It has had no core, and may come back to its place.
    if (!Number.isNaN(this.order.readySinceUs(pid))) return;
    this.isHere.set(pid, 0);
    const account = this.accountOf(client);
    if (--account.calls === 0) this.idle.push(client, account.counter, client);
  }

  exited(pid: Pid): void {
    this.order.forget(pid);
    this.waiting(pid);
    this.forgetIdle();
  }

  slice(): number {
    return this.options.sliceUs;
  }

  explain(pid: Pid): string {
    const { active, queues, processes } = this;
    const client = processes.client(pid);
    const name = `${labelOf(processes, pid)} of client ${client}, counter ${this.counterOf(client)}`;
    if (!queues.has(pid)) return `${name}, is not ready`;
    const first = queues.peek(client) as Pid;
    if (first !== pid) return `${name}, comes after ${labelOf(processes, first)} of the same client`;
    const least = active.peek();
    if (least === client)
      return `${name}, is the first of the client with the least counter of ${active.size} with calls waiting`;
    return `${name}, is the first of its client; client ${least} has received less: ${this.counterOf(least)}`;
  }

  save(): Json {
    const { accounts, lastLeft, order, queues } = this;
    const here = [...this.isHere.pids()];
    return {
      accounts: [...accounts.values()].map(({ client, counter }) => [client, counter]),
      lastLeft: lastLeft === undefined ? [] : [lastLeft.client, lastLeft.counter],
      order: order.save() as unknown as Json,
      calls: here.map((pid) => [pid, queues.has(pid) ? 1 : 0, this.refunds.get(pid)]),
    };
  }

  load(state: Json): void {
    assert(this.active.size === 0, 'load into a policy that is in use');
    const { accounts, lastLeft, order, calls } = state as unknown as SavedVtc;
    this.order.load(order);
    for (const [client, counter] of accounts) this.accounts.set(client, { client, counter, calls: 0 });
    const [client, counter = 0] = lastLeft;
    if (client !== undefined) this.lastLeft = this.accounts.get(client) ?? { client, counter, calls: 0 };
    for (const [pid, isReady, refund] of calls) {
      this.isHere.set(pid, 1);
      this.refunds.set(pid, refund);
      const ofCall = this.processes.client(pid);
      this.accountOf(ofCall).calls++;
      if (isReady === 1) this.queues.push(ofCall, pid, this.order.of(pid), 0);
    }
    for (const account of this.accounts.values()) {
      const first = this.queues.peek(account.client) as Pid;
      if (first > 0) this.active.push(account.client, account.counter, this.order.of(first));
      else if (account.calls === 0) this.idle.push(account.client, account.counter, account.client);
    }
  }

  /** Where a client begins, or goes on, that has nothing waiting: what it did not ask for meanwhile is not owed to it. */
  private level(): number {
    return this.active.size > 0 ? this.active.peekKey() : (this.lastLeft?.counter ?? 0);
  }

  /** The level never falls but when who was picked is put back or waits for memory, which follows at once on the pick that it undoes; nobody is forgotten in between. */
  private forgetIdle(): void {
    const { idle } = this;
    const level = this.level();
    while (idle.peekKey() <= level) this.accounts.delete(idle.popMin());
  }

  private leave(client: number, pid: Pid): void {
    const { queues, active, order } = this;
    const account = this.accountOf(client);
    queues.remove(client, pid);
    const first = queues.peek(client) as Pid;
    if (first > 0) return active.update(client, account.counter, order.of(first));
    active.remove(client);
    this.lastLeft = account;
  }

  /** The call of `pid` was picked and did not start. */
  private payBack(pid: Pid, client: number): void {
    const refund = this.refunds.get(pid);
    if (refund === 0) return;
    this.add(client, -refund);
    this.refunds.set(pid, 0);
  }

  /** Of a client with a call here. */
  private add(client: number, cost: number): void {
    const account = this.accountOf(client);
    account.counter += cost;
    if (this.active.has(client)) this.active.update(client, account.counter, this.active.tieOf(client));
  }

  private accountOf(client: number): Account {
    let account = this.accounts.get(client);
    if (account === undefined) {
      // Forgotten, it may still be the one that the level goes by.
      account = this.lastLeft?.client === client ? this.lastLeft : { client, counter: 0, calls: 0 };
      this.accounts.set(client, account);
    }
    return account;
  }

  private counterOf(client: number): string {
    const counter = this.accounts.get(client)?.counter ?? this.level();
    return `${Math.round(counter)} weighted tokens`;
  }
}

/** Of a client. */
interface Account {
  readonly client: number;
  counter: number;
  /** How many of its calls wait or run. */
  calls: number;
}

interface SavedVtc {
  readonly accounts: readonly (readonly [client: number, counter: number])[];
  readonly lastLeft: readonly number[];
  readonly order: SavedReadyOrder;
  readonly calls: readonly (readonly [pid: Pid, isReady: number, refund: number])[];
}
