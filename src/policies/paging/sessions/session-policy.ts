/**
 * What the policies on sessions have in common: pages are kept by the process that used them last, a session, and a load evicts from the session that is
 * worth least, the far end of its prompt first, until enough is gone or the next session is worth less. What a policy has to say is what a session is
 * worth; and, where calls can do without (a cache), from which worth on the others stay and the caller goes without.
 *
 * Before any of that leaves what nobody needs: pages that have left the prompt of the session they belonged to (it was cut back), those of sessions that
 * have ended, and those whose user nobody told; of these the least recently used first.
 *
 * A page that several sessions use belongs to the one that used it last. Where only leaves may leave, it stays until no session keeps anything behind it.
 * Cost: O(1) for each page that is told or evicted; O(sessions) to begin a load, and once for each session that it empties.
 */
import { assert } from '../../../base/assert.ts';
import { LinkedLists } from '../../../base/linked-lists.ts';
import type { PagingContext, PagingPolicy } from '../../../kernel/contracts.ts';
import type { Json, PageId, Pid } from '../../../kernel/ids.ts';
import { moved, rowsFor } from '../../columns.ts';
import { Candidates } from './candidates.ts';
import { Session } from './session.ts';
import { NOBODY, SessionTable, type SessionTableState } from './session-table.ts';

/** The state of a policy, plain data. `own`: what it has learned. */
interface SessionPolicyState extends SessionTableState {
  readonly nowUs: number;
  /** [list] the number of the call that used each page last, and the page, in order. */
  readonly pages: readonly (readonly (readonly [page: number, call: number])[])[];
  /** List of the caller. */
  readonly caller: number;
  readonly isPrefetch: boolean;
  readonly own: Json;
}

/** Worth of what nobody needs. */
const NOTHING = -Infinity;

export abstract class SessionPolicy<Own extends Session = Session> implements PagingPolicy {
  abstract readonly name: string;
  protected readonly context: PagingContext;
  /** Time of what was told last, µs. */
  protected nowUs = 0;
  protected readonly lists: LinkedLists;
  private listOf: Int32Array; // [page]
  private callOf: Int32Array; // [page] the number of its session's call that used it last
  protected readonly sessions: SessionTable<Own>;
  protected caller: Session;
  /** What is told is for a prefetch of the caller's prompt: for that, nothing leaves that is worth as much. */
  protected isPrefetch = false;
  /** Of the load under way. */
  private readonly candidates = new Candidates();
  private limit = Infinity;
  private besideVictim = 0;

  constructor(context: PagingContext) {
    this.context = context;
    const { largestPage } = context;
    this.lists = new LinkedLists(1, largestPage);
    const rows = rowsFor(largestPage ?? 0, 0);
    this.listOf = new Int32Array(rows);
    this.callOf = new Int32Array(rows);
    this.caller = new Session(0, NOBODY);
    this.sessions = new SessionTable(this.caller, (user, list) => this.create(user, list));
  }

  /** What keeping the session's prompt is worth now; the lowest leaves first, of equals the least recently used. It is idle; its user is known. */
  protected abstract worth(session: Own): number;

  /** `caller` begins a call: sessions worth this or more stay, where a call can do without room. */
  protected limitFor(_caller: Own): number {
    return Infinity;
  }

  /** What a policy learns from: a call begins `gapUs` after the one before it ended; -1: it is the first. The session's fields still tell of the gap. */
  protected began(_session: Own, _gapUs: number): void {}
  protected ended(_session: Own): void {}
  /** Told once, if at all, between `ended` and `began`. */
  protected paused(_session: Own): void {}
  protected gone(_session: Own): void {}

  /** Its own kind of session. */
  protected create(user: Pid, list: number): Own {
    return new Session(user, list) as Own;
  }

  // ---- What the owner of the memory tells ----------------------------------------------------------------------------

  usedBy(user: Pid, isCall: boolean, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.of(user) ?? this.open(user);
    this.caller = session;
    this.isPrefetch = false;
    if (!isCall) return;
    this.began(session, session.calls === 0 ? -1 : Math.max(0, nowUs - session.idleSinceUs));
    session.calls++;
    session.isRunning = true;
    session.beganUs = nowUs;
    session.waitsOn = session.pausedFor = '';
    session.tokens = 0;
  }

