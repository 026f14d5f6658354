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
 * What is kept of an agent is forgotten when it has ended, here and under fair sharing.
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
import { moved, rowsFor } from '../columns.ts';
import { FairSharing } from './fair-sharing.ts';
import { labelOf, rounded } from './explanations.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';
import { loadOf, weightScale } from './virtual-time.ts';

export const justitia: CreateSchedulingPolicy = (context) => new Justitia(context);

class Justitia implements SchedulingPolicy {
  readonly name = 'justitia';
  private readonly processes: ProcessView;
  private readonly order = new ReadyOrder();
  private readonly queue = new KeyedHeap();
  private readonly sharing: FairSharing;
  /** Runs: agents without a prediction, whose cost grows. */
  private readonly growing = new Set<number>();
  /** By pid, of a call that has had no core since it was ready: its key; NaN: there is none. A call that grows its agent's cost does so once. A column, since a Map whose keys come and go is slow. */
  private keys = new Float64Array(0);

  constructor({ processes, memoryTokens }: SchedulingContext) {
    this.processes = processes;
    this.sharing = new FairSharing(memoryTokens / 1_000_000);
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { processes, sharing, queue } = this;
    const run = processes.run(pid);
    if (!sharing.has(run)) this.arrive(pid, run, sinceUs);
    if (pid >= this.keys.length) this.grow(pid);
    let key = this.keys[pid]!;
    if (Number.isNaN(key)) {
      if (this.growing.has(run) && !processes.isUnderWay(pid))
        sharing.grow(run, this.costOfCall(pid), weightOf(processes, pid), sinceUs);
      key = sharing.finish(run);
      this.keys[pid] = key;
    }
    queue.push(pid, key, this.order.take(pid, sinceUs));
    return queue.peek() === pid;
  }

  pick(_core: CoreId): Pid | undefined {
    const pid = this.queue.popMin();
    return pid < 0 ? undefined : (pid as Pid);
  }

  charge(pid: Pid): void {
    // What a ready one is charged with, it used in an earlier life.
    if (this.queue.has(pid)) return;
    this.order.forget(pid);
    if (pid < this.keys.length) this.keys[pid] = NaN;
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
  }

  exited(pid: Pid): void {
    this.waiting(pid);
    this.order.forget(pid);
    if (pid < this.keys.length) this.keys[pid] = NaN;
  }

  runEnded(run: number): void {
    this.growing.delete(run);
    this.sharing.end(run);
  }

  slice(): number {
    return Infinity;
  }

  explain(pid: Pid): string {
    const { queue, processes, sharing } = this;
    const run = processes.run(pid);
    const agent = `${labelOf(processes, pid)} of agent ${run}`;
    if (!sharing.has(run)) return `${agent} asks for no core`;
    const how = this.growing.has(run) ? ', of the calls it asked for so far' : '';
    const finish = `virtual finish time ${rounded(sharing.finish(run))}${how}`;
    if (!queue.has(pid)) return `${agent} is not ready: ${finish}`;
    const first = queue.peek() as Pid;
    return first === pid
      ? `${agent} is the first of ${queue.size} ready: ${finish}`
      : `${agent} comes after ${labelOf(processes, first)}, who would end first under fair sharing: ${finish}, not ${rounded(queue.peekKey())}`;
  }

  save(): Json {
    return {
      order: this.order.save() as unknown as Json,
      ready: [...this.queue.ids()],
      sharing: this.sharing.save(),
      growing: [...this.growing],
      keys: [...this.keys.entries()].filter(([, key]) => !Number.isNaN(key)),
    };
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    const saved = state as unknown as SavedJustitia;
    this.order.load(saved.order);
    this.sharing.load(saved.sharing);
    for (const run of saved.growing) this.growing.add(run);
    for (const [pid, key] of saved.keys) {
      if (pid >= this.keys.length) this.grow(pid);
      this.keys[pid] = key;
    }
    for (const pid of saved.ready) this.queue.push(pid, this.keys[pid]!, this.order.of(pid));
  }

  private grow(pid: number): void {
    const before = this.keys.length;
    this.keys = moved(this.keys, new Float64Array(rowsFor(pid, before))).fill(NaN, before);
  }

  /** The first call of an agent; its root process is mostly the first that asks for one. */
  private arrive(pid: Pid, run: number, atUs: number): void {
    const { processes } = this;
    let root = pid;
    for (let at: Pid | 0 = pid; at !== 0; at = processes.parent(at)) root = at;
    const expected = processes.expectedTokenSeconds(root);
    const isUnknown = Number.isNaN(expected);
    if (isUnknown) this.growing.add(run);
    this.sharing.arrive(run, isUnknown ? 0 : expected, weightOf(processes, root), atUs);
  }

  /** Its prompt is held for all of its time, its answer for half of it, on the average: token-seconds. */
  private costOfCall(pid: Pid): number {
    const { processes } = this;
    const tokens = processes.promptTokens(pid) + processes.maxOutputTokens(pid) / 2;
    return (tokens * processes.burstUs(pid)) / 1_000_000;
  }
}

/** In parts that add up exactly, as in the other fair-share policies. */
function weightOf(processes: ProcessView, pid: Pid): number {
  return loadOf(processes.weight(pid)) / weightScale;
}

interface SavedJustitia {
  readonly order: SavedReadyOrder;
  readonly ready: readonly Pid[];
  readonly sharing: Json;
  readonly growing: readonly number[];
  readonly keys: readonly (readonly [pid: number, key: number])[];
}
