/** A trace for each policy on sessions, worked by hand. Blocks of one token; a prefill takes 1 s a token; times in seconds. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import { engineDefaults, type EngineOptions } from '../../../../src/kernel/engine-options.ts';
import { pagingPolicies, sessionPolicies } from '../../../../src/policies/paging/index.ts';
import { costAwareWith } from '../../../../src/policies/paging/sessions/cost-aware.ts';
import { softPinsWith } from '../../../../src/policies/paging/sessions/soft-pins.ts';
import { ttlPinningWith } from '../../../../src/policies/paging/sessions/ttl-pinning.ts';
import type { PlacedChain } from '../../../../src/sim/sessions/session-replay.ts';
import { call, chain, runOf } from '../../../sim/sessions/support.ts';

const second = 1_000_000;
const engine = { ...engineDefaults, prefillTokensPerSecond: 1 };

type Pause = 'tool' | 'person' | 'unknown';

/** A session with one context of `blocks` blocks, called at these times; each call is over at once. */
function session(
  space: number,
  blocks: number,
  times: readonly number[],
  pause: Pause = 'unknown',
): PlacedChain {
  const [first, ...rest] = times;
  return {
    startUs: 0,
    space,
    workflow: 0,
    chain: chain([
      call(first! * second, 0, [[1, blocks]], { durationUs: 0, pause }),
      ...rest.map((at) => call(at * second, blocks, [], { durationUs: 0, pause })),
    ]),
  };
}

/** Blocks found by each call, as `session index: blocks`, in the order of the calls. */
function found(
  sessions: readonly PlacedChain[],
  paging: CreatePagingPolicy,
  memoryTokens: number,
  options: object = {},
): string[] {
  return runOf(sessions, paging, { memoryTokens, engine, ...options }).calls.map(
    ({ chain: index, cached }) => `${index}: ${cached}`,
  );
}

test('lru: the least recently used leaf leaves, from the far end', () => {
  const sessions = [session(2, 2, [0, 4]), session(3, 2, [1, 5]), session(4, 1, [2])];
  // The third takes block 2 of the first; the first, with only its front left, takes block 2 of the second.
  expect(found(sessions, pagingPolicies.lru, 4)).toEqual(['0: 0', '1: 0', '2: 0', '0: 1', '1: 1']);
});

test('lru: what left a prompt goes by its own last use', () => {
  // Cut back at 2 s, its second half is older than all of the other session, but younger than nothing else.
  const cut = chain([call(0, 0, [[1, 4]], { durationUs: 0 }), call(2 * second, 2, [], { durationUs: 0 })]);
  const back = [...cut.calls, call(5 * second, 2, [[3, 2]], { durationUs: 0 })];
  const other = session(3, 2, [1, 4]);
  const third = session(4, 2, [3]);
  const placed = { startUs: 0, space: 2, workflow: 0, chain: { ...cut, calls: back } };
  expect(found([placed, other, third], pagingPolicies.lru, 6)).toEqual([
    '0: 0',
    '1: 0',
    '0: 2',
    '2: 0',
    '1: 2',
    '0: 2',
  ]);
});

test('what left the prompts leaves before all else, the oldest first, whoever it belonged to', () => {
  const cutAt = (at: number, space: number, start: number): PlacedChain => ({
    startUs: 0,
    space,
    workflow: 0,
    chain: chain([
      call(start * second, 0, [[1, 3]], { durationUs: 0 }),
      call(at * second, 1, [], { durationUs: 0 }),
      call(30 * second + space, 1, [[2, 2]], { durationUs: 0 }),
    ]),
  });
  // Both are cut back to one block; the other one's two blocks were used at 1 s, those of the first at 2 s. A third session needs two.
  const sessions = [cutAt(3, 2, 2), cutAt(4, 3, 1), session(4, 2, [10])];
  expect(found(sessions, sessionPolicies['end-turn-first'], 6)).toEqual([
    '1: 0',
    '0: 0',
    '0: 1',
    '1: 1',
    '2: 0',
    '0: 3',
    '1: 1',
  ]);
});

test('end-turn-first: who waits for a person leaves before who waits for a tool', () => {
  const sessions = [
    session(2, 2, [0, 3], 'tool'),
    session(3, 2, [1, 4], 'person'),
    session(4, 2, [2], 'tool'),
  ];
  expect(found(sessions, sessionPolicies['end-turn-first'], 4)).toEqual([
    '0: 0',
    '1: 0',
    '2: 0',
    '0: 2',
    '1: 0',
  ]);
  expect(found(sessions, pagingPolicies.lru, 4)).toEqual(['0: 0', '1: 0', '2: 0', '0: 0', '1: 0']);
});

