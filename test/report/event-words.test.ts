/** Every event of random worlds is one sentence that names its process. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../src/kernel/events.ts';
import { eventWords, type EventNames } from '../../src/report/event-words.ts';
import { migrating } from '../sim/migrating-worlds.ts';
import { runWorld } from '../sim/random-world.ts';

const names: EventNames = { process: (pid) => `agent-${pid} (${pid})`, engine: (index) => `engine ${index}` };

test('every event of random worlds is one sentence that names its process', () => {
  const types = new Set<string>();
  const check = (event: KernelEvent): void => {
    types.add(event.type);
    const words = eventWords(event, names);
    expect(words, event.type).toMatch(/^[^\n]{10,}$/);
    expect(words, event.type).not.toMatch(/undefined|NaN|\[object/);
    if ('pid' in event && event.pid !== 0) expect(words, event.type).toContain(names.process(event.pid));
  };
  for (let seed = 1; seed <= 24; seed++)
    runWorld(seed, { onEvent: check, ...(seed % 4 === 0 ? { alter: migrating(seed) } : {}) });
  expect(types.size).toBeGreaterThan(45);
});

test('what is special is told', () => {
  const stamp = { seq: 1, atUs: 0, pid: 3 } as const;
  const cases: readonly (readonly [event: object, words: string])[] = [
    [
      {
        type: 'process.dispatched',
        core: 2,
        n: 4,
        newTokens: 1_200,
        repeatedTokens: 0,
        loadTokens: 5,
        cachedTokens: 7,
        room: -1,
      },
      'agent-3 (3) gets core 2 for call 4: 7 tokens found, 1,200 new, 5 to load, past the memory',
    ],
    [
      { type: 'process.terminated', outcome: 'failed', code: 'OUT_OF_ITERATIONS', message: 'no more' },
      'agent-3 (3) ends: failed (OUT_OF_ITERATIONS: no more)',
    ],
    [
      { type: 'page.evicted', engine: 1, page: 5, pages: 3, tokens: 1_000 },
      'pages 5 to 7 (1,000 tokens) evicted from the memory of engine 1',
    ],
    [{ type: 'message.sent', pid: 0, to: 3, number: 2 }, 'the world sends message 2 to agent-3 (3)'],
    [
      { type: 'process.restored', fromCheckpoint: 9, replayed: 1, mail: [] },
      'agent-3 (3) goes on after a crash from its checkpoint at syscall 9, 1 result fed to it again',
    ],
  ];
  for (const [event, words] of cases)
    expect(eventWords({ ...stamp, ...event } as KernelEvent, names)).toBe(words);
});
