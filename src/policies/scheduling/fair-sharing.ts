import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type { Json } from '../../kernel/ids.ts';

/**
 * Generalised processor sharing, imagined: all that are active are served at once, each at a rate in proportion to its weight. Virtual time advances with the service per unit of
 * weight; one that arrives with a cost ends when virtual time has advanced by cost / weight, whoever else comes. So a finish time is known at arrival.
 *
 * Source: A. Parekh, R. Gallager, "A Generalized Processor Sharing Approach to Flow Control", 1993; the virtual time of fair queueing.
 */
export class FairSharing {
  /** Service per µs, to all together. */
  private readonly rate: number;
  private virtual = 0;
  private nowUs = 0;
  /** Total weight of the active. */
  private weight = 0;
  /** The active, by virtual finish time. */
  private readonly active = new KeyedHeap();
  // By member.
  private readonly finishes: number[] = [];
  private readonly weights: number[] = [];

  constructor(rate: number) {
    assert(rate > 0, `rate ${rate}: must be > 0`);
    this.rate = rate;
  }

  has(member: number): boolean {
    return this.finishes[member] !== undefined;
  }

  /** The virtual time at which `member`, which has arrived, would end. */
  finish(member: number): number {
    return this.finishes[member]!;
  }

  /** A new member; `cost` ≥ 0, `weight` > 0. Times do not decrease, but one of before the last is taken for that. */
  arrive(member: number, cost: number, weight: number, atUs: number): void {
    this.advance(atUs);
    this.weights[member] = weight;
    this.enter(member, this.virtual + cost / weight);
  }

  /** The member costs more than it seemed. If it had ended, it begins anew. */
  grow(member: number, cost: number, weight: number, atUs: number): void {
    this.advance(atUs);
    if (this.active.has(member)) this.leave(member);
    this.weights[member] = weight;
    this.enter(member, Math.max(this.finishes[member]!, this.virtual) + cost / weight);
  }

  save(): Json {
    const { virtual, nowUs, weight, finishes, weights } = this;
    const members = finishes.flatMap((finish, member) => [
      [member, finish, weights[member]!, this.active.has(member) ? 1 : 0],
    ]);
    return { virtual, nowUs, weight, members };
  }

  load(state: Json): void {
    const { virtual, nowUs, weight, members } = state as unknown as {
      readonly virtual: number;
      readonly nowUs: number;
      readonly weight: number;
      readonly members: readonly (readonly [
        member: number,
        finish: number,
        weight: number,
        isActive: number,
      ])[];
    };
    this.virtual = virtual;
    this.nowUs = nowUs;
    for (const [member, finish, weight, isActive] of members) {
      this.weights[member] = weight;
      this.finishes[member] = finish;
      if (isActive === 1) this.enter(member, finish);
    }
    // A sum of fractions depends on the order in which they were added.
    this.weight = weight;
  }

  /** Serves the active up to `atUs`; those that end meanwhile make the others faster. */
  private advance(atUs: number): void {
    const { active, rate } = this;
    while (this.nowUs < atUs && active.size > 0) {
      const endsUs = this.nowUs + ((active.peekKey() - this.virtual) * this.weight) / rate;
      if (endsUs > atUs) {
        this.virtual += ((atUs - this.nowUs) * rate) / this.weight;
        break;
      }
      this.virtual = active.peekKey();
      this.nowUs = Math.max(this.nowUs, endsUs);
      this.leave(active.peek());
    }
    this.nowUs = Math.max(this.nowUs, atUs);
  }

  private enter(member: number, finish: number): void {
    this.finishes[member] = finish;
    this.active.push(member, finish, member);
    this.weight += this.weights[member]!;
  }

  private leave(member: number): void {
    this.active.remove(member);
    // Sums of weights drift; with nobody left there is nothing to add up.
    this.weight = this.active.size === 0 ? 0 : this.weight - this.weights[member]!;
  }
}
