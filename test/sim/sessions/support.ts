/** Small sessions with blocks of one token, and their replay. */
import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import { engineDefaults } from '../../../src/kernel/engine-options.ts';
import {
  SessionReplay,
  type PlacedChain,
  type SessionReplayOptions,
} from '../../../src/sim/sessions/session-replay.ts';
import type { RecordedCall, RecordedChain } from '../../../src/sim/sessions/session-trace.ts';
import type { NaiveCall } from './naive-sessions.ts';

export function call(
  startUs: number,
  keep: number,
  runs: RecordedCall['runs'],
  fields: Partial<RecordedCall> = {},
): RecordedCall {
  const blocks = runs.reduce((sum, [, count]) => sum + count, keep);
  const rest = { durationUs: 1, tokensIn: blocks, tokensOut: 0, pause: 'unknown' as const };
  return { startUs, keep, runs, blocks, ...rest, ...fields };
}

export function chain(calls: readonly RecordedCall[]): RecordedChain {
  return { startUs: 0, systemBlocks: 0, calls };
}

const replayDefaults: Omit<SessionReplayOptions, 'paging'> = {
  victims: 'leaf',
  memoryTokens: 10,
  blockTokens: 1,
  seed: 1,
  endUs: Infinity,
  calls: 'recorded',
  unknownDurationUs: 0,
  admission: 'may',
  workflows: 'unknown',
  engine: engineDefaults,
};

/** Each call with what it found; the memory recounts itself after each. */
export function runOf(
  placed: readonly PlacedChain[],
  paging: CreatePagingPolicy,
  options: Partial<SessionReplayOptions>,
): { calls: NaiveCall[]; replay: SessionReplay } {
  const replay = new SessionReplay(placed, { ...replayDefaults, ...options, paging });
  const calls: NaiveCall[] = [];
  let bypassed = 0;
  replay.run((index, _call, _nowUs, { cachedTokens }) => {
    const { bypassedBlocks } = replay.counts;
    calls.push({ chain: index, cached: cachedTokens, missing: bypassedBlocks - bypassed });
    bypassed = bypassedBlocks;
    replay.memory.checkInvariants();
  });
  return { calls, replay };
}