test('ttl-pinning: pinned for the time that pays, and no longer', () => {
  const paging = ttlPinningWith({ times: 10, fewestTimes: 1, coldUs: 0, delayUs: 0 });
  // Its tools take 3 s, less than the 4 s that its prompt of 4 takes to prefill: pinned until 3 s after each call.
  const pinned = session(2, 4, [0, 3, 6, 20], 'tool');
  const within = session(3, 2, [8], 'person');
  const beyond = session(3, 2, [10], 'person');
  expect(found([pinned, within], paging, 4)).toEqual(['0: 0', '0: 4', '0: 4', '1: 0', '0: 4']);
  expect(found([pinned, beyond], paging, 4)).toEqual(['0: 0', '0: 4', '0: 4', '1: 0', '0: 2']);
  // Where what comes must be loaded, a pin gives way.
  expect(found([pinned, within], paging, 4, { admission: 'must' }).at(-1)).toBe('0: 2');
});

test('ttl-pinning: a tool that takes longer than the prefill is not waited for', () => {
  const paging = ttlPinningWith({ times: 10, fewestTimes: 1, coldUs: 0, delayUs: 0 });
  const slow = session(2, 4, [0, 5, 10, 20], 'tool');
  expect(found([slow, session(3, 2, [11], 'person')], paging, 4).at(-1)).toBe('0: 2');
});

test('predicted-next-use: who is expected last leaves', () => {
  const often = session(2, 2, [0, 2, 4, 7]);
  const seldom = session(3, 2, [0, 5, 25]);
  // At 6 s the first is expected at 6, the second at 10. One that is used only now and whose pause is the median of all (2 s) is expected at 8.
  const third = session(4, 2, [6]);
  expect(found([often, seldom, third], sessionPolicies['predicted-next-use'], 4)).toEqual([
    '0: 0',
    '1: 0',
    '0: 2',
    '0: 2',
    '1: 2',
    '2: 0',
    '0: 2',
    '1: 0',
  ]);
});

test('predicted-next-use: a call that is expected back last drives nobody out', () => {
  const often = session(2, 2, [0, 2, 4, 6, 8]);
  const seldom = session(3, 2, [1, 21, 41], 'person');
  const calls = found([often, seldom], sessionPolicies['predicted-next-use'], 2);
  expect(calls.filter((line) => line.startsWith('0'))).toEqual(['0: 0', '0: 2', '0: 2', '0: 2', '0: 2']);
});

test('least-waste: preserved for as long as it would take to prefill it', () => {
  const short = session(2, 2, [0, 20], 'tool');
  const long = session(3, 6, [0, 21], 'tool');
  // At 4 s the short one has waited twice as long as its prefill takes, the long one not yet; at 20 s the long one has wasted most.
  expect(found([short, long, session(4, 2, [4])], sessionPolicies['least-waste'], 8)).toEqual([
    '0: 0',
    '1: 0',
    '2: 0',
    '0: 0',
    '1: 4',
  ]);
  // At 1 s both are preserved, and the call goes without.
  expect(found([short, long, session(4, 2, [1])], sessionPolicies['least-waste'], 8).slice(3)).toEqual([
    '0: 2',
    '1: 6',
  ]);
});

test('least-waste: with a slower tier that is fast, contexts leave sooner', () => {
  const tier = { ...engine, loadTokensPerSecond: 100, loadLatencyUs: 0 };
  const running = {
    startUs: 0,
    space: 5,
    workflow: 0,
    chain: chain([call(0, 0, [[1, 2]], { durationUs: 100 * second })]),
  };
  // Swapping 6 tokens out and in costs 2 × 0.06 s × the 2 of the running call = 0.24; preserving them for 1 s costs 6.
  const sessions = [session(3, 6, [0, 21], 'tool'), session(4, 2, [1]), running];
  const paging = sessionPolicies['least-waste'];
  expect(found(sessions, paging, 8, { engine: tier }).at(-1)).toBe('0: 4');
  expect(found(sessions, paging, 8).at(-1)).toBe('0: 6');
});

