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

interface Block {
  readonly text: string;
  readonly parent: string;
  owner: NaiveSession;
  usedUs: number;
  /** Order of uses; the far end of a prompt is used first. */
  used: number;
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
}

export function replayNaively(chains: readonly PlacedChain[], options: NaiveOptions): NaiveCall[] {
  const { rule, capacity, endUs } = options;
  const resident = new Map<string, Block>();
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

  const end = (session: NaiveSession, nowUs: number, isCut: boolean): void => {
    session.isRunning = false;
    session.endedUs = nowUs;
    session.durations.push(nowUs - session.beganUs);
    const { pause } = session.calls.at(-1)!;
    session.pause = isCut || pause === 'unknown' ? '' : pause;
  };

  const evictOne = (caller: NaiveSession, nowUs: number, limit: number): boolean => {
    let victim: Block | undefined;
    let best: readonly number[] = [];
    for (const block of resident.values()) {
      const isPinned = sessions.some(({ isRunning, prompt }) => isRunning && prompt.includes(block.text));
      const hasChild = [...resident.values()].some(({ parent }) => parent === block.text);
      if (isPinned || hasChild || caller.prompt.includes(block.text)) continue;
      const { owner } = block;
      const isStale = !owner.prompt.includes(block.text) || block.usedUs < owner.beganUs;
      const worth = isStale ? -Infinity : rule.worth(owner, nowUs, sessions);
      const key = rule.isLru ? [0, block.used] : [worth, block.usedUs, inOrder.indexOf(owner), block.used];
      if (victim === undefined || isBelow(key, best)) [victim, best] = [block, key];
    }
    if (victim === undefined || (!rule.isLru && best[0]! >= limit)) return false;
    resident.delete(victim.text);
    return true;
  };

  const begin = (session: NaiveSession, call: RecordedCall, nowUs: number): void => {
    if (session.isRunning) end(session, nowUs, true);
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
    while (need > 0 && evictOne(session, nowUs, limit)) need--;
    session.isRunning = true;
    session.beganUs = nowUs;
    session.pause = '';
    const room = Math.min(prompt.length, found + capacity - resident.size);
    session.kept = room;
    for (let at = room - 1; at >= 0; at--) {
      const text = prompt[at]!;
      const parent = at === 0 ? '' : prompt[at - 1]!;
      resident.set(text, { text, parent, owner: session, usedUs: nowUs, used: ++uses });
    }
    told.push({ chain: session.index, cached: found, missing: prompt.length - room });
  };

  // Events in order: ends before begins, then as they were scheduled.
  const due: { atUs: number; isEnd: boolean; order: number; session: NaiveSession; call: number }[] = [];
  let order = 0;
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
    const { atUs, isEnd, session, call } = due.shift()!;
    if (isEnd) {
      if (session.isRunning && session.calls.length === call + 1) end(session, atUs, false);
      continue;
    }
    const recorded = session.placed.chain.calls[call]!;
    begin(session, recorded, atUs);
    const durationUs = recorded.durationUs ?? options.unknownDurationUs;
    due.push({ atUs: atUs + durationUs, isEnd: true, order: ++order, session, call });
    scheduleNext(session);
  }
  return told;
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
