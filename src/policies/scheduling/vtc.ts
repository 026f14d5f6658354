/**
 * The virtual token counter: each client has a counter of the service that it received, in weighted tokens, and the client with the least is served next.
 *
 * A call is charged its prompt when it is picked, and its answer as it is told of it: w_in tokens in + w_out tokens out, over the client's weight. A client that comes back
 * with nothing waiting is lifted to the least counter among those that have calls waiting (to that of the last that left, when none has): idling earns no credit.
 * Guarantee: of two clients that both have calls waiting all the time, neither receives more than 2 max(w_in L, w_out M) of weighted service (as charged here) more than
 * the other, L the longest prompt and M the most tokens, prompts and answers, of the calls that run at once (for w_out ≥ w_in).
 *
 * Source: Y. Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024 (arXiv 2401.00588), algorithm 2 and section 4; weighted VTC: section 4.3.
 * Departs from it: answers are charged when a stretch ends or the engine reports progress, not token by token, which the bound above counts in M; a call that could not start for lack of memory is paid back.
 * Cost: O(log c) for c clients with calls waiting.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { ReadyOrder } from './ready-order.ts';

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
  /** The calls of each client, in the order in which they became ready. */
  private readonly queues = new LinkedLists(1);
  /** Clients with calls waiting, by counter; ties to the one whose first call is ready longest. */
  private readonly active = new KeyedHeap();
  private lastLeft = -1;
  // By client.
  private counters = new Float64Array(0);
  // By pid.
  private clients = new Int32Array(0);
  private isPaid = new Uint8Array(0); // the prompt of its call was charged
  private refunds = new Float64Array(0); // what is paid back should its call not start

  constructor(options: VtcOptions, processes: ProcessView) {
    this.options = options;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { queues, active, order } = this;
    const client = this.processes.client(pid);
    if (client >= this.counters.length) this.growClients(client);
    if (pid >= this.clients.length) this.growPids(pid);
    this.clients[pid] = client;
    // Picked, and could not start: it has been waiting all the time.
    if (order.readySinceUs(pid) === sinceUs) this.payBack(pid);
    else if (queues.size(client) === 0) this.lift(client);
    order.take(pid, sinceUs);
    order.insert(queues, client, pid);
    const first = queues.head(client);
    if (active.has(client)) active.update(client, this.counters[client]!, order.of(first as Pid));
    else active.push(client, this.counters[client]!, order.of(first as Pid));
    return first === pid && active.peek() === client;
  }

  pick(_core: CoreId): Pid | undefined {
    const client = this.active.peek();
    if (client === -1) return undefined;
    const pid = this.queues.head(client) as Pid;
    this.leave(client, pid);
    if (this.isPaid[pid] === 0) {
      this.isPaid[pid] = 1;
      const cost = (this.options.inputWeight * this.processes.promptTokens(pid)) / this.processes.weight(pid);
      this.refunds[pid] = cost;
      this.add(client, cost);
    }
    return pid;
  }

  charge(pid: Pid, { tokensOut }: Charge): void {
    if (pid >= this.clients.length) assert(false, `charge for pid ${pid}, which was never ready`);
    this.refunds[pid] = 0;
    if (!this.queues.has(pid)) this.order.forget(pid);
    this.add(this.clients[pid]!, (this.options.outputWeight * tokensOut) / this.processes.weight(pid));
  }

  waiting(pid: Pid): void {
    if (pid >= this.clients.length) return;
    const client = this.clients[pid]!;
    if (this.queues.has(pid)) this.leave(client, pid);
    // Picked, and then there was no room for it in memory.
    this.payBack(pid);
    this.isPaid[pid] = 0;
  }

  exited(pid: Pid): void {
    this.waiting(pid);
    this.order.forget(pid);
  }

  slice(): number {
    return this.options.sliceUs;
  }

  explain(pid: Pid): string {
    const { active, queues, counters } = this;
    const client = this.processes.client(pid);
    const name = `${this.processes.name(pid)} (pid ${pid}, client ${client}, counter ${tokens(counters[client] ?? 0)})`;
    if (!queues.has(pid)) return `${name} is not ready`;
    const first = queues.head(client);
    if (first !== pid)
      return `${name} comes after ${this.processes.name(queues.previous(pid) as Pid)} of the same client`;
    const least = active.peek();
    if (least === client)
      return `${name} is the first of the client with the least counter of ${active.size} with calls waiting`;
    return `${name} is the first of its client; client ${least} has received less: ${tokens(counters[least]!)}`;
  }

  save(): Json {
    const processes: number[][] = [];
    for (let pid = 0; pid < this.clients.length; pid++)
      if (this.queues.has(pid) || this.isPaid[pid] === 1)
        processes.push([pid, this.clients[pid]!, this.isPaid[pid]!, this.refunds[pid]!]);
    return {
      counters: [...this.counters.subarray(0, this.queues.lists)],
      queues: this.queues.save(),
      lastLeft: this.lastLeft,
      order: this.order.save(),
      processes,
    };
  }

  load(state: Json): void {
    assert(this.active.size === 0, 'load into a policy that is in use');
    const saved = state as unknown as SavedVtc;
    if (saved.counters.length > 0) this.growClients(saved.counters.length - 1);
    this.counters.set(saved.counters);
    this.queues.load(saved.queues);
    this.lastLeft = saved.lastLeft;
    this.order.load(saved.order);
    for (const [pid, client, isPaid, refund] of saved.processes) {
      if (pid >= this.clients.length) this.growPids(pid);
      this.clients[pid] = client;
      this.isPaid[pid] = isPaid;
      this.refunds[pid] = refund;
    }
    for (const [client, counter] of saved.counters.entries()) {
      const first = this.queues.head(client);
      if (first > 0) this.active.push(client, counter, this.order.of(first as Pid));
    }
  }

  /** The call of `pid` did not start. */
  private payBack(pid: Pid): void {
    const refund = this.refunds[pid]!;
    if (refund === 0) return;
    this.add(this.clients[pid]!, -refund);
    this.refunds[pid] = 0;
    this.isPaid[pid] = 0;
  }

  /** A client with nothing waiting comes back: what it did not ask for meanwhile is not owed to it. */
  private lift(client: number): void {
    const { active, counters } = this;
    let floor = 0;
    if (active.size > 0) floor = active.peekKey();
    else if (this.lastLeft >= 0) floor = counters[this.lastLeft]!;
    if (counters[client]! < floor) counters[client] = floor;
  }

  private leave(client: number, pid: Pid): void {
    const { queues, active, order } = this;
    queues.remove(client, pid);
    const first = queues.head(client);
    if (first > 0) return active.update(client, this.counters[client]!, order.of(first as Pid));
    active.remove(client);
    this.lastLeft = client;
  }

  private add(client: number, cost: number): void {
    this.counters[client]! += cost;
    if (this.active.has(client))
      this.active.update(client, this.counters[client]!, this.active.tieOf(client));
  }

  private growClients(client: number): void {
    this.counters = moved(this.counters, new Float64Array(rowsFor(client, this.counters.length)));
    this.queues.addLists(this.counters.length - this.queues.lists);
  }

  private growPids(pid: number): void {
    const rows = rowsFor(pid, this.clients.length);
    this.clients = moved(this.clients, new Int32Array(rows));
    this.isPaid = moved(this.isPaid, new Uint8Array(rows));
    this.refunds = moved(this.refunds, new Float64Array(rows));
  }
}

interface SavedVtc {
  readonly counters: readonly number[];
  readonly queues: readonly (readonly number[])[];
  readonly lastLeft: number;
  readonly order: Json;
  readonly processes: readonly (readonly [pid: number, client: number, isPaid: number, refund: number])[];
}

const tokens = (counter: number): string => `${Math.round(counter)} weighted tokens`;
