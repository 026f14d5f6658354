/**
 * Random: evicts a resident page drawn uniformly. What every policy that looks at the past has to beat.
 *
 * Source: L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", 1966.
 * A page that is drawn and not eligible is put aside for this evict, and another is drawn from the rest (RandomSet says how).
 * Cost: O(1) for every call, but evict draws once more for each page that is not eligible.
 */
import { assert } from '../../base/assert.ts';
import { RandomSet } from '../../base/random-set.ts';
import type { Rng, RngState } from '../../base/rng.ts';
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

export const random: CreatePagingPolicy = ({ rng, largestPage }) => new Random(rng, largestPage);

interface SavedState {
  readonly pages: readonly number[];
  readonly rng: RngState;
}

class Random implements PagingPolicy {
  readonly name = 'random';
  private readonly rng: Rng;
  private readonly resident: RandomSet;

  constructor(rng: Rng, largestPage?: number) {
    this.rng = rng;
    this.resident = new RandomSet(largestPage);
  }

  admit(page: PageId): boolean {
    this.resident.add(page);
    return true;
  }

  touch(): void {}

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { resident, rng } = this;
    for (let rest = resident.size; rest > 0; rest--) {
      const page = resident.draw(rng, rest) as PageId;
      if (!eligible(page)) continue;
      resident.remove(page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.resident.remove(page);
  }

  checkInvariants(resident: number): void {
    this.resident.checkInvariants();
    assert(this.resident.size === resident, `${this.resident.size} pages in the set, ${resident} resident`);
  }

  /** The resident pages in the order of their row, and the stream of chance. */
  save(): Json {
    return { pages: [...this.resident.ids()], rng: this.rng.save() as unknown as Json };
  }

  load(state: Json): void {
    assert(this.resident.size === 0, 'load into a policy that is in use');
    const { pages, rng } = state as unknown as SavedState;
    for (const page of pages) this.resident.add(page);
    this.rng.load(rng);
  }
}
