/**
 * Replays the calls of recorded sessions, at their recorded times, on the kernel's context memory in `prefix` residency, as a cache beside the memory that
 * running calls have of their own: no call is ever delayed.
 *
 * A call's pages are pinned from its start until its recorded duration is over, at the latest until the next call of its chain, since a chain has one context. What
 * a call misses is loaded from the front of its context on, as far as there is room beside pinned pages and beside what the policy prefers to keep; the
 * rest of it is not kept (a bypass). Nobody tells the policy that a session has ended: a person may always come back.
 *
 * Where the engine has a slower tier, that keeps all that was computed, and a policy that prefetches is asked what to bring back before it is asked for: by one transfer at a
 * time, whose content is there when it is over, and not before. What a call still misses is prefilled.
 */
import { rngFor } from '../../base/rng.ts';
import type { CreatePagingPolicy, PlanView } from '../../kernel/contracts.ts';
import type { EngineOptions } from '../../kernel/engine-options.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { Admission } from '../../kernel/memory/memory-options.ts';
import { ContextMemory } from '../../kernel/memory/context-memory.ts';
import { PageTable } from '../../kernel/memory/page-table.ts';
import type { Prompt } from '../../kernel/memory/prompt-examiner.ts';
import { TierLink } from '../../kernel/memory/tier-link.ts';
import { importanceDefaults } from '../../kernel/options.ts';
import { EventClass, EventQueue } from '../event-queue.ts';
import { noCounts, type SessionCounts } from './session-counts.ts';
import type { RecordedCall, RecordedChain } from './session-trace.ts';

/** A chain that begins at `startUs` of the replay. */
export interface PlacedChain {
  readonly chain: RecordedChain;
  readonly startUs: number;
  /** An integer from 2. Chains of the same one share contents. */
  readonly space: number;
  /** Chains of the same one (the agents of a session) are steps of one workflow. */
  readonly workflow: number;
}

export interface SessionReplayOptions {
  readonly paging: CreatePagingPolicy;
  /** `leaf`: prefixes leave from their ends. `any`: the policy may punch holes. */
  readonly victims: 'leaf' | 'any';
  readonly memoryTokens: number;
  readonly blockTokens: number;
  /** What the policy's chance is derived from. */
  readonly seed: number;
  /** Calls from here on don't take place, µs. */
  readonly endUs: number;
  /** `recorded`: a call pins its pages for as long as it took; `instant`: only while they are loaded. */
  readonly calls: 'recorded' | 'instant';
  /** Duration of a call where none is recorded, µs. */
  readonly unknownDurationUs: number;
  /** `may`: the policy can prefer what is there to what comes; `must`: what comes is always loaded, as far as it fits beside pinned pages. */
  readonly admission: Admission;
  /** `known`: the policy may ask in which order the chains of a workflow are called, though not when. */
  readonly workflows: 'unknown' | 'known';
  readonly engine: EngineOptions;
}

interface Run {
  readonly pid: Pid;
  readonly placed: PlacedChain;
  readonly table: PageTable;
  /** Of the next call. */
  next: number;
  /** The end of the running call; -1: none runs. */
  endEvent: number;
}

type Happening = { readonly kind: 'begin' | 'end'; readonly run: Run } | { readonly kind: 'transferred' };

export class SessionReplay {
  readonly memory: ContextMemory;
  private readonly options: SessionReplayOptions;
  private readonly runs: readonly Run[];
  private readonly events = new EventQueue<Happening>();
  /** Undefined: nothing is prefetched. */
  private readonly link: TierLink | undefined;
  private readonly tally = noCounts();

  /** Throws what the policy throws when it cannot run (KernelError INVALID_ARGUMENT). */
  constructor(chains: readonly PlacedChain[], options: SessionReplayOptions) {
    this.options = options;
    const { tally } = this;
    const { paging, victims, memoryTokens, seed, engine, admission } = options;
    this.runs = chains.map((placed, index) => ({
      pid: (index + 1) as Pid,
      placed,
      table: new PageTable(),
      next: 0,
      endEvent: -1,
    }));
    this.memory = new ContextMemory(
      {
        capacity: memoryTokens,
        residency: 'prefix',
        victims,
        paging,
        rng: rngFor(seed, 'paging'),
        isCache: true,
        admission,
        costs: engine,
        plan: this.planView(),
      },
      {
        faulted: () => {},
        loaded: () => {},
        prefetched: () => {},
        freed: () => {},
        evicted: (_page, pages) => void (tally.evictedBlocks += pages),
      },
    );
    const isPrefetching = engine.loadTokensPerSecond > 0 && this.memory.policy.prefetch !== undefined;
    this.link = isPrefetching ? new TierLink(this.memory, engine) : undefined;
  }

  private planView(): PlanView {
    const nextCallUs = (user: Pid): number => this.nextCallUs(this.runs[user - 1]!);
    if (this.options.workflows === 'unknown') return { nextCallUs };
    return { nextCallUs, stepsToCall: (user) => this.stepsToCall(this.runs[user - 1]!) };
  }