test('soft-pins: a system prompt stays until its pin lapses', () => {
  const withSystem = session(2, 3, [0, 30]);
  const placed = { ...withSystem, chain: { ...withSystem.chain, systemBlocks: 2 } };
  const others = [session(3, 3, [1]), session(4, 3, [2])];
  const paging = (ttl: number): CreatePagingPolicy => softPinsWith({ importance: 1, ttlUs: ttl * second });
  expect(found([placed, ...others], paging(10), 5).at(-1)).toBe('0: 2');
  expect(found([placed, ...others], paging(2), 5).at(-1)).toBe('0: 0');
  expect(found([placed, ...others], pagingPolicies.lru, 5).at(-1)).toBe('0: 0');
});

test('length-aware: least often used, and of these farthest back in its prompt', () => {
  const sessions = [
    session(2, 4, [0, 1, 20]),
    session(3, 2, [2, 21]),
    session(4, 3, [3, 22]),
    session(5, 1, [4]),
  ];
  // The first was used twice. Of the others, blocks 3 and then 2 of the third stand farthest back, beside block 2 of the second.
  expect(found(sessions, sessionPolicies['length-aware'], 9)).toEqual([
    '0: 0',
    '0: 4',
    '1: 0',
    '2: 0',
    '3: 0',
    '0: 4',
    '1: 2',
    '2: 2',
  ]);
});

test('cost-aware: a session beyond its time to live is worth nothing', () => {
  const paging = costAwareWith('cost-aware', { ttlUs: 10 * second, writeFactor: 1 });
  const old = session(2, 2, [0, 30], 'tool');
  const young = session(3, 2, [9, 13], 'person');
  expect(found([old, young, session(4, 2, [12], 'tool')], paging, 4)).toEqual([
    '0: 0',
    '1: 0',
    '2: 0',
    '1: 2',
    '0: 0',
  ]);
});

test('cost-aware: who comes back in time after such a pause stays, and a dear write is not made for a maybe', () => {
  const tool = session(2, 2, [0, 2, 4, 6, 20], 'tool');
  const person = session(3, 2, [1, 15, 35], 'person');
  const late = session(4, 2, [16]);
  const paging = (writeFactor: number): CreatePagingPolicy =>
    costAwareWith('cost-aware', { ttlUs: 11 * second, writeFactor });
  expect(found([tool, person, late], paging(1), 4).at(-1)).toBe('1: 0');
  expect(found([tool, person, late], paging(1), 4).at(-2)).toBe('0: 2');
  // With a surcharge of ten times the price of input the late call keeps nothing.
  expect(found([tool, person, late], paging(11), 4).at(-1)).toBe('1: 2');
});

test('hit-density: who waits for a person promises less than who waits for a tool', () => {
  const sessions = [
    session(2, 2, [0, 3], 'tool'),
    session(3, 2, [1, 400], 'person'),
    session(4, 2, [2], 'tool'),
  ];
  expect(found(sessions, sessionPolicies['hit-density'], 4)).toEqual([
    '0: 0',
    '1: 0',
    '2: 0',
    '0: 2',
    '1: 0',
  ]);
});

test('hit-density: a call of a slow session drives out none of a fast one', () => {
  const times = (from: number, step: number, count: number): number[] =>
    Array.from({ length: count }, (_, at) => from + at * step);
  const fast = session(2, 2, times(0, 3, 60), 'tool');
  const slow = session(3, 2, times(1, 40, 5), 'tool');
  const calls = found([fast, slow], sessionPolicies['hit-density'], 2);
  const ofFast = calls.filter((line) => line.startsWith('0'));
  expect(ofFast.slice(-40)).toEqual(Array.from({ length: 40 }, () => '0: 2'));
  expect(found([fast, slow], pagingPolicies.lru, 2).filter((line) => line === '0: 0').length).toBe(6);
});

test('clairvoyant-sessions: farthest next call leaves; a call that is back later than all drives nobody out', () => {
  const sessions = [
    session(2, 2, [0, 10]),
    session(3, 2, [1, 5]),
    session(4, 2, [2, 7]),
    session(5, 2, [3, 20]),
  ];
  const bound = found(sessions, sessionPolicies['clairvoyant-sessions'], 4);
  expect(bound).toEqual(['0: 0', '1: 0', '2: 0', '3: 0', '1: 2', '2: 2', '0: 0', '3: 0']);
  const loading = found(sessions, sessionPolicies['clairvoyant-loading'], 4);
  expect(loading).toEqual(['0: 0', '1: 0', '2: 0', '3: 0', '1: 2', '2: 0', '0: 0', '3: 2']);
});

