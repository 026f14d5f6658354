/**
 * Hyperbolic caching: evicts, of a random sample, the page with the lowest rate of use since its loading: uses / (time since then × size).
 * A new page has a high rate at first, which it must earn as it ages; nothing has to be decayed.
 *
 * Source: A. Blankstein, S. Sen, M. J. Freedman, "Hyperbolic caching: flexible caching for web applications", USENIX ATC 2017, sections 3
 * and 4. Time counts references; a load counts as the first use. Every page costs the same to load.
 * Cost: O(1) for touch and admit; evict draws at most SAMPLE eligible pages, and passes those drawn that are not eligible.
 */
import { assert } from '../../base/assert.ts';
import { RandomSet } from '../../base/random-set.ts';
import type { Rng, RngState } from '../../base/rng.ts';
import type { CreatePagingPolicy, PageView, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';

export const hyperbolic: CreatePagingPolicy = (context) => new Hyperbolic(context);

/** The paper's. */
const SAMPLE = 64;

interface SavedState {
  readonly now: number;
  /** [page, uses, number of the reference that loaded it], in the order of the set. */
  readonly pages: readonly (readonly [page: number, uses: number, loadedAt: number])[];
  readonly rng: RngState;
}

class Hyperbolic implements PagingPolicy {
  readonly name = 'hyperbolic';
  private readonly rng: Rng;
  /** Where sizes count. */
  private readonly pages: PageView | undefined;
  private readonly resident: RandomSet;
  /** [2 × page] uses since its loading; [2 × page + 1] the number of the reference that loaded it. */
  private figures: Float64Array;
  /** References so far. */
  private now = 0;

  constructor(context: PagingContext) {
    const { rng, unit, largestPage } = context;
    this.rng = rng;
    this.pages = unit === 'pages' ? undefined : context.pages;
    this.resident = new RandomSet(largestPage);
    this.figures = new Float64Array(2 * ((largestPage ?? 0) + 1));
  }

  admit(page: PageId): boolean {
    this.enter(page, 1, ++this.now);
    return true;
  }

  touch(page: PageId): void {
    this.now++;
    this.figures[2 * page]!++;
  }

  /** Of equals the one drawn first leaves. */
  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { resident, rng } = this;
    let victim: PageId | undefined;
    let lowest = Infinity;
    let left = SAMPLE;
    for (let rest = resident.size; rest > 0 && left > 0; rest--) {
      const page = resident.draw(rng, rest) as PageId;
      if (!eligible(page)) continue;
      left--;
      const priority = this.priority(page);
      if (priority >= lowest) continue;
      victim = page;
      lowest = priority;
    }
    if (victim !== undefined) resident.remove(victim);
    return victim;
  }

  remove(page: PageId): void {
    this.resident.remove(page);
  }

  checkInvariants(resident: number): void {
    this.resident.checkInvariants();
    assert(this.resident.size === resident, `${this.resident.size} pages in the set, ${resident} resident`);
    for (const page of this.resident.ids()) {
      const [uses, loadedAt] = [this.figures[2 * page]!, this.figures[2 * page + 1]!];
      const isPossible = uses >= 1 && loadedAt >= 1 && uses <= this.now - loadedAt + 1;
      assert(
        isPossible,
        () => `page ${page} was used ${uses} times since reference ${loadedAt} of ${this.now}`,
      );
    }
  }

  save(): Json {
    const { now, figures, rng } = this;
    const pages = Array.from(this.resident.ids(), (page) => [
      page,
      figures[2 * page]!,
      figures[2 * page + 1]!,
    ]);
    return { now, pages, rng: rng.save() as unknown as Json };
  }

  load(state: Json): void {
    assert(this.resident.size === 0, 'load into a policy that is in use');
    const { now, pages, rng } = state as unknown as SavedState;
    this.now = now;
    for (const [page, uses, loadedAt] of pages) this.enter(page, uses, loadedAt);
    this.rng.load(rng);
  }

  /** The reference that is under way counts, so that the age is at least 1. */
  private priority(page: PageId): number {
    const age = this.now + 1 - this.figures[2 * page + 1]!;
    const size = this.pages === undefined ? 1 : Math.max(1, this.pages.size(page));
    return this.figures[2 * page]! / (age * size);
  }

  private enter(page: number, uses: number, loadedAt: number): void {
    if (2 * page >= this.figures.length)
      this.figures = moved(this.figures, new Float64Array(rowsFor(2 * page + 1, this.figures.length)));
    this.resident.add(page);
    this.figures[2 * page] = uses;
    this.figures[2 * page + 1] = loadedAt;
  }
}
