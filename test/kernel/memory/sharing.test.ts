/** Which pages are one and the same, and what a process leaves behind. */
import { expect, test } from 'vitest';

import type { Allocate, Syscall } from '../../../src/kernel/syscalls.ts';
import { runAgents, type Agent, type Ran } from '../../support/run-agents.ts';
import { allocate, burst, failed, sleep, think } from '../../support/syscalls.ts';

import { evicted, last, memory, page, paid, S } from './scenario.ts';

test.each(['prefix', 'independent'] as const)(
  '%s: the system prompt of 20 agents is resident once',
  (residency) => {
    const agent: Agent = {
      body: [
        page('You are an agent.', 1_000, { pinned: true, importance: 1 }),
        allocate(10),
        think(5),
        sleep(1_000 * S),
      ],
    };
    const ran = runAgents({
      agents: Array.from({ length: 20 }, () => agent),
      ...memory(10_000, { residency }),
      untilUs: 100 * S,
    });
    expect(last(ran)).toMatchObject({ residentTokens: 1_000 + 20 * 10, pinnedTokens: 1_000 });
    expect(ran.all('page.loaded').filter(({ tokens }) => tokens >= 1_000)).toHaveLength(1);
    expect(paid(ran)).toEqual([[1_010, 0, 0], ...Array.from({ length: 19 }, () => [10, 0, 1_000])]);
  },
);

test('prefix: the same content behind another is another page; independent: it is the same', () => {
  const agents: Agent[] = [
    { body: [page('a'), page('b'), think(5)] },
    { body: [page('x'), page('b'), think(5)] },
  ];
  expect(paid(runAgents({ agents, ...memory(1_000, { residency: 'prefix' }) }))[1]).toEqual([200, 0, 0]);
  // Agent 1 has ended: in independent residency what nobody uses is freed.
  const staying = agents.map(({ body }): Agent => ({ body: [...(body as Syscall[]), sleep(S)] }));
  expect(paid(runAgents({ agents: staying, ...memory(1_000, { residency: 'independent' }) }))[1]).toEqual([
    100, 0, 100,
  ]);
});

test('independent: what stands twice in a prompt is held, and missed, once', () => {
  const ran = runAgents({
    agents: [{ body: [page('a'), page('b', 50), page('a'), think(10), think(10)] }],
    ...memory(1_000, { residency: 'independent' }),
  });
  expect(paid(ran)).toEqual([
    [150, 0, 100],
    [0, 0, 250],
  ]);
  expect(ran.all('page.faulted')).toMatchObject([{ kind: 'compulsory', pages: 2, tokens: 150 }]);
});

test('recorded blocks are shared as far as they agree', () => {
  const blocks = (first: number, count: number): Allocate => ({
    kind: 'allocate',
    tokens: 10,
    blocks: { space: 's', first, count },
  });
  const ran = runAgents({
    agents: [{ body: [blocks(0, 30), think(5)] }, { body: [blocks(0, 20), blocks(50, 10), think(5)] }],
    ...memory(1_000, { residency: 'prefix' }),
  });
  expect(paid(ran)).toEqual([
    [300, 0, 0],
    [100, 0, 200],
  ]);
});

test('blocks of another size, or of another space, are others', () => {
  const body = (space: string, tokens: number): Agent => ({
    body: [{ kind: 'allocate', tokens, blocks: { space, first: 0, count: 10 } }, think(5)],
  });
  const ran = runAgents({
    agents: [body('s', 10), body('s', 20), body('t', 10)],
    ...memory(1_000, { residency: 'prefix' }),
  });
  expect(paid(ran)).toEqual([
    [100, 0, 0],
    [200, 0, 0],
    [100, 0, 0],
  ]);
});

test('what a process leaves behind: a cache in prefix residency, nothing in independent', () => {
  const agents: Agent[] = [
    { body: [page('a'), allocate(50), think(5)] },
    { atUs: 10 * S, body: [page('a'), think(5)] },
  ];
  const prefix = runAgents({ agents, ...memory(1_000, { residency: 'prefix' }) });
  expect(paid(prefix, 2)).toEqual([[0, 0, 100]]);
  // Content of its own is useless to others: it is freed in both.
  expect(prefix.all('page.freed')).toMatchObject([{ tokens: 50 }]);
  const independent = runAgents({ agents, ...memory(1_000, { residency: 'independent' }) });
  expect(independent.all('page.freed', undefined).reduce((sum, { tokens }) => sum + tokens, 0)).toBe(250);
  expect(paid(independent, 2)).toEqual([[0, 100, 0]]);
});

test('a shared page has the highest importance of those who use it, as long as they use it', () => {
  // Both pages are touched at one time by agent 1; agent 2 makes `a` important. The default policy evicts the less important one.
  const run = (untilEnd: boolean) =>
    runAgents({
      agents: [
        {
          body: [
            page('a', 100, { importance: 0.2 }),
            page('b', 100, { importance: 0.4 }),
            think(5),
            sleep(99 * S),
          ],
        },
        { atUs: S, body: [page('a', 100, { importance: 0.9 }), sleep(untilEnd ? 1 : 98 * S)] },
        { atUs: 5 * S, body: [page('c', 150), think(5)] },
      ],
      kernel: { engines: [{ memoryTokens: 300, prefillTokensPerSecond: 1_000_000 }] },
      untilUs: 50 * S,
    });
  const pageOf = (ran: Ran, index: number) => (ran.results(1)[index] as { value: number }).value;
  const shared = run(false);
  expect(evicted(shared)).toEqual([[pageOf(shared, 1), 1]]);
  const gone = run(true);
  expect(evicted(gone)).toEqual([[pageOf(gone, 0), 1]]);
});

test('all that a process held is given back when it ends, however it ends', () => {
  for (const residency of ['independent', 'prefix'] as const) {
    const ran = runAgents({
      agents: [
        { body: [page('s', 200, { pinned: true }), allocate(100), think(10)] },
        { body: [page('s', 200, { pinned: true }), allocate(100), burst(99 * S)] },
      ],
      ...memory(1_000, { residency }),
      signals: [[50 * S, 2, 'kill']],
    });
    expect(last(ran)).toMatchObject({
      pinnedTokens: 0,
      roomTokens: 0,
      residentTokens: residency === 'prefix' ? 200 : 0,
    });
  }
});

test('independent: what stands twice in a prompt is held once, and counts once for what can ever fit', () => {
  const twice = [allocate(600, { text: 'a' }), allocate(600, { text: 'a' }), think(10)];
  const kernel = { engines: [{ memoryTokens: 1_000 }] };
  const { all, results } = runAgents({
    agents: [{ body: twice }],
    kernel: { ...kernel, residency: 'independent' },
  });
  expect(results(1)[2]).toMatchObject({ ok: true });
  expect(all('process.dispatched')).toMatchObject([{ newTokens: 600, cachedTokens: 600 }]);
  const prefix = runAgents({ agents: [{ body: twice }], kernel: { ...kernel, residency: 'prefix' } });
  expect(prefix.results(1)[2]).toEqual(failed('CONTEXT_TOO_LARGE', '1210'));
});
