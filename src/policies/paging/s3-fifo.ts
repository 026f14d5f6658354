/**
 * S3-FIFO: three FIFO queues. Most new pages are used once: they pass through a small queue quickly. A page touched at least twice there goes on
 * to the main queue when it is about to leave; so does one that is missed while its ghost is remembered. In the main queue touched pages go round again.
 *
 * Source: J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO Queues are All You Need for Cache Eviction", SOSP 2023. The small queue's target is a
 * tenth of the memory, the main queue's the rest, the ghosts' nine tenths; two touches promote, as in the authors' simulator. Where the
 * queue to evict from has no page that may leave, the other one gives one.
 * Cost: a touch is at most one write; evict is O(1), amortised, but walks past the pages at the old end that are not eligible.
 */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { MAIN, PROBATION, ProbationLists } from './probation-lists.ts';

export const s3Fifo: CreatePagingPolicy = (context) => new S3Fifo(context);

const MOST_TOUCHES = 3;
const TOUCHES_TO_PROMOTE = 2;

class S3Fifo implements PagingPolicy {
  readonly name = 's3-fifo';
  private readonly mainShare: number;
  private readonly queues: ProbationLists;
  private touches: Uint8Array; // [page] up to MOST_TOUCHES; 0 when it is not resident

  constructor(context: PagingContext) {
    const { capacity, largestPage = 0 } = context;
    this.mainShare = capacity - Math.floor(capacity / 10);
    this.queues = new ProbationLists(context, Math.floor((capacity * 9) / 10));
    this.touches = new Uint8Array(largestPage + 1);
  }

  miss(page: PageId): void {
    this.queues.call(page);
  }

  admit(page: PageId): boolean {
    this.ensureRow(page);
    this.queues.enter(page);
    return true;
  }

  touch(page: PageId): void {
    const touches = this.touches[page]!;
    if (touches < MOST_TOUCHES) this.touches[page] = touches + 1;
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this.queues;
    const isMain = lists.used(MAIN) > this.mainShare || lists.count(PROBATION) === 0;
    const victim =
      (isMain ? this.victimOfMain(eligible) : undefined) ??
      this.victimOfProbation(eligible) ??
      this.victimOfMain(eligible);
    if (victim !== undefined) this.queues.leave(victim);
    return victim;
  }

  remove(page: PageId): void {
    this.queues.remove(page);
    this.touches[page] = 0;
  }

  forget(page: PageId): void {
    this.queues.forget(page);
  }

  checkInvariants(resident: number): void {
    this.queues.checkInvariants(resident);
    const touched = this.touches.reduce((count, touches) => count + (touches > 0 ? 1 : 0), 0);
    assert(touched <= resident, () => `${touched} pages were touched, ${resident} are resident`);
  }

  save(): Json {
    const touches: [PageId, number][] = [];
    for (const list of [PROBATION, MAIN])
      for (const page of this.queues.lists.pages(list))
        if (this.touches[page]! > 0) touches.push([page, this.touches[page]!]);
    return { queues: this.queues.save(), touches };
  }

  load(state: Json): void {
    const saved = state as unknown as { queues: Json; touches: [PageId, number][] };
    this.queues.load(saved.queues);
    const { lists } = this.queues;
    for (const list of [PROBATION, MAIN]) for (const page of lists.pages(list)) this.ensureRow(page);
    for (const [page, touches] of saved.touches) this.touches[page] = touches;
  }

  private ensureRow(page: PageId): void {
    const { length } = this.touches;
    if (page >= length) this.touches = moved(this.touches, new Uint8Array(rowsFor(page, length)));
  }

  /** The oldest page of the small queue that was not touched enough; those that were go to the main queue. */
  private victimOfProbation(eligible: (page: PageId) => boolean): PageId | undefined {
    const { queues, touches } = this;
    const { lists } = queues;
    for (let page = lists.head(PROBATION), next = page; page > 0; page = next) {
      next = lists.next(page);
      if (touches[page]! < TOUCHES_TO_PROMOTE) {
        if (!eligible(page)) continue;
        touches[page] = 0;
        return page;
      }
      queues.promote(page);
      touches[page] = 0;
    }
    return undefined;
  }

  /** The oldest page of the main queue that was not touched; those that were go round again, with one touch less. */
  private victimOfMain(eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this.queues;
    const { touches } = this;
    for (let page = lists.head(MAIN), next = page; page > 0; page = next) {
      next = lists.next(page);
      if (touches[page] === 0) {
        if (eligible(page)) return page;
      } else {
        touches[page]!--;
        lists.moveToBack(MAIN, page);
        if (next <= 0) next = page;
      }
    }
    return undefined;
  }
}
