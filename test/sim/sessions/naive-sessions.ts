/**
 * The replay of sessions written down block by block: arrays, whole scans, a text for every prefix. It knows what is to come and what the sessions did, and leaves to a rule
 * what each of them is worth.
 */
import type { PlacedChain } from '../../../src/sim/sessions/session-replay.ts';
import type { RecordedCall } from '../../../src/sim/sessions/session-trace.ts';

/** What a rule may look at. */
export interface NaiveSession {
  readonly placed: PlacedChain;
  readonly index: number;
  calls: RecordedCall[];
  /** Its prompt: for each block the text of the prefix that it ends. */
  prompt: string[];
  ids: number[];
  isRunning: boolean;
  beganUs: number;
  endedUs: number;
  pause: string;
  /** Idle times, in order; and the durations of its calls. */
  pauses: number[];
  durations: number[];
  /** Blocks of its prompt that were resident after its last call began. */
  kept: number;
}

export interface NaiveRule {
  /** Of a session; the lowest leaves first. */
  worth(session: NaiveSession, nowUs: number, all: readonly NaiveSession[]): number;
  /** Sessions worth so much stay; default Infinity. */
  limit?(caller: NaiveSession, nowUs: number, all: readonly NaiveSession[]): number;
  /** Blocks are ordered by their own last use alone: `worth` is not asked. */
  readonly isLru?: boolean;
}

/** A slower tier, from which what the rule is worth most comes back, block by block. */
interface NaiveTier {
  readonly latencyUs: number;
  readonly blockUs: number;
}

interface Block {
  readonly text: string;
  readonly parent: string;
  /** Who used it last, in which of its calls, or whom it was prefetched for since; undefined: nobody. */
  readonly owner: NaiveSession | undefined;
  readonly call: number;
  readonly usedUs: number;
  /** Order of uses; the far end of a prompt is used first. */
  readonly used: number;
  isUnusedPrefetch: boolean;
}

export interface NaiveCall {
  readonly chain: number;
  readonly cached: number;
  readonly missing: number;
}

export interface NaiveOptions {
  readonly rule: NaiveRule;
  readonly capacity: number;
  readonly endUs: number;
  readonly unknownDurationUs: number;
  /** None: nothing is prefetched. */
  readonly tier?: NaiveTier;
}

interface Due {
  readonly atUs: number;
  readonly isEnd: boolean;
  readonly order: number;
  readonly session: NaiveSession;
  readonly call: number;
  /** The last block of a transfer that is over. */
  readonly transferred?: string;
  /** How many were. */
  readonly blocks?: number;
}

export interface NaiveReplay {
  readonly calls: NaiveCall[];
  readonly prefetchedBlocks: number;
  readonly usefulPrefetchedBlocks: number;
}

