/**
 * The policy contracts: three families of answers to "which one next?". A policy decides order only; the kernel owns
 * process state, residency, time, budgets and the acts of preempting, evicting and suspending, and checks every answer.
 * A policy without save/load is restored cold, and the run says so.
 */
import type { Rng } from '../base/rng.ts';
import type { EngineOptions } from './engine-options.ts';
import type { CoreId, Json, PageId, Pid } from './ids.ts';
import type { WaitReason } from './process-state.ts';

// ---- Scheduling ----------------------------------------------------------------------------------------------------

/** What a scheduling policy may know of processes. All answers are for `pid` as it is now. */
export interface ProcessView {
  /** 0 to 100, smaller runs first. Its own, or that of a more urgent one that waits for a lock of it (`reprioritized`). */
  priority(pid: Pid): number;
  name(pid: Pid): string;
  /** The process that started it, for good; 0: a root process, or one whose parent had ended before a crash. */
  parent(pid: Pid): Pid | 0;
  /** Its run, a root process and all its descendants, as a small integer from 0. */
  run(pid: Pid): number;
  /** Whose service its calls count as, as a small integer from 0: the client that it names; else its budget node, where there is more than one; else its run. */
  client(pid: Pid): number;
  /** Shares that it asks for; 100 when it says nothing. */
  tickets(pid: Pid): number;
  /** 1 when it says nothing. */
  weight(pid: Pid): number;
  /** The instant by which it should have ended, µs; Infinity: no deadline. */
  deadlineUs(pid: Pid): number;
  /** When it was started, µs. */
  spawnedUs(pid: Pid): number;
  /** Core time that it was said to take in all, its descendants' included, µs; NaN: nobody said. */
  expectedCoreUs(pid: Pid): number;
  /** Context memory times time that its calls were said to take, its descendants' included, token-seconds; NaN: nobody said. */
  expectedTokenSeconds(pid: Pid): number;
  /** The nearest budget node with an hourly token limit, as a small integer; -1 when there is none. */
  quotaNode(pid: Pid): number;
  /** What `pid` has used of that limit in the current window, 0 to 1 and beyond; 0 when there is none. */
  quotaShare(pid: Pid, nowUs: number): number;
  /** When that window rolls, µs; Infinity when there is none. */
  quotaRollsUs(pid: Pid, nowUs: number): number;
  /** µs on a core so far, up to its last dispatch. */
  coreUs(pid: Pid): number;
  /** From when on the stretch of `pid` counts as use of its slice, µs: when its core has switched to it and what was evicted of its context is back, at the latest; 0: it does not run. */
  sliceBeginsUs(pid: Pid): number;
  /** Whether it has terminated. */
  hasEnded(pid: Pid): boolean;

  // Of the call that it asks for or that runs; 0 when there is none.

  /**
   * The core time of the whole call if it runs alone and finds what it used before: in virtual time as recorded or scripted (so that a policy that
   * reads it is clairvoyant), live the longest that its answer can take. µs.
   */
  burstUs(pid: Pid): number;
  /** What is left of that, the stretch under way counted up to now, µs; at least 0. */
  burstLeftUs(pid: Pid, nowUs: number): number;
  /** Whether it has had a core: it was stopped (for a better one, by a signal, by load control), however long ago, and goes on. Else the process was let on anew. */
  isUnderWay(pid: Pid): boolean;
  /** Tokens of its prompt. */
  promptTokens(pid: Pid): number;
  /** Tokens of its longest answer. */
  maxOutputTokens(pid: Pid): number;
}

export interface SchedulingContext {
  /** Number of cores: of the engine, or of all that share the queue. */
  readonly capacity: number;
  readonly unit: 'cores';
  /** Context memory of these engines, tokens. */
  readonly memoryTokens: number;
  readonly rng: Rng;
  readonly processes: ProcessView;
}

/** What a stretch on a core used. */
export interface Charge {
  readonly coreUs: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
}