  ends(user: Pid, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.of(user);
    if (session === undefined) return;
    session.isRunning = false;
    session.endedUs = nowUs;
    session.waitsOn = session.pausedFor = '';
    this.ended(session);
  }

  waits(user: Pid, on: string, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.of(user);
    if (session === undefined) return;
    session.waitsOn = on;
    const isFirst = session.pausedFor === '' && session.calls > 0 && !session.isRunning;
    if (on === 'core' || !isFirst) return;
    session.pausedFor = on;
    this.paused(session);
  }

  exited(user: Pid, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.of(user);
    if (session === undefined) return;
    this.sessions.end(user);
    this.gone(session);
    session.isRunning = false;
    session.hasExited = true;
    if (this.caller === session) this.caller = this.sessions.nobody;
    this.closeIfEmpty(session);
  }

  admit(page: PageId, nowUs: number): boolean {
    this.nowUs = nowUs;
    if (page >= this.listOf.length) this.grow(page);
    const { list, calls } = this.caller;
    this.enter(list, page);
    this.listOf[page] = list;
    this.callOf[page] = calls;
    this.caller.tokens += this.context.pages.size(page);
    return true;
  }

  touch(page: PageId, nowUs: number): void {
    this.nowUs = nowUs;
    const { list, calls } = this.caller;
    const before = this.listOf[page]!;
    const isNew = before !== list || this.callOf[page] !== calls;
    if (before === list) this.lists.moveToBack(list, page);
    else {
      this.leave(page);
      this.lists.pushBack(list, page);
      this.listOf[page] = list;
    }
    this.callOf[page] = calls;
    if (isNew) this.caller.tokens += this.context.pages.size(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    if (!isContinued) this.startLoad();
    for (;;) {
      const session = this.candidates.lowest();
      if (session === undefined) return this.mayDecline ? undefined : this.last(eligible);
      const page = this.nextEligible(session, eligible);
      const isStale = page !== undefined && this.isStale(session, page);
      // What a running call pins begins where that which has left its prompt ends.
      if (page === undefined || (session.isRunning && !isStale)) {
        this.candidates.remove(session);
        continue;
      }
      // What nobody needs is a queue over all sessions; then its session has a worth.
      const isNext = session.worth !== NOTHING || session.lastUseUs === this.context.pages.lastAccessUs(page);
      if (session.isStale !== isStale || !isNext) {
        this.value(session, page);
        continue;
      }
      if (this.mayDecline && session.worth >= this.limit) return undefined;
      return this.take(session, page);
    }
  }

  remove(page: PageId): void {
    this.leave(page);
  }

  changed(page: PageId): void {
    const session = this.sessions.byList[this.listOf[page]!]!;
    session.cursor = 0;
    if (!session.isCandidate) this.nominate(session);
  }

  putBack(page: PageId): void {
    const list = this.listOf[page]!;
    if (this.besideVictim <= 0) this.lists.pushFront(list, page);
    else this.lists.insertAfter(list, this.besideVictim, page);
    this.sessions.byList[list]!.cursor = page;
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (part >= this.listOf.length) this.grow(part);
    const list = this.listOf[page]!;
    if (colder) this.lists.insertBefore(list, page, part);
    else this.lists.insertAfter(list, page, part);
    this.listOf[part] = list;
    this.callOf[part] = this.callOf[page]!;
    this.sessions.byList[list]!.cursor = 0;
  }

  checkInvariants(resident: number): void {
    this.lists.checkInvariants();
    let pages = 0;
    for (let list = 0; list < this.lists.lists; list++) {
      pages += this.lists.size(list);
      for (const page of this.lists.ids(list))
        assert(this.listOf[page] === list, () => `page ${page} is in list ${list}, not ${this.listOf[page]}`);
    }
    assert(pages === resident, () => `${pages} pages in the lists, ${resident} resident`);
  }

  /** Between two loads. */
  save(): Json {
    const { nowUs, lists, callOf, sessions, caller, isPrefetch } = this;
    const state: SessionPolicyState = {
      nowUs,
      pages: sessions.byList.map((_, list) =>
        [...lists.ids(list)].map((page) => [page, callOf[page]!] as const),
      ),
      ...sessions.save(),
      caller: caller.list,
      isPrefetch,
      own: this.saveOwn(),
    };
    return state as unknown as Json;
  }

  /** The pages' figures must be in place. */
  load(saved: Json): void {
    const { lists, sessions } = this;
    assert(lists.size(NOBODY) === 0, 'load into a policy that is in use');
    const state = saved as unknown as SessionPolicyState;
    this.nowUs = state.nowUs;
    if (state.pages.length > lists.lists) lists.addLists(state.pages.length - lists.lists);
    sessions.load(state, state.pages.length);
    for (const [list, pages] of state.pages.entries())
      for (const [page, call] of pages) {
        if (page >= this.listOf.length) this.grow(page as PageId);
        lists.pushBack(list, page);
        this.listOf[page] = list;
        this.callOf[page] = call;
      }
    this.caller = sessions.byList[state.caller]!;
    this.isPrefetch = state.isPrefetch;
    this.loadOwn(state.own);
  }

  /** What the policy knows beside its sessions. */
  protected saveOwn(): Json {
    return null;
  }
  protected loadOwn(_state: Json): void {}

  /** Its place in the list of the caller, when it is loaded. */
  protected enter(list: number, page: PageId): void {
    this.lists.pushBack(list, page);
  }

  protected take(session: Session, page: PageId): PageId {
    this.besideVictim = this.lists.previous(page);
    session.cursor = Math.max(0, this.lists.next(page));
    this.lists.remove(session.list, page);
    return page;
  }

  /** Where something must leave, and nothing else can: pages of running calls that their owner does not pin. */
  private last(eligible: (page: PageId) => boolean): PageId | undefined {
    for (const session of this.sessions.byList) {
      if (session === undefined) continue;
      session.cursor = 0;
      const page = this.nextEligible(session, eligible);
      if (page !== undefined) return this.take(session, page);
    }
    return undefined;
  }

  // ---- A load --------------------------------------------------------------------------------------------------------

  private startLoad(): void {
    this.candidates.clear();
    for (const session of this.sessions.byList) {
      if (session === undefined) continue;
      if (this.lists.size(session.list) > 0) this.nominate(session);
      else if (session.hasExited) this.closeIfEmpty(session);
    }
    if (this.isPrefetch) this.limit = this.worthOf(this.caller);
    else this.limit = this.caller.user === 0 ? Infinity : this.limitFor(this.caller as Own);
  }

  private nominate(session: Session): void {
    session.cursor = 0;
    this.candidates.add(session);
    this.value(session, this.lists.head(session.list) as PageId);
  }

  /** From its page `first` on. */
  private value(session: Session, first: PageId): void {
    session.isStale = this.isStale(session, first);
    session.worth = session.isStale || session.isRunning ? NOTHING : this.worthOf(session);
    session.lastUseUs = this.context.pages.lastAccessUs(first);
    this.candidates.valued();
  }

  private nextEligible(session: Session, eligible: (page: PageId) => boolean): PageId | undefined {
    let id = session.cursor > 0 ? session.cursor : this.lists.head(session.list);
    while (id > 0 && !eligible(id as PageId)) id = this.lists.next(id);
    session.cursor = Math.max(0, id);
    return id > 0 ? (id as PageId) : undefined;
  }

  protected worthOf(session: Session): number {
    if (session.user === 0 || session.hasExited) return NOTHING;
    const worth = this.worth(session as Own);
    assert(worth === worth, () => `${this.name}: the worth of process ${session.user} is no number`);
    return worth;
  }

  /** It has left its session's prompt. */
  protected isStale({ calls }: Session, page: PageId): boolean {
    return this.callOf[page] !== calls;
  }

  private get mayDecline(): boolean {
    return this.isPrefetch || this.context.canDecline === true;
  }

  // ---- Columns -------------------------------------------------------------------------------------------------------

  private open(user: Pid): Own {
    const session = this.sessions.open(user);
    if (session.list >= this.lists.lists) this.lists.addLists(this.lists.lists);
    return session;
  }

  private closeIfEmpty(session: Session): void {
    if (this.lists.size(session.list) === 0) this.sessions.close(session);
  }

  /** The page leaves its list, and a load under way does not stumble over it. */
  private leave(page: PageId): void {
    const list = this.listOf[page] ?? NOBODY;
    this.lists.remove(list, page);
    const session = this.sessions.byList[list]!;
    if (session.cursor === page) session.cursor = 0;
  }

  private grow(page: PageId): void {
    const rows = rowsFor(page, this.listOf.length);
    this.listOf = moved(this.listOf, new Int32Array(rows));
    this.callOf = moved(this.callOf, new Int32Array(rows));
  }
}