export function replayNaively(chains: readonly PlacedChain[], options: NaiveOptions): NaiveReplay {
  const { rule, capacity, endUs, tier } = options;
  const resident = new Map<string, Block>();
  /** Every block that was ever used, as it was last. */
  const known = new Map<string, Block>();
  const sessions: NaiveSession[] = chains.map((placed, index) => ({
    placed,
    index,
    calls: [],
    prompt: [],
    ids: [],
    isRunning: false,
    beganUs: 0,
    endedUs: 0,
    pause: '',
    pauses: [],
    durations: [],
    kept: 0,
  }));
  const inOrder: NaiveSession[] = [];
  const told: NaiveCall[] = [];
  let uses = 0;
  let prefetched = 0;
  let useful = 0;

  const due: Due[] = [];

  const end = (session: NaiveSession, nowUs: number, isCut: boolean): void => {
    session.isRunning = false;
    session.endedUs = nowUs;
    session.durations.push(nowUs - session.beganUs);
    const { pause } = session.calls.at(-1)!;
    session.pause = isCut || pause === 'unknown' ? '' : pause;
  };

  const evictOne = (path: readonly string[], nowUs: number, limit: number): boolean => {
    let victim: Block | undefined;
    let best: readonly number[] = [];
    for (const block of resident.values()) {
      const isPinned = sessions.some(({ isRunning, prompt }) => isRunning && prompt.includes(block.text));
      const hasChild = [...resident.values()].some(({ parent }) => parent === block.text);
      if (isPinned || hasChild || path.includes(block.text)) continue;
      const { owner } = block;
      const worth =
        owner === undefined || block.call !== owner.calls.length
          ? -Infinity
          : rule.worth(owner, nowUs, sessions);
      const place = owner === undefined ? -1 : inOrder.indexOf(owner);
      const key = rule.isLru ? [0, block.used] : [worth, block.usedUs, place, block.used];
      if (victim === undefined || isBelow(key, best)) [victim, best] = [block, key];
    }
    if (victim === undefined || (!rule.isLru && best[0]! >= limit)) return false;
    resident.delete(victim.text);
    return true;
  };

  const begin = (session: NaiveSession, call: RecordedCall, nowUs: number): void => {
    if (session.isRunning) {
      end(session, nowUs, true);
      const cancelled = due.findIndex(
        (each) => each.isEnd && each.transferred === undefined && each.session === session,
      );
      due.splice(cancelled, 1);
    }
    if (!inOrder.includes(session)) inOrder.push(session);
    session.ids = session.ids.slice(0, call.keep);
    for (const [first, count] of call.runs)
      for (let id = first; id < first + count; id++) session.ids.push(id);
    session.prompt = session.ids.map(
      (_, at) => `${session.placed.space}:${session.ids.slice(0, at + 1).join(',')}`,
    );
    if (session.calls.length > 0) session.pauses.push(nowUs - session.endedUs);
    session.calls.push(call);
    const { prompt } = session;
    const cached = prompt.findIndex((text) => !resident.has(text));
    const found = cached < 0 ? prompt.length : cached;
    let need = prompt.length - found + resident.size - capacity;
    const limit = rule.limit?.(session, nowUs, sessions) ?? Infinity;
    for (const text of prompt.slice(0, found)) {
      const block = resident.get(text)!;
      if (block.isUnusedPrefetch) useful++;
      block.isUnusedPrefetch = false;
    }
    while (need > 0 && evictOne(prompt, nowUs, limit)) need--;
    session.isRunning = true;
    session.beganUs = nowUs;
    session.pause = '';
    const room = Math.min(prompt.length, found + capacity - resident.size);
    session.kept = room;
    for (let at = prompt.length - 1; at >= 0; at--) {
      const text = prompt[at]!;
      const parent = at === 0 ? '' : prompt[at - 1]!;
      const call = session.calls.length;
      const block = {
        text,
        parent,
        owner: session,
        call,
        usedUs: nowUs,
        used: ++uses,
        isUnusedPrefetch: false,
      };
      known.set(text, block);
      if (at < room) resident.set(text, block);
    }
    told.push({ chain: session.index, cached: found, missing: prompt.length - room });
  };

  // The tier: the front of what a session lacks of what it used last, of the one worth most first.
  const lacks = (session: NaiveSession): string | undefined =>
    session.prompt.find((text) => !resident.has(text) && known.get(text)!.owner === session);
  const wanted = (nowUs: number): string | undefined => {
    let best: { readonly key: readonly number[]; readonly text: string } | undefined;
    for (const session of inOrder) {
      const text = lacks(session);
      if (text === undefined || session.isRunning) continue;
      const worth = rule.worth(session, nowUs, sessions);
      if (worth === -Infinity) continue;
      const key = [-worth, -session.beganUs, inOrder.indexOf(session)];
      if (best === undefined || isBelow(key, best.key)) best = { key, text };
    }
    return best?.text;
  };
  const missingTo = (last: string): string[] => {
    const path: string[] = [];
    for (let text = last; text !== ''; text = known.get(text)!.parent) path.unshift(text);
    return path.filter((text) => !resident.has(text));
  };
  /** Returns whether all of it found room. */
  const bring = (last: string, transferred: number, nowUs: number): boolean => {
    const missing = missingTo(last).slice(0, transferred);
    if (missing.length === 0) return true;
    const { owner, call } = known.get(last)!;
    const isOwned = owner !== undefined && owner.calls.length === call;
    const limit = isOwned ? rule.worth(owner, nowUs, sessions) : -Infinity;
    const path = [...known.keys()].filter((text) => last === text || last.startsWith(`${text},`));
    while (resident.size + missing.length > capacity && evictOne(path, nowUs, limit));
    const room = Math.min(missing.length, capacity - resident.size);
    for (const text of missing.slice(0, room)) {
      const block = known.get(text)!;
      const holder = isOwned ? { owner, call } : { owner: undefined, call: 0 };
      known.set(text, { ...block, ...holder });
      resident.set(text, { ...block, ...holder, isUnusedPrefetch: true });
      prefetched++;
    }
    return room === missing.length;
  };

  // Events in order: ends before begins, then as they were scheduled.
  let order = 0;
  let isTransferring = false;
  let isDeclined = false;
  let moved = 0;
  const transfer = (nowUs: number): void => {
    if (tier === undefined || isTransferring || isDeclined || due.length === 0) return;
    if (due.some(({ atUs }) => atUs === nowUs)) return;
    // As much as memory holds has been moved since a call began or ended.
    if (moved >= capacity) return;
    const transferred = wanted(nowUs);
    if (transferred === undefined) return;
    isTransferring = true;
    const blocks = missingTo(transferred).length;
    moved += blocks;
    const atUs = nowUs + tier.latencyUs + tier.blockUs * blocks;
    due.push({ atUs, isEnd: true, order: ++order, session: sessions[0]!, call: 0, transferred, blocks });
  };
  const scheduleNext = (session: NaiveSession): void => {
    const call = session.calls.length;
    const next = session.placed.chain.calls[call];
    if (next === undefined) return;
    const atUs = session.placed.startUs + next.startUs;
    if (atUs < endUs) due.push({ atUs, isEnd: false, order: ++order, session, call });
  };
  sessions.forEach(scheduleNext);
  while (due.length > 0) {
    due.sort((a, b) => a.atUs - b.atUs || Number(b.isEnd) - Number(a.isEnd) || a.order - b.order);
    const { atUs, isEnd, session, transferred, blocks, call } = due.shift()!;
    if (transferred !== undefined) {
      isTransferring = false;
      isDeclined = !bring(transferred, blocks!, atUs);
      transfer(atUs);
      continue;
    }
    moved = 0;
    if (isEnd) {
      isDeclined = false;
      end(session, atUs, false);
      transfer(atUs);
      continue;
    }
    isDeclined = false;
    const recorded = session.placed.chain.calls[call]!;
    begin(session, recorded, atUs);
    const durationUs = recorded.durationUs ?? options.unknownDurationUs;
    due.push({ atUs: atUs + durationUs, isEnd: true, order: ++order, session, call });
    scheduleNext(session);
    transfer(atUs);
  }
  return { calls: told, prefetchedBlocks: prefetched, usefulPrefetchedBlocks: useful };
}

/** When its next call comes, after those it has begun. */
export function nextCallUs({ placed, calls }: NaiveSession, endUs: number): number {
  const next = placed.chain.calls[calls.length];
  if (next === undefined) return Infinity;
  const atUs = placed.startUs + next.startUs;
  return atUs < endUs ? atUs : Infinity;
}

function isBelow(a: readonly number[], b: readonly number[]): boolean {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value < b[at]!;
  return false;
}