export interface SchedulingPolicy {
  readonly name: string;
  /**
   * `pid` is ready since `sinceUs`, mostly now: a process that was picked and could not start keeps its place. It had to wait for memory (`waiting`, then `ready` since
   * the same instant as before, and no charge in between), or is put back at once (one queue of several engines: the same without `waiting`). The kernel never announces a pid that is
   * already ready. False says that it does not stand first, so that no preemption
   * is due any earlier than before; a policy that says nothing is asked about every running process.
   */
  ready(pid: Pid, sinceUs: number): boolean | void;
  /** Chooses, removes and returns the next pid to run on `core`; undefined when none is ready. */
  pick(core: CoreId, nowUs: number): Pid | undefined;
  /**
   * `pid`, not yet terminated, used a core. After a crash, as soon as it has been ready: what it used in its lives before; after it came from another engine with a policy of its
   * own: what it used there.
   */
  charge?(pid: Pid, charge: Charge, nowUs: number): void;
  /** `pid` left its core, or the ready queue, to wait, to be suspended or for another engine: it must not be picked until it is ready again. */
  waiting(pid: Pid, nowUs: number): void;
  /** `pid` terminated. It may still be queued as ready. */
  exited(pid: Pid, nowUs: number): void;
  /** The last process of this run terminated, on whatever engine: what is kept of the run is of no use any more. */
  runEnded?(run: number, nowUs: number): void;
  /**
   * The priority of `pid`, which is queued or on a core, has changed: it inherits that of one who waits for its lock, or does so no longer. For policies that
   * order by it; a place in time is kept. Without it, what is inherited counts when `pid` is ready next.
   */
  reprioritized?(pid: Pid, nowUs: number): void;
  /**
   * The instant, in µs, from which running `pid` must make way for what is ready now: `nowUs` or less for at once, Infinity
   * (the default) for not before its slice ends. Asked when `pid` is dispatched, when a process became ready, and at the instant last given.
   */
  shouldPreempt?(pid: Pid, nowUs: number): number;
  /** Longest run of `pid` before another ready process gets the core, µs; Infinity: until it waits. */
  slice(pid: Pid): number;
  /** Why `pid` stands where it stands, in one line for people. */
  explain?(pid: Pid, nowUs: number): string;
  save?(): Json;
  load?(state: Json): void;
}

export type CreateSchedulingPolicy = (context: SchedulingContext) => SchedulingPolicy;

// ---- Paging --------------------------------------------------------------------------------------------------------

/** What a paging policy may know of a page; the owner of the memory keeps these figures, so that a policy can't err in them. */
export interface PageView {
  /** In the memory's unit; of one that is not resident, what it would take. */
  size(page: PageId): number;
  /** 0 to 1: the highest among all who use it. */
  importance(page: PageId): number;
  /** Times touched since it was first used. */
  accesses(page: PageId): number;
  lastAccessUs(page: PageId): number;
  /** Rises with the age of the page's creation: the tie-break "lowest page id". */
  order(page: PageId): number;
  /** Tokens that stand before it in its prefix; absent where pages stand alone. */
  before?(page: PageId): number;
}

/** What is still to come, where it is known: in the replay of a recorded trace. For clairvoyant policies. */
export interface FutureView {
  /** Number of the next reference to `page` after the present one, an integer; `NEVER_USED` when there is none. */
  nextUse(page: PageId): number;
  /** The page of the reference with this number. */
  pageAt(reference: number): PageId;
}

/** The next use of a page that is not used again: above every number of a reference. */
export const NEVER_USED = 0x7fff_ffff;

/** What is known of the calls to come, where anything is: of a recorded run all, of a workflow the order of its steps. */
export interface PlanView {
  /** When `user` begins its next call, µs; Infinity: never. */
  nextCallUs?(user: Pid): number;
  /** Steps of its workflow until `user` calls: 0: it asks for its call, or the call runs; 1: it calls next, whenever that is; Infinity: never. */
  stepsToCall?(user: Pid): number;
}

/** What a prefill costs on the engine that the memory belongs to. */
export type EngineCosts = Pick<
  EngineOptions,
  'prefillTokensPerSecond' | 'loadTokensPerSecond' | 'loadLatencyUs' | 'prices'
>;

export interface PagingContext {
  /** In `unit`. */
  readonly capacity: number;
  readonly unit: 'pages' | 'size' | 'tokens';
  readonly rng: Rng;
  readonly pages: PageView;
  /** Page ids are 1 to this one, where that is known beforehand: columns by page need not grow. */
  readonly largestPage?: PageId;
  readonly future?: FutureView;
  readonly plan?: PlanView;
  readonly costs?: EngineCosts;
  /** Calls run on memory of their own, and this one is a cache beside it: a policy may decline to evict. */
  readonly canDecline?: boolean;
}