  /** Calls of its workflow that come before the next one of `run`, itself included. */
  private stepsToCall(run: Run): number {
    const untilUs = this.nextCallUs(run);
    if (untilUs === Infinity) return Infinity;
    let steps = 1;
    for (const { placed, next } of this.runs) {
      if (placed.workflow !== run.placed.workflow || placed === run.placed) continue;
      for (let at = next; at < placed.chain.calls.length; at++)
        if (placed.startUs + placed.chain.calls[at]!.startUs < untilUs) steps++;
    }
    return steps;
  }

  get counts(): SessionCounts {
    return { ...this.tally };
  }

  /** Every call until the end. `onCall` is told of each, with what it found in memory; the latter is reused. */
  run(onCall?: (chain: number, call: RecordedCall, nowUs: number, prompt: Prompt) => void): void {
    for (const run of this.runs) this.scheduleNext(run);
    for (;;) {
      const { nextUs } = this.events;
      const happening = this.events.take();
      if (happening === undefined) return;
      if (happening.kind === 'transferred') {
        const { loadedTokens } = this.link!.end(nextUs);
        this.tally.prefetchedBlocks += loadedTokens / this.options.blockTokens;
      } else {
        const { run, kind } = happening;
        this.link?.callsChanged();
        if (kind === 'end') {
          this.end(run, nextUs);
          const { pause } = run.placed.chain.calls[run.next - 1]!;
          if (pause !== 'unknown') this.memory.policy.waits?.(run.pid, pause, nextUs);
        } else {
          const call = run.placed.chain.calls[run.next]!;
          const prompt = this.begin(run, call, nextUs);
          onCall?.(run.pid - 1, call, nextUs, prompt);
          this.scheduleNext(run);
        }
      }
      // When all of this instant has taken place.
      if (this.events.nextUs > nextUs) this.beginTransfer(nextUs);
    }
  }

  /** The slower tier sends what the policy wants most, as long as anything is still to come. */
  private beginTransfer(nowUs: number): void {
    const { link, events } = this;
    if (link === undefined || !link.mayBegin || events.size === 0) return;
    const endUs = link.begin(nowUs);
    if (endUs !== undefined) events.schedule(endUs, EventClass.completion, { kind: 'transferred' });
  }

  private begin(run: Run, call: RecordedCall, nowUs: number): Prompt {
    const { memory, tally } = this;
    const { table, pid } = run;
    if (run.endEvent >= 0) {
      this.events.cancel(run.endEvent);
      this.end(run, nowUs);
    }
    this.changeContext(run, call);
    // What is to come begins behind this call.
    run.next++;
    const prompt = memory.beginCached(table, pid, nowUs);
    const { blockTokens } = this.options;
    const cached = prompt.cachedTokens / blockTokens;
    const hit = Math.min(cached, call.keep);
    tally.calls++;
    tally.contextBlocks += call.blocks;
    tally.cachedBlocks += cached;
    tally.hitBlocks += hit;
    tally.usefulPrefetchedBlocks += prompt.prefetchedTokens / blockTokens;
    tally.repeatedBlocks += call.keep - hit;
    tally.tokensIn += call.tokensIn;
    tally.tokensOut += call.tokensOut;
    const bypassed = missingBlocks(table);
    if (bypassed > 0) tally.bypassedCalls++;
    tally.bypassedBlocks += bypassed;
    const endUs = nowUs + this.durationUs(call);
    run.endEvent = this.events.schedule(endUs, EventClass.completion, { kind: 'end', run });
    return prompt;
  }

  private durationUs({ durationUs }: RecordedCall): number {
    const { calls, unknownDurationUs } = this.options;
    return calls === 'instant' ? 0 : (durationUs ?? unknownDurationUs);
  }

  private end(run: Run, nowUs: number): void {
    run.endEvent = -1;
    this.memory.end(run.table, nowUs);
  }

  private changeContext({ table, placed }: Run, { keep, runs }: RecordedCall): void {
    const { memory } = this;
    const { blockTokens: tokensEach } = this.options;
    const { space, chain } = placed;
    memory.truncate(table, keep);
    for (const [first, count] of runs) {
      const system = Math.max(0, Math.min(count, chain.systemBlocks - table.pages));
      if (system > 0)
        memory.append(table, { space, first, count: system, tokensEach }, importanceDefaults.system, false);
      if (system < count) {
        const rest = { space, first: first + system, count: count - system, tokensEach };
        memory.append(table, rest, importanceDefaults.page, false);
      }
    }
  }

  private scheduleNext(run: Run): void {
    const atUs = this.nextCallUs(run);
    if (atUs < Infinity) this.events.schedule(atUs, EventClass.arrival, { kind: 'begin', run });
  }

  /** Infinity: there is none, or it would come after the end. */
  private nextCallUs({ placed, next }: Run): number {
    const call = placed.chain.calls[next];
    if (call === undefined) return Infinity;
    const atUs = placed.startUs + call.startUs;
    return atUs < this.options.endUs ? atUs : Infinity;
  }
}

function missingBlocks({ entries }: PageTable): number {
  let blocks = 0;
  for (const { extent } of entries) blocks += extent.count - extent.residentPages;
  return blocks;
}
