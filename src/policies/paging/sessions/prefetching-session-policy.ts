/**
 * What the policies on sessions that prefetch have in common: beside the pages that are resident, they remember those of each session's prompt that are not, because they were
 * evicted or never kept; and, asked what is worth loading before it is asked for, name the front of them, of the session worth most first. For a prefetch nothing leaves that
 * is worth as much as the session it is for.
 *
 * A page that several sessions use is remembered for the one that used it last or that it was prefetched for since, as it belongs to it while it is resident; it comes, too,
 * with what others have behind it.
 * Bounded by the prompts: what a session misses is told anew with each call of it, and forgotten with it. Cost: O(1) for each page that is told or evicted, and O(pages that have left the
 * prompt) for the first page of a prefetch; O(sessions log sessions) to be asked.
 */
import { assert } from '../../../base/assert.ts';
import { LinkedLists } from '../../../base/linked-lists.ts';
import type { Json, PageId, Pid } from '../../../kernel/ids.ts';
import { moved, rowsFor } from '../../columns.ts';
import type { Session } from './session.ts';
import { SessionPolicy } from './session-policy.ts';

const NONE = -1;

export abstract class PrefetchingSessionPolicy<Own extends Session = Session> extends SessionPolicy<Own> {
  /** Lists have the numbers of the sessions' own; each is from the front of the prompt on. A page that is resident in part is here, too. */
  private readonly missing = new LinkedLists(1);
  private missingIn = new Int32Array(rowsFor(0, 0)).fill(NONE); // [page] its list, or NONE
  /** Of this prefetch, the page that was loaded last; 0: none yet. */
  private placed = 0;

  prefetch(nowUs: number): readonly PageId[] {
    this.nowUs = nowUs;
    const wanted: Session[] = [];
    for (const session of this.sessions.live()) {
      const isMissing = session.list < this.missing.lists && this.missing.size(session.list) > 0;
      if (!isMissing || session.isRunning) continue;
      session.worth = this.worthOf(session);
      if (session.worth > -Infinity) wanted.push(session);
    }
    wanted.sort((a, b) => b.worth - a.worth || b.beganUs - a.beganUs || a.list - b.list);
    return wanted.map(({ list }) => this.missing.head(list) as PageId);
  }

  prefetching(page: PageId, nowUs: number): void {
    this.nowUs = nowUs;
    this.isPrefetch = true;
    this.placed = 0;
    // Of nobody: then nothing leaves for it.
    this.caller = this.sessions.byList[Math.max(0, this.listOfMissing(page))]!;
  }

  override usedBy(user: Pid, isCall: boolean, nowUs: number): void {
    super.usedBy(user, isCall, nowUs);
    if (isCall) this.clear(this.caller.list);
  }

  override exited(user: Pid, nowUs: number): void {
    const session = this.sessions.of(user);
    if (session !== undefined) this.clear(session.list);
    super.exited(user, nowUs);
  }

  /** Told of all that the caller's prompt lacks, the far end first. What is prefetched is remembered already, for whom it may be. */
  miss(page: PageId): void {
    if (!this.isPrefetch) this.remember(this.caller, page);
  }

  override admit(page: PageId, nowUs: number): boolean {
    this.drop(page);
    return super.admit(page, nowUs);
  }

  override remove(page: PageId): void {
    this.drop(page);
    super.remove(page);
  }

  forget(page: PageId): void {
    this.drop(page);
  }

  override split(page: PageId, part: PageId, colder: boolean): void {
    super.split(page, part, colder);
    // All that is missing of it is at its far end.
    this.splitMissing(page, part, true);
  }

  splitMissing(page: PageId, part: PageId, isWhole: boolean): void {
    const list = this.listOfMissing(page);
    if (list === NONE) return;
    this.setList(part, list);
    this.missing.insertAfter(list, page, part);
    if (isWhole) this.drop(page);
  }

  override checkInvariants(resident: number): void {
    super.checkInvariants(resident);
    const { missing } = this;
    missing.checkInvariants();
    let pages = 0;
    for (let list = 0; list < missing.lists; list++)
      for (const page of missing.ids(list)) {
        assert(
          this.missingIn[page] === list,
          () => `page ${page} is missing in ${list}, not ${this.missingIn[page]}`,
        );
        pages++;
      }
    let told = 0;
    for (const list of this.missingIn) if (list !== NONE) told++;
    assert(told === pages, () => `${told} pages are told to be missing, ${pages} are in the lists`);
  }

  protected override saveOwn(): Json {
    return { missing: this.missing.save(), placed: this.placed };
  }

  protected override loadOwn(state: Json): void {
    const { missing, placed } = state as unknown as { missing: number[][]; placed: number };
    if (missing.length > this.missing.lists) this.missing.addLists(missing.length - this.missing.lists);
    this.missing.load(missing);
    for (const [list, pages] of missing.entries())
      for (const page of pages) this.setList(page as PageId, list);
    this.placed = placed;
  }

  protected override take(session: Session, page: PageId): PageId {
    if (!session.hasExited && !this.isStale(session, page)) this.remember(session, page);
    return super.take(session, page);
  }

  /** What was prefetched stands behind what is resident of the prompt, which begins behind what has left it; the far end comes first. */
  protected override enter(list: number, page: PageId): void {
    const { lists, caller, placed } = this;
    if (!this.isPrefetch) {
      super.enter(list, page);
      return;
    }
    this.placed = page;
    if (placed > 0) {
      lists.insertAfter(list, placed, page);
      return;
    }
    let first = lists.head(list);
    while (first > 0 && this.isStale(caller, first as PageId)) first = lists.next(first);
    if (first > 0) lists.insertBefore(list, first, page);
    else lists.pushBack(list, page);
  }

  /** As the front of what its session misses. */
  private remember({ list, user }: Session, page: PageId): void {
    this.drop(page);
    if (user === 0) return;
    while (list >= this.missing.lists) this.missing.addLists(this.missing.lists);
    this.setList(page, list);
    this.missing.pushFront(list, page);
  }

  private listOfMissing(page: PageId): number {
    return this.missingIn[page] ?? NONE;
  }

  private setList(page: PageId, list: number): void {
    const { length } = this.missingIn;
    if (page >= length) {
      const rows = rowsFor(page, length);
      this.missingIn = moved(this.missingIn, new Int32Array(rows).fill(NONE, length));
    }
    this.missingIn[page] = list;
  }

  private drop(page: PageId): void {
    const list = this.listOfMissing(page);
    if (list === NONE) return;
    this.missing.remove(list, page);
    this.missingIn[page] = NONE;
  }

  private clear(list: number): void {
    if (list >= this.missing.lists) return;
    for (const page of this.missing.ids(list)) this.drop(page as PageId);
  }
}
