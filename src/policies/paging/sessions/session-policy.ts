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

/** One process, as far as its calls tell of it. Policies extend it by what they learn. */
export class Session {
  /** 0: nobody, to whom pages belong whose user was not told. */
  readonly user: Pid | 0;
  /** Its pages: first what has left its prompt, then its prompt from the far end on. */
  readonly list: number;
  calls = 0;
  isRunning = false;
  hasExited = false;
  /** When its last call began, and when it ended; while one runs, the one before it. */
  beganUs = 0;
  endedUs = 0;
  /** What it waits for now, and what it first waited for when its last call had ended; '' until told. */
  waitsOn = '';
  pausedFor = '';
  /** Of its prompt, what its last call left in memory. */
  tokens = 0;

  // While a load is under way.
  worth = 0;
  lastUseUs = 0;
  isCandidate = false;
  /** Its next victim has left its prompt. */
  isStale = false;
  /** The page to look at next; 0: the first. */
  cursor = 0;

  constructor(user: Pid | 0, list: number) {
    this.user = user;
    this.list = list;
  }

  /** Since when no call of it runs, µs. */
  get idleSinceUs(): number {
    return Math.max(this.beganUs, this.endedUs);
  }

  /** What is known of it between two loads. Whoever extends it adds what it adds. */
  save(): SessionState {
    const { user, list, calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens } = this;
    return { user, list, calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens };
  }

  /** `state`: of the same user and list. */
  load({ calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens }: SessionState): void {
    Object.assign(this, { calls, isRunning, hasExited, beganUs, endedUs, waitsOn, pausedFor, tokens });
  }
}

/** Plain data. */
export type SessionState = Pick<
  Session,
  | 'user'
  | 'list'
  | 'calls'
  | 'isRunning'
  | 'hasExited'
  | 'beganUs'
  | 'endedUs'
  | 'waitsOn'
  | 'pausedFor'
  | 'tokens'
>;

/** The state of a policy, plain data. `own`: what it has learned. */
interface SessionPolicyState {
  readonly nowUs: number;
  /** [list] the number of the call that used each page last, and the page, in order. */
  readonly pages: readonly (readonly (readonly [page: number, call: number])[])[];
  /** Nobody first, then in order of their beginning, then those that have ended. */
  readonly sessions: readonly SessionState[];
  readonly freeLists: readonly number[];
  /** List of the caller. */
  readonly caller: number;
  readonly isPrefetch: boolean;
  readonly own: Json;
}

/** Worth of what nobody needs. */
const NOTHING = -Infinity;
const NOBODY = 0;

export abstract class SessionPolicy<Own extends Session = Session> implements PagingPolicy {
  abstract readonly name: string;
  protected readonly context: PagingContext;
  /** Time of what was told last, µs. */
  protected nowUs = 0;
  protected readonly lists: LinkedLists;
  private listOf: Int32Array; // [page]
  private callOf: Int32Array; // [page] the number of its session's call that used it last
  private readonly sessions = new Map<Pid, Own>();
  /** [list] */
  protected readonly all: (Session | undefined)[];
  private readonly freeLists: number[] = [];
  protected caller: Session;
  /** What is told is for a prefetch of the caller's prompt: for that, nothing leaves that is worth as much. */
  protected isPrefetch = false;
  private candidates: Session[] = [];
  private lowest: Session | undefined = undefined;
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
    this.all = [this.caller];
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

  /** Undefined: nobody told of it, or it has ended. */
  protected sessionOf(user: Pid): Own | undefined {
    return this.sessions.get(user);
  }

  /** The sessions that have not ended. */
  protected live(): Iterable<Own> {
    return this.sessions.values();
  }

  // ---- What the owner of the memory tells ----------------------------------------------------------------------------

  usedBy(user: Pid, isCall: boolean, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.get(user) ?? this.open(user);
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
    const session = this.sessions.get(user);
    if (session === undefined) return;
    session.isRunning = false;
    session.endedUs = nowUs;
    session.waitsOn = session.pausedFor = '';
    this.ended(session);
  }

  waits(user: Pid, on: string, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.get(user);
    if (session === undefined) return;
    session.waitsOn = on;
    const isFirst = session.pausedFor === '' && session.calls > 0 && !session.isRunning;
    if (on === 'core' || !isFirst) return;
    session.pausedFor = on;
    this.paused(session);
  }

