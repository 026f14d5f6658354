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
  private readonly members = new Map<number, Member>();

  /** `rate` > 0. */
  constructor(rate: number) {
    assert(rate > 0, `rate ${rate}: must be > 0`);
    this.rate = rate;
  }

  /** How many are known: who is active, and who may still grow. */
  get size(): number {
    return this.members.size;
  }

  has(member: number): boolean {
    return this.members.get(member)?.isOver === false;
  }

  /** The virtual time at which `member`, which has arrived, would end. */
  finish(member: number): number {
    return this.members.get(member)!.finish;
  }

  /** A new member; `cost` ≥ 0, `weight` > 0. Times do not decrease, but one of before the last is taken for that. */
  arrive(member: number, cost: number, weight: number, atUs: number): void {
    this.advance(atUs);
    // It was over, and comes again: as another.
    if (this.active.has(member)) this.leave(member);
    this.enter(member, this.virtual + cost / weight, weight);
  }

  /** The member costs more than it seemed. If it had ended, it begins anew. */
  grow(member: number, cost: number, weight: number, atUs: number): void {
    this.advance(atUs);
    const { finish } = this.members.get(member)!;
    if (this.active.has(member)) this.leave(member);
    this.enter(member, Math.max(finish, this.virtual) + cost / weight, weight);
  }

  /** The member comes no more. While it is active, the others go on sharing with it, as if it took what it was said to cost; then it is forgotten. */
  end(member: number): void {
    const known = this.members.get(member);
    if (known === undefined) return;
    known.isOver = true;
    if (!this.active.has(member)) this.members.delete(member);
  }

  save(): Json {
    const { virtual, nowUs, weight } = this;
    const members = [...this.members].map(([member, one]) => [
      member,
      one.finish,
      one.weight,
      this.active.has(member) ? 1 : 0,
      one.isOver ? 1 : 0,
    ]);
    return { virtual, nowUs, weight, members };
  }

  load(state: Json): void {
    const { virtual, nowUs, weight, members } = state as unknown as SavedFairSharing;
    this.virtual = virtual;
    this.nowUs = nowUs;
    for (const [member, finish, ofMember, isActive, isOver] of members) {
      this.members.set(member, { finish, weight: ofMember, isOver: isOver === 1 });
      if (isActive === 1) this.active.push(member, finish, member);
    }
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

  private enter(member: number, finish: number, weight: number): void {
    this.members.set(member, { finish, weight, isOver: false });
    this.active.push(member, finish, member);
    this.weight += weight;
  }

  private leave(member: number): void {
    const { weight, isOver } = this.members.get(member)!;
    this.active.remove(member);
    // Sums of fractions drift; with nobody left there is nothing to add up.
    this.weight = this.active.size === 0 ? 0 : this.weight - weight;
    if (isOver) this.members.delete(member);
  }
}

interface Member {
  readonly finish: number;
  readonly weight: number;
  /** It comes no more. */
  isOver: boolean;
}

interface SavedFairSharing {
  readonly virtual: number;
  readonly nowUs: number;
  readonly weight: number;
  readonly members: readonly (readonly [
    member: number,
    finish: number,
    weight: number,
    isActive: number,
    isOver: number,
  ])[];
}