test('steps-to-execution: agents that take turns, which lru always evicts just before theirs', () => {
  // Three agents in a circle, memory for two; each keeps its fixed prompt of 2.
  const turns = (space: number, first: number): PlacedChain =>
    session(
      space,
      2,
      [0, 3, 6, 9].map((at) => at + first),
    );
  const agents = [turns(2, 0), turns(3, 1), turns(4, 2)];
  const hits = (paging: CreatePagingPolicy, options: object = {}): number =>
    runOf(agents, paging, { memoryTokens: 4, engine, ...options }).replay.counts.hitBlocks;
  expect(hits(pagingPolicies.lru)).toBe(0);
  // At its turn the agent that has just been called is farthest from its next one: every other call finds its prompt.
  expect(found(agents, sessionPolicies['steps-to-execution'], 4, { workflows: 'known' })).toEqual([
    '0: 0',
    '1: 0',
    '2: 0',
    '0: 2',
    '1: 0',
    '2: 2',
    '0: 0',
    '1: 2',
    '2: 0',
    '0: 2',
    '1: 0',
    '2: 2',
  ]);
  expect(() => hits(sessionPolicies['steps-to-execution'])).toThrow('workflow');
});

test('steps-to-execution: what the next agents need comes back before their turns, where the tier is fast enough', () => {
  // Three agents in a circle, a turn a second, memory for two; each keeps its fixed prompt of 2.
  const agents = [0, 1, 2].map((first) =>
    session(
      2 + first,
      2,
      [0, 3, 6, 9].map((at) => at + first),
    ),
  );
  const counts = (tier: Partial<EngineOptions>): object => {
    const options = { memoryTokens: 4, workflows: 'known' as const, engine: { ...engine, ...tier } };
    const { hitBlocks, prefetchedBlocks, usefulPrefetchedBlocks } = runOf(
      agents,
      sessionPolicies['steps-to-execution'],
      options,
    ).replay.counts;
    return { hitBlocks, prefetchedBlocks, usefulPrefetchedBlocks };
  };
  const none = { hitBlocks: 10, prefetchedBlocks: 0, usefulPrefetchedBlocks: 0 };
  expect(counts({})).toEqual(none);
  expect(counts({ loadLatencyUs: 100 })).toEqual(none);
  // Half a second after each turn from the third on, the prompt of the turn after the next one takes the place of the one that was just called: 8 of the
  // 9 turns to come find a prefetched prompt, the first of them what had stayed.
  const all = { hitBlocks: 18, prefetchedBlocks: 16, usefulPrefetchedBlocks: 16 };
  expect(counts({ loadTokensPerSecond: 4 })).toEqual(all);
  // In a second it comes just before the next turn, which is early enough.
  expect(counts({ loadTokensPerSecond: 4, loadLatencyUs: 500_000 })).toEqual(all);
  // In 4 s the turn is over, and its call has prefilled what then comes for nothing.
  expect(counts({ loadTokensPerSecond: 0.5 })).toEqual(none);
  expect(counts({ loadTokensPerSecond: 4, loadLatencyUs: 3_500_000 })).toEqual(none);
});

test('steps-to-execution: for a prefetch nothing leaves that is needed sooner', () => {
  const sessions = [session(2, 3, [0, 9]), session(3, 3, [1, 5])];
  const options = {
    memoryTokens: 5,
    workflows: 'known',
    engine: { ...engine, loadTokensPerSecond: 1 },
  } as const;
  const { replay, calls } = runOf(sessions, sessionPolicies['steps-to-execution'], options);
  // At 1 s a block of the first leaves. It comes at 2 s and is declined, since the second has its turn sooner; it comes again at 6 s, when the second has none any more.
  expect(calls.map(({ cached }) => cached)).toEqual([0, 0, 3, 3]);
  expect(replay.counts).toMatchObject({ prefetchedBlocks: 1, usefulPrefetchedBlocks: 1, evictedBlocks: 2 });
});

test('steps-to-execution: another workflow has its own steps', () => {
  const own = (placed: PlacedChain, workflow: number): PlacedChain => ({ ...placed, workflow });
  // At 2 s the first session is one step of its workflow away from its call at 9 s; the second, two, though they come sooner.
  const sessions = [
    own(session(2, 2, [0, 9]), 0),
    own(session(3, 2, [1, 5]), 1),
    own(session(4, 1, [4]), 1),
    own(session(5, 2, [2]), 2),
  ];
  expect(found(sessions, sessionPolicies['steps-to-execution'], 4, { workflows: 'known' })).toEqual([
    '0: 0',
    '1: 0',
    '3: 0',
    '2: 0',
    '1: 0',
    '0: 2',
  ]);
});