  exited(user: Pid, nowUs: number): void {
    this.nowUs = nowUs;
    const session = this.sessions.get(user);
    if (session === undefined) return;
    this.sessions.delete(user);
    this.gone(session);
    session.isRunning = false;
    session.hasExited = true;
    if (this.caller === session) this.caller = this.all[NOBODY]!;
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
      const session = (this.lowest ??= this.findLowest());
      if (session === undefined) return this.mayDecline ? undefined : this.last(eligible);
      const page = this.nextEligible(session, eligible);
      const isStale = page !== undefined && this.isStale(session, page);
      // What a running call pins begins where that which has left its prompt ends.
      if (page === undefined || (session.isRunning && !isStale)) {
        this.dismiss(session);
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
    const session = this.all[this.listOf[page]!]!;
    session.cursor = 0;
    if (!session.isCandidate) this.nominate(session);
  }

  putBack(page: PageId): void {
    const list = this.listOf[page]!;
    if (this.besideVictim <= 0) this.lists.pushFront(list, page);
    else this.lists.insertAfter(list, this.besideVictim, page);
    this.all[list]!.cursor = page;
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (part >= this.listOf.length) this.grow(part);
    const list = this.listOf[page]!;
    if (colder) this.lists.insertBefore(list, page, part);
    else this.lists.insertAfter(list, page, part);
    this.listOf[part] = list;
    this.callOf[part] = this.callOf[page]!;
    this.all[list]!.cursor = 0;
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
    const { nowUs, lists, callOf, all, freeLists, caller, isPrefetch } = this;
    const ended = all.filter((session) => session?.hasExited === true);
    const state: SessionPolicyState = {
      nowUs,
      pages: all.map((_, list) => [...lists.ids(list)].map((page) => [page, callOf[page]!] as const)),
      sessions: [all[NOBODY]!, ...this.sessions.values(), ...ended].map((session) => session!.save()),
      freeLists: [...freeLists],
      caller: caller.list,
      isPrefetch,
      own: this.saveOwn(),
    };
    return state as unknown as Json;
  }

  /** The pages' figures must be in place. */
  load(saved: Json): void {
    const { lists, all } = this;
    assert(all.length === 1 && lists.size(NOBODY) === 0, 'load into a policy that is in use');
    const state = saved as unknown as SessionPolicyState;
    this.nowUs = state.nowUs;
    if (state.pages.length > lists.lists) lists.addLists(state.pages.length - lists.lists);
    while (all.length < state.pages.length) all.push(undefined);
    for (const one of state.sessions) {
      const { user, list, hasExited } = one;
      const session = list === NOBODY ? all[NOBODY]! : this.create(user as Pid, list);
      session.load(one);
      all[list] = session;
      if (list !== NOBODY && !hasExited) this.sessions.set(user as Pid, session as Own);
    }
    for (const [list, pages] of state.pages.entries())
      for (const [page, call] of pages) {
        if (page >= this.listOf.length) this.grow(page as PageId);
        lists.pushBack(list, page);
        this.listOf[page] = list;
        this.callOf[page] = call;
      }
    this.freeLists.push(...state.freeLists);
    this.caller = all[state.caller]!;
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
    for (const session of this.all) {
      if (session === undefined) continue;
      session.cursor = 0;
      const page = this.nextEligible(session, eligible);
      if (page !== undefined) return this.take(session, page);
    }
    return undefined;
  }

  // ---- A load --------------------------------------------------------------------------------------------------------

  private startLoad(): void {
    for (const session of this.candidates) session.isCandidate = false;
    this.candidates = [];
    this.lowest = undefined;
    for (const session of this.all) {
      if (session === undefined) continue;
      if (this.lists.size(session.list) > 0) this.nominate(session);
      else if (session.hasExited) this.closeIfEmpty(session);
    }
    if (this.isPrefetch) this.limit = this.worthOf(this.caller);
    else this.limit = this.caller.user === 0 ? Infinity : this.limitFor(this.caller as Own);
  }

  private nominate(session: Session): void {
    session.cursor = 0;
    session.isCandidate = true;
    this.candidates.push(session);
    this.value(session, this.lists.head(session.list) as PageId);
  }

  /** From its page `first` on. */
  private value(session: Session, first: PageId): void {
    session.isStale = this.isStale(session, first);
    session.worth = session.isStale || session.isRunning ? NOTHING : this.worthOf(session);
    session.lastUseUs = this.context.pages.lastAccessUs(first);
    this.lowest = undefined;
  }

  private dismiss(session: Session): void {
    session.isCandidate = false;
    this.candidates.splice(this.candidates.indexOf(session), 1);
    this.lowest = undefined;
  }

  private findLowest(): Session | undefined {
    let lowest: Session | undefined;
    for (const session of this.candidates)
      if (lowest === undefined || isBefore(session, lowest)) lowest = session;
    return lowest;
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
    let list = this.freeLists.pop();
    if (list === undefined) {
      list = this.all.length;
      if (list >= this.lists.lists) this.lists.addLists(this.lists.lists);
    }
    const session = this.create(user, list);
    this.sessions.set(user, session);
    this.all[list] = session;
    return session;
  }

  private closeIfEmpty(session: Session): void {
    if (this.lists.size(session.list) > 0) return;
    this.all[session.list] = undefined;
    this.freeLists.push(session.list);
  }

  /** The page leaves its list, and a load under way does not stumble over it. */
  private leave(page: PageId): void {
    const list = this.listOf[page] ?? NOBODY;
    this.lists.remove(list, page);
    const session = this.all[list]!;
    if (session.cursor === page) session.cursor = 0;
  }

  private grow(page: PageId): void {
    const rows = rowsFor(page, this.listOf.length);
    this.listOf = moved(this.listOf, new Int32Array(rows));
    this.callOf = moved(this.callOf, new Int32Array(rows));
  }
}

function isBefore(a: Session, b: Session): boolean {
  if (a.worth !== b.worth) return a.worth < b.worth;
  if (a.lastUseUs !== b.lastUseUs) return a.lastUseUs < b.lastUseUs;
  return a.list < b.list;
}
