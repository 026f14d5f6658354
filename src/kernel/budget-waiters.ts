/** Who waits at one budget node, in the order of their sequence numbers. Most join at the end and leave at the front: O(1) then. */
import { assert } from '../base/assert.ts';

/** Places at the front that are empty before they are cut off. */
const KEPT_PLACES = 64;

export class BudgetWaiters {
  private seqs: number[] = []; // strictly rising from `first` on
  private ids: number[] = [];
  private first = 0;

  get size(): number {
    return this.seqs.length - this.first;
  }

  /** Infinity when nobody waits. */
  get firstSeq(): number {
    return this.first < this.seqs.length ? this.seqs[this.first]! : Infinity;
  }

  /** -1 when nobody waits. */
  get firstId(): number {
    return this.first < this.ids.length ? this.ids[this.first]! : -1;
  }

  add(seq: number, id: number): void {
    const place = this.placeOf(seq);
    assert(this.seqs[place] !== seq, `waiter ${seq} waits here already`);
    if (place === this.seqs.length) {
      this.seqs.push(seq);
      this.ids.push(id);
    } else {
      this.seqs.splice(place, 0, seq);
      this.ids.splice(place, 0, id);
    }
  }

  /** No effect when `seq` does not wait here. */
  remove(seq: number): void {
    const place = this.placeOf(seq);
    if (this.seqs[place] !== seq) return;
    if (place > this.first) {
      this.seqs.splice(place, 1);
      this.ids.splice(place, 1);
      return;
    }
    this.first++;
    if (this.first > KEPT_PLACES && this.first * 2 > this.seqs.length) {
      this.seqs = this.seqs.slice(this.first);
      this.ids = this.ids.slice(this.first);
      this.first = 0;
    }
  }

  checkInvariants(): void {
    assert(this.seqs.length === this.ids.length, `${this.seqs.length} numbers, ${this.ids.length} ids`);
    for (let place = this.first + 1; place < this.seqs.length; place++) {
      assert(this.seqs[place - 1]! < this.seqs[place]!, `waiter ${this.seqs[place]} is out of order`);
    }
  }

  /** The first place whose number is not smaller. */
  private placeOf(seq: number): number {
    let low = this.first;
    let high = this.seqs.length;
    if (high > low && this.seqs[high - 1]! < seq) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.seqs[middle]! < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
