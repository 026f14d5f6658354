/**
 * Soft pins: pages of importance 1, which is what a system prompt has, leave only when nothing else can, and only while their pin holds: it lapses when they have not
 * been used for half an hour, and is back when they are used again. All others leave least recently used first.
 *
 * Source: Mooncake Store (R. Qin et al., "Mooncake", FAST 2025; kvcache-ai/Mooncake, design of the store, "soft pin", whose default time to live is 30 minutes).
 * Departs from it: eviction takes what a load needs and no more (there a twentieth of the memory at a time).
 * Cost: O(1) for every call, but evict also walks past what is not eligible.
 */
import { assert } from '../../../base/assert.ts';
import { LinkedLists } from '../../../base/linked-lists.ts';
import type { CreatePagingPolicy, PageView, PagingPolicy } from '../../../kernel/contracts.ts';
import type { Json, PageId } from '../../../kernel/ids.ts';

export interface SoftPinsOptions {
  /** Pages of at least this importance are pinned, 0 to 1. */
  readonly importance: number;
  /** µs > 0. */
  readonly ttlUs: number;
}

const softPinsDefaults: SoftPinsOptions = { importance: 1, ttlUs: 1_800_000_000 };

export function softPinsWith(options: SoftPinsOptions): CreatePagingPolicy {
  assert(options.ttlUs > 0, () => `ttlUs ${options.ttlUs}: must be > 0`);
  return ({ pages, largestPage }) => new SoftPins(options, pages, largestPage);
}

export const softPins: CreatePagingPolicy = softPinsWith(softPinsDefaults);

const FREE = 0;
const PINNED = 1;

class SoftPins implements PagingPolicy {
  readonly name = 'soft-pins';
  private readonly options: SoftPinsOptions;
  private readonly pages: PageView;
  /** Each from the cold end. */
  private readonly lists: LinkedLists;
  private nowUs = 0;
  private victimList = FREE;
  private besideVictim = 0;
  /** Resident pages of the list PINNED; the others are in FREE. */
  private readonly pinned = new Set<PageId>();

  constructor(options: SoftPinsOptions, pages: PageView, largestPage?: number) {
    this.options = options;
    this.pages = pages;
    this.lists = new LinkedLists(2, largestPage);
  }

  /** Pins may have lapsed before room is made. */
  miss(_page: PageId, nowUs: number): void {
    this.nowUs = nowUs;
  }

  admit(page: PageId, nowUs: number): boolean {
    this.nowUs = nowUs;
    this.lists.pushBack(this.listFor(page), page);
    return true;
  }

  touch(page: PageId, nowUs: number): void {
    this.nowUs = nowUs;
    this.remove(page);
    this.lists.pushBack(this.listFor(page), page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const free = this.coldest(FREE, eligible);
    const pinned = this.coldest(PINNED, eligible);
    let victim = free ?? pinned;
    if (free !== undefined && pinned !== undefined && this.hasLapsed(pinned)) {
      const { pages } = this;
      if (pages.lastAccessUs(pinned) < pages.lastAccessUs(free)) victim = pinned;
    }
    if (victim === undefined) return undefined;
    this.victimList = this.pinned.has(victim) ? PINNED : FREE;
    this.besideVictim = this.lists.previous(victim);
    this.lists.remove(this.victimList, victim);
    this.pinned.delete(victim);
    return victim;
  }

  remove(page: PageId): void {
    this.lists.remove(this.pinned.has(page) ? PINNED : FREE, page);
    this.pinned.delete(page);
  }

  putBack(page: PageId): void {
    if (this.besideVictim <= 0) this.lists.pushFront(this.victimList, page);
    else this.lists.insertAfter(this.victimList, this.besideVictim, page);
    if (this.victimList === PINNED) this.pinned.add(page);
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    const list = this.pinned.has(page) ? PINNED : FREE;
    if (colder) this.lists.insertBefore(list, page, part);
    else this.lists.insertAfter(list, page, part);
    if (list === PINNED) this.pinned.add(part);
  }

  checkInvariants(resident: number): void {
    this.lists.checkInvariants();
    const size = this.lists.size(FREE) + this.lists.size(PINNED);
    assert(size === resident, () => `${size} pages in the lists, ${resident} resident`);
    for (const page of this.lists.ids(PINNED))
      assert(this.pinned.has(page as PageId), () => `page ${page} is pinned in one place only`);
  }

  /** The resident pages, coldest first: those without a pin, then those with one. */
  save(): Json {
    return this.lists.save();
  }

  load(state: Json): void {
    assert(this.lists.size(FREE) + this.lists.size(PINNED) === 0, 'load into a policy that is in use');
    const [free, pinned] = state as readonly (readonly number[])[];
    this.lists.load([free!, pinned!]);
    for (const page of pinned!) this.pinned.add(page as PageId);
  }

  private coldest(list: number, eligible: (page: PageId) => boolean): PageId | undefined {
    let id = this.lists.head(list);
    while (id > 0 && !eligible(id as PageId)) id = this.lists.next(id);
    return id > 0 ? (id as PageId) : undefined;
  }

  private listFor(page: PageId): number {
    if (this.pages.importance(page) < this.options.importance) return FREE;
    this.pinned.add(page);
    return PINNED;
  }

  private hasLapsed(page: PageId): boolean {
    return this.nowUs - this.pages.lastAccessUs(page) >= this.options.ttlUs;
  }
}