export interface PagingPolicy {
  readonly name: string;
  /**
   * `page` is needed and not resident: told before room is made for it, for policies whose victim depends on who comes. Its admit follows; where
   * several pages are loaded at once, first the misses of all. False: admit would refuse it. Where a page can be used without being resident (in
   * the replay of references, in a cache), nothing leaves for it then, and it is not admitted; in a cache nor is what it is given no room for.
   */
  miss?(page: PageId, nowUs: number): boolean | void;
  /** `page` is being loaded. False: don't keep it (it is used once and leaves; the policy has forgotten it). */
  admit(page: PageId, nowUs: number): boolean;
  /** Resident `page` was used. Pages used at one moment are told one by one, in the order that makes the tail of a prefix colder. */
  touch(page: PageId, nowUs: number): void;
  /**
   * Chooses and forgets the next victim among the eligible; `need` is what still has to leave, in the memory's unit. Undefined when
   * none is eligible, or, if `canDecline`, to keep the others rather than what comes. Called repeatedly until the load fits or the policy declines. A
   * page that is not eligible (pinned, or with others behind it) never leaves.
   * `isContinued`: since the last evict, for the same load, eligibility changed only as `changed` told, so that what was found not eligible then need
   * not be looked at again. A policy may ignore it.
   */
  evict(need: number, eligible: (page: PageId) => boolean, isContinued?: boolean): PageId | undefined;
  /**
   * A page, eligible, that the policy gives up although nothing needs its room (a segment over its limit); it has forgotten it, as after evict.
   * Asked when pages have been touched, until undefined.
   */
  shed?(eligible: (page: PageId) => boolean): PageId | undefined;
  /** `page` left for another reason (freed). It is resident. */
  remove(page: PageId): void;
  /** What `page` stood for is known no longer, and its id may stand for another content from now on: a ghost list lets it go. It is not resident. */
  forget?(page: PageId): void;
  /** Importance or accesses of resident `page` changed other than by a touch, or an eviction made it eligible. For policies that depend on them. */
  changed?(page: PageId): void;
  /**
   * Undoes the last evict for what is left of its extent: `page` goes back to the very place it had. Nothing else is told in between. With `split`, this lets the kernel
   * treat pages touched together as one extent; without the two it announces every page singly, with the same result.
   */
  putBack?(page: PageId): void;
  /** The extent `page` fell in two: `part`, which is its tail, takes the place beside it, colder if `colder`. */
  split?(page: PageId, part: PageId, colder: boolean): void;
  /**
   * As `split`, where nothing of `part` is resident: for policies that remember pages that are not in memory. `isWhole`: what is left of `page` is; else something
   * of it is missing, too.
   */
  splitMissing?(page: PageId, part: PageId, isWhole: boolean): void;
  /**
   * Pages worth loading before they are asked for, best first; with a page comes what is missing of all before it. Each was computed before, and it or something before
   * it is not resident. Asked in `prefix` residency where the engine has a slower tier, when a call began or ended on it and when a transfer is over; the first is
   * loaded, then it is asked again, until it wants nothing, makes no room for what came, or as much has been moved since that call as the memory holds.
   */
  prefetch?(nowUs: number): readonly PageId[];
  /**
   * The transfer for a prefetch of `page` is over: what is told next (misses, loads) is for it, until the next use is told. Evict may return undefined then, whatever
   * `canDecline` says, to keep the others; so what was a miss need not be admitted. It is not told where nothing is missing any more.
   */
  prefetching?(page: PageId, nowUs: number): void;

  // Of the processes that use the pages. A policy that hears of none of them still works: then nobody in particular uses what it is told of.

  /**
   * What is told next (misses, loads, touches) is of the prompt of `user`. `isCall`: of its whole prompt, and its call runs from now until `ends`; what
   * it had used before and does not use now has left its prompt. Else it is a use of a few pages outside of a call.
   */
  usedBy?(user: Pid, isCall: boolean, nowUs: number): void;
  /** The call of `user` ended or was stopped: it pins nothing any more. */
  ends?(user: Pid, nowUs: number): void;
  /** What `user` waits for now, as in `process.waiting`; beside these 'core': to be dispatched, and 'suspension'. */
  waits?(user: Pid, on: WaitReason, nowUs: number): void;
  /** `user` terminated, or went to another engine: what it used has left its prompt, too. */
  exited?(user: Pid, nowUs: number): void;

  /** Recounts from scratch: `resident` is how many pages it should hold. Throws AssertionError. */
  checkInvariants?(resident: number): void;
  save?(): Json;
  load?(state: Json): void;
}

export type CreatePagingPolicy = (context: PagingContext) => PagingPolicy;

// ---- Load control --------------------------------------------------------------------------------------------------

/** What a load-control policy may know of one engine's memory and of the processes that use it. */
export interface LoadView {
  /** Processes with a page table on this engine that are not suspended or terminated, in pid order. */
  processes(): Iterable<Pid>;
  /** Tokens of the process's pages that were used in the last `windowUs` (its working set), and of the call it asks for. */
  workingSet(pid: Pid, windowUs: number, nowUs: number): number;
  /** True while it holds or asks for a core on this engine. */
  active(pid: Pid): boolean;
  priority(pid: Pid): number;
  /** When a call of it last found less in memory than it had used before, µs; -1: never. */
  lastFaultUs(pid: Pid): number;
}

export interface LoadContext {
  /** Tokens of context memory. */
  readonly capacity: number;
  readonly unit: 'tokens';
  readonly rng: Rng;
  readonly load: LoadView;
}

export interface LoadControlPolicy {
  readonly name: string;
  /** May `pid`, chosen for a core, start its call now? It is kept out (waiting on memory) until this says yes. */
  mayStart(pid: Pid, nowUs: number): boolean;
  /** Whether `pid` was let on and keeps its place between its calls: then its next call does not queue behind those that are kept out. Absent: nobody does. */
  keepsPlace?(pid: Pid): boolean;
  /** A process to suspend now for lack of memory; the kernel continues it when mayStart allows. Undefined: none. */
  toSuspend(nowUs: number): Pid | undefined;
  /** When a refused process should be asked for again even if nothing happens, µs from now; Infinity: only when something does. */
  recheckUs(nowUs: number): number;
  save?(): Json;
  load?(state: Json): void;
}

export type CreateLoadControlPolicy = (context: LoadContext) => LoadControlPolicy;
