/**
 * Justitia: agents run in the order in which they would end if they shared context memory fairly, one after another with all of it: fair in the long run, and early for most.
 *
 * An agent, which is a run, costs context memory times time. Its virtual finish time is V at its arrival + its cost over its weight; V, the virtual time, advances at
 * memory / (total weight of the agents that would still be active under that fair sharing), so that the order never changes: the calls of the least finish time go first.
 * Guarantee (with exact costs): an agent ends no later than under fair sharing, but for a constant: the largest cost of an agent, over the memory, and its last calls.
 *
 * Source: "Justitia: Fair and Efficient Scheduling for LLM Applications", 2025 (arXiv 2510.17015); virtual time: A. Demers, S. Keshav, S. Shenker, "Analysis and Simulation of a Fair
 * Queueing Algorithm", SIGCOMM 1989.
 * Departs from it: costs are those that the agent's root process was started with (`expectedTokenSeconds`); the calls of an agent that nobody predicted are added to its cost as they are asked for.
 * Cost: O(log n) a decision, and O(log a) an arrival for a active agents.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type {
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingContext,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { FairSharing } from './fair-sharing.ts';
import { KeptPlaces } from './kept-places.ts';
import { ReadyOrder } from './ready-order.ts';

export const justitia: CreateSchedulingPolicy = (context) => new Justitia(context);

class Justitia implements SchedulingPolicy {
  readonly name = 'justitia';
  private readonly processes: ProcessView;
  private readonly order = new ReadyOrder();
  private readonly queue = new KeyedHeap();
  /** The virtual finish times by which the ready stand. */
  private readonly finishes = new KeptPlaces();
  private readonly sharing: FairSharing;
  /** By run: of agents without a prediction, whose cost grows. */
  private readonly isGrowing: boolean[] = [];
  /** Pids whose call was added to the cost of such an agent. */
  private readonly counted = new Set<Pid>();

  constructor({ processes, memoryTokens }: SchedulingContext) {
    this.processes = processes;
    this.sharing = new FairSharing(memoryTokens / 1_000_000);
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { processes, sharing, queue } = this;
    const run = processes.run(pid);
    if (!sharing.has(run)) this.arrive(pid, run, sinceUs);
    if (this.isGrowing[run] === true && !this.counted.has(pid)) {
      this.counted.add(pid);
      sharing.grow(run, this.costOfCall(pid), processes.weight(pid), sinceUs);
    }
    const finish = this.finishes.kept(pid, sinceUs) ?? sharing.finish(run);
    this.finishes.give(pid, sinceUs, finish);
    queue.push(pid, finish, this.order.take(pid, sinceUs));
    return queue.peek() === pid;
  }

  pick(_core: CoreId): Pid | undefined {
    const pid = this.queue.popMin();
    return pid < 0 ? undefined : (pid as Pid);
  }

  charge(pid: Pid): void {
    this.finishes.giveUp(pid);
    if (!this.queue.has(pid)) this.order.forget(pid);
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
    this.counted.delete(pid);
  }

  exited(pid: Pid): void {
    this.waiting(pid);
    this.finishes.giveUp(pid);
    this.order.forget(pid);
  }

  slice(): number {
    return Infinity;
  }

  explain(pid: Pid): string {
    const { queue, processes, sharing } = this;
    const run = processes.run(pid);
    const agent = `${processes.name(pid)} (pid ${pid}, agent ${run})`;
    if (!sharing.has(run)) return `${agent} never asked for a core`;
    const how = this.isGrowing[run] === true ? ', of the calls it asked for so far' : '';
    const finish = `virtual finish time ${sharing.finish(run).toFixed(1)}${how}`;
    if (!queue.has(pid)) return `${agent} is not ready: ${finish}`;
    const first = queue.peek() as Pid;
    return first === pid
      ? `${agent} is the first of ${queue.size} ready: ${finish}`
      : `${agent} comes after ${processes.name(first)}, who would end first under fair sharing: ${finish}, not ${queue.peekKey().toFixed(1)}`;
  }

  save(): Json {
    return {
      order: this.order.save(),
      ready: [...this.queue.ids()].map((pid) => [pid, this.queue.keyOf(pid)]),
      sharing: this.sharing.save(),
      growing: this.isGrowing.flatMap((isGrowing, run) => (isGrowing ? [run] : [])),
      counted: [...this.counted],
    };
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    const saved = state as unknown as SavedJustitia;
    this.order.load(saved.order);
    this.sharing.load(saved.sharing);
    for (const [pid, key] of saved.ready) this.queue.push(pid, key, this.order.of(pid));
    for (const run of saved.growing) this.isGrowing[run] = true;
    for (const pid of saved.counted) this.counted.add(pid);
  }

  /** The first call of an agent; its root process is mostly the first that asks for one. */
  private arrive(pid: Pid, run: number, atUs: number): void {
    const { processes } = this;
    let root = pid;
    for (let at: Pid | 0 = pid; at !== 0; at = processes.parent(at)) root = at;
    const expected = processes.expectedTokenSeconds(root);
    this.isGrowing[run] = Number.isNaN(expected);
    this.sharing.arrive(run, Number.isNaN(expected) ? 0 : expected, processes.weight(root), atUs);
  }

  /** Its prompt is held for all of its time, its answer for half of it, on the average: token-seconds. */
  private costOfCall(pid: Pid): number {
    const { processes } = this;
    const tokens = processes.promptTokens(pid) + processes.maxOutputTokens(pid) / 2;
    return (tokens * processes.burstUs(pid)) / 1_000_000;
  }
}

interface SavedJustitia {
  readonly order: Json;
  readonly ready: readonly (readonly [pid: Pid, key: number])[];
  readonly sharing: Json;
  readonly growing: readonly number[];
  readonly counted: readonly Pid[];
}
