/**
 * Random: any of the ready with the same chance, until its call ends or its slice is over. What every policy that looks at anything has to beat.
 *
 * Cost: O(1) for every call.
 */
import { assert } from '../../base/assert.ts';
import { RandomSet } from '../../base/random-set.ts';
import type { Rng, RngState } from '../../base/rng.ts';
import type { CreateSchedulingPolicy, ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { labelOf } from './explanations.ts';

export interface RandomOptions {
  /** Longest run before another ready process gets the core, µs; > 0, Infinity: until its call ends. */
  readonly sliceUs: number;
}

/** No slices. */
export const randomDefaults: RandomOptions = { sliceUs: Infinity };

export function randomWith({ sliceUs }: RandomOptions): CreateSchedulingPolicy {
  assert(sliceUs > 0, `sliceUs ${sliceUs}: must be > 0`);
  return ({ processes, rng }) => new RandomOrder(sliceUs, processes, rng);
}

export const random: CreateSchedulingPolicy = randomWith(randomDefaults);

class RandomOrder implements SchedulingPolicy {
  readonly name = 'random';
  private readonly sliceUs: number;
  private readonly processes: ProcessView;
  private readonly rng: Rng;
  private readonly readySet = new RandomSet();

  constructor(sliceUs: number, processes: ProcessView, rng: Rng) {
    this.sliceUs = sliceUs;
    this.processes = processes;
    this.rng = rng;
  }

  /** Nobody stands first before it is drawn. */
  ready(pid: Pid): boolean {
    this.readySet.add(pid);
    return false;
  }

  pick(_core: CoreId): Pid | undefined {
    const { readySet, rng } = this;
    if (readySet.size === 0) return undefined;
    const pid = readySet.draw(rng, readySet.size) as Pid;
    readySet.remove(pid);
    return pid;
  }

  waiting(pid: Pid): void {
    if (this.readySet.has(pid)) this.readySet.remove(pid);
  }

  exited(pid: Pid): void {
    this.waiting(pid);
  }

  slice(): number {
    return this.sliceUs;
  }

  explain(pid: Pid): string {
    const name = labelOf(this.processes, pid);
    const rule = 'each with the same chance';
    if (!this.readySet.has(pid)) return `${name} is not ready; ${rule}`;
    return `${name} has 1 chance in ${this.readySet.size} to be drawn next; ${rule}`;
  }

  save(): Json {
    return { ready: [...this.readySet.ids()], rng: this.rng.save() as unknown as Json };
  }

  load(state: Json): void {
    assert(this.readySet.size === 0, 'load into a policy that is in use');
    const { ready, rng } = state as unknown as { ready: readonly number[]; rng: RngState };
    for (const pid of ready) this.readySet.add(pid);
    this.rng.load(rng);
  }
}
