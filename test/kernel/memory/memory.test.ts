/** Context memory as processes see it: what is shared, what stays, what leaves, who waits; and what each page syscall means. */
import { expect, test } from 'vitest';

import { fifo } from '../../../src/policies/scheduling/fifo.ts';
import { lru } from '../../../src/policies/paging/lru.ts';
import type { EngineOptions } from '../../../src/kernel/engine-options.ts';
import type { KernelOptionsInput } from '../../../src/kernel/options.ts';
import type { Allocate, ProgramBody, Syscall } from '../../../src/kernel/syscalls.ts';
import { runAgents, type Agent, type AgentRun, type Ran } from '../../support/run-agents.ts';
import {
  allocate,
  burst,
  failed,
  ok,
  onPage,
  SECOND,
  sleep,
  spawn,
  think,
  touch,
  waitFor,
} from '../../support/syscalls.ts';

const S = SECOND;
const page = (name: string, tokens = 100, fields: Partial<Allocate> = {}): Allocate =>
  allocate(tokens, { text: name, ...fields });

function memory(
  memoryTokens: number,
  kernel: Partial<KernelOptionsInput> = {},
  engine: Partial<EngineOptions> = {},
) {
  return {
    kernel: { paging: lru, ...kernel, engines: [{ memoryTokens, ...engine }] },
  } satisfies Partial<AgentRun>;
}
/** [new, repeated, cached] tokens of every dispatch of `pid`. */
const paid = ({ all }: Ran, pid?: number) =>
  all('process.dispatched', pid).map(({ newTokens, repeatedTokens, cachedTokens }) => [
    newTokens,
    repeatedTokens,
    cachedTokens,
  ]);
const evicted = ({ all }: Ran) =>
  all('page.evicted').map(({ page: first, pages }) => [first as number, pages]);
/** Runs to its end, but for one last process that keeps the memory as it is. */
const last = (ran: Ran) => ran.kernel.snapshot().engines[0]!;

// ---- Sharing -----------------------------------------------------------------------------------------------------------

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

// ---- Faults and evictions ----------------------------------------------------------------------------------------------

/** One agent that has the prompts one after another, each a list of pages. */
const prompts = (...lists: readonly (readonly string[])[]): Agent => ({
  body: lists.flatMap((names) => [
    { kind: 'truncate', pages: 0 } as const,
    ...names.map((name) => page(name)),
    think(20),
  ]),
});

test('faults are compulsory the first time and capacity after an eviction', () => {
  const ran = runAgents({
    agents: [prompts(['a'], ['b'], ['c'], ['a'])],
    ...memory(320, { residency: 'independent' }),
  });
  expect(ran.all('page.faulted').map(({ kind, tokens }) => [kind, tokens])).toEqual([
    ['compulsory', 100],
    ['compulsory', 100],
    ['compulsory', 100],
  ]);
  const small = runAgents({
    agents: [prompts(['a'], ['b'], ['c'], ['a'])],
    ...memory(220, { residency: 'independent' }),
  });
  expect(small.all('page.faulted').at(-1)).toMatchObject({ kind: 'capacity', tokens: 100 });
  expect(paid(small).at(-1)).toEqual([0, 100, 0]);
});

test('lru evicts what was used longest ago, the pages of the running call never', () => {
  const ran = runAgents({
    agents: [prompts(['a'], ['b'], ['a'], ['c', 'd'])],
    ...memory(320, { residency: 'independent' }),
  });
  // b goes for c and d; a, used later, stays: 100 + 200 + room for 20.
  expect(evicted(ran)).toEqual([[2, 1]]);
});

test('room for the maximal answer is kept free while the call runs', () => {
  const body = (name: string): Agent => ({ body: [page(name), burst(10 * S, { maxOutput: 50 })] });
  const { all } = runAgents({ agents: [body('a'), body('b')], ...memory(299, {}, { cores: 2 }) });
  // 2 × 150 don't fit into 299: the second waits though a core is idle.
  expect(all('process.waiting', 2)).toMatchObject([{ on: 'memory', atUs: 0 }]);
  expect(all('process.dispatched', 2)[0]?.atUs).toBe(10 * S);
  const fits = runAgents({ agents: [body('a'), body('b')], ...memory(300, {}, { cores: 2 }) });
  expect(fits.all('process.dispatched', 2)[0]?.atUs).toBe(0);
});

test('prefix, leaf: what others stand on never leaves before them', () => {
  const ran = runAgents({
    agents: [prompts(['a', 'b', 'c'], ['x'], ['a', 'b', 'c'])],
    ...memory(330, { residency: 'prefix' }),
  });
  // x needs 90 more: the tip c leaves; then it is repeated, and nothing else.
  expect(evicted(ran)[0]).toEqual([3, 1]);
  expect(paid(ran).at(-1)).toEqual([0, 100, 200]);
});

test('prefix, any: a hole re-bills everything behind it', () => {
  // Importance decides here: the first page of the prompt is the least important, so it leaves first.
  const body: Syscall[] = [
    page('a', 100, { importance: 0.1 }),
    page('b'),
    page('c'),
    think(20),
    { kind: 'truncate', pages: 0 },
    page('x'),
    think(20),
    { kind: 'truncate', pages: 0 },
    page('a'),
    page('b'),
    page('c'),
    think(20),
  ];
  const run = (victims: 'any' | 'leaf') =>
    runAgents({
      agents: [{ body }],
      kernel: { residency: 'prefix', victims, engines: [{ memoryTokens: 330 }] },
    });
  const any = run('any');
  expect(evicted(any)[0]).toEqual([1, 1]);
  expect(paid(any).at(-1)).toEqual([0, 300, 0]);
  expect(any.all('page.faulted').slice(-2)).toMatchObject([
    { kind: 'capacity', tokens: 100 },
    { kind: 'hole', pages: 2, tokens: 200 },
  ]);
  expect(paid(run('leaf')).at(-1)).toEqual([0, 100, 200]);
});

test('prefix, any: lru evicts the tail of a prefix first, for it is told that it is colder', () => {
  const ran = runAgents({
    agents: [prompts(['a', 'b', 'c'], ['x'])],
    ...memory(330, { residency: 'prefix', victims: 'any' }),
  });
  expect(evicted(ran)).toEqual([[3, 1]]);
});

test('a part of an extent leaves, and comes back alone', () => {
  const context: Allocate = { kind: 'allocate', tokens: 10, blocks: { space: 's', first: 0, count: 30 } };
  const ran = runAgents({
    agents: [
      {
        body: [
          context,
          think(20),
          { kind: 'truncate', pages: 0 },
          page('x', 150),
          think(20),
          { kind: 'truncate', pages: 0 },
          context,
          think(20),
        ],
      },
    ],
    ...memory(330, { residency: 'prefix' }),
  });
  // 300 + 150 + 20 in 330: 14 blocks leave, from the tail.
  expect(evicted(ran)[0]).toEqual([17, 14]);
  expect(paid(ran).at(-1)).toEqual([0, 140, 160]);
});

test('an answer is in memory without a load of its own', () => {
  const answer = think(40, { keepAnswer: true, script: { tokensOut: 40, text: 'yes' } });
  const ran = runAgents({ agents: [{ body: [page('a'), answer, think(10)] }], ...memory(1_000) });
  expect(paid(ran)).toEqual([
    [100, 0, 0],
    [0, 0, 140],
  ]);
});

test('an answer that does not fit beside what is pinned stays outside, and nothing leaves for it', () => {
  // Agent 2 answers 80 tokens where 10 were reserved. Agent 1 runs on, and so does what it pins.
  const overlong = {
    kind: 'think',
    maxOutput: 10,
    keepAnswer: true,
    script: { tokensOut: 80, durationUs: S, text: 'long' },
  } as const;
  const ran = runAgents({
    agents: [
      {
        body: [
          page('old'),
          think(10),
          { kind: 'truncate', pages: 0 },
          page('a'),
          burst(50 * S, { maxOutput: 10 }),
        ],
      },
      { atUs: 5 * S, body: [page('b'), overlong, sleep(90 * S)] },
    ],
    ...memory(350, { residency: 'independent' }, { cores: 2 }),
    untilUs: 40 * S,
  });
  // 100 + 10 pinned, b's 100, old's 100: 40 are free. old would have to leave, and then the answer would fit: so it does.
  expect(evicted(ran)).toEqual([[1, 1]]);
  const tight = runAgents({
    agents: [
      {
        body: [
          page('old', 20),
          think(10),
          { kind: 'truncate', pages: 0 },
          page('a'),
          burst(50 * S, { maxOutput: 60 }),
        ],
      },
      { atUs: 5 * S, body: [page('b'), overlong, sleep(90 * S)] },
    ],
    ...memory(300, { residency: 'independent' }, { cores: 2 }),
    untilUs: 40 * S,
  });
  // 160 pinned, b's 100: the 40 that are left, old's 20 among them, are too few.
  expect(evicted(tight)).toEqual([]);
  expect(last(tight).residentTokens).toBe(220);
});

// ---- Waiting for memory ------------------------------------------------------------------------------------------------

/** Arrives at `atS`, has `tokens` of its own, calls once for `seconds`. */
const caller = (atS: number, tokens: number, seconds: number, priority = 50): Agent => ({
  atUs: atS * S,
  priority,
  body: [allocate(tokens), burst(seconds * S, { maxOutput: 100 })],
});

test('memory waits: the first is not overtaken by one that would fit', () => {
  const ran = runAgents({
    agents: [caller(0, 500, 10), caller(1, 600, 5), caller(2, 100, 5)],
    ...memory(1_000, { scheduling: fifo }, { cores: 3 }),
  });
  expect([1, 2, 3].map((pid) => ran.all('process.dispatched', pid)[0]!.atUs / S)).toEqual([0, 10, 10]);
});

test('memory waits: several go on, in their order, as room becomes free', () => {
  const ran = runAgents({
    agents: [caller(0, 800, 10), caller(1, 400, 5), caller(2, 400, 7), caller(3, 300, 1)],
    ...memory(1_000, { scheduling: fifo }, { cores: 4 }),
  });
  expect([2, 3, 4].map((pid) => ran.all('process.dispatched', pid)[0]!.atUs / S)).toEqual([10, 10, 15]);
});

test.each<readonly [string, Syscall]>([
  ['unpin', onPage('unpin', 1)],
  ['free', onPage('free', 1)],
  ['drop', onPage('drop', 1)],
  ['truncate', { kind: 'truncate', pages: 0 }],
  ['the end of its process', { kind: 'exit', value: null }],
])('a page that is pinned keeps others waiting until %s', (_, release) => {
  const ran = runAgents({
    agents: [
      { body: [page('a', 600, { pinned: true }), think(10), sleep(20 * S), release, sleep(20 * S)] },
      caller(5, 500, 1),
    ],
    ...memory(1_000),
  });
  const at = ran.all('process.waiting', 1)[0]!.atUs + 20 * S;
  expect(ran.all('process.waiting', 2)).toMatchObject([{ on: 'memory' }]);
  expect(ran.all('process.dispatched', 2)[0]?.atUs).toBe(at);
});

test('who can go on does, though one that waits before it is kept out by pins alone', () => {
  const pinner = (tokens: number, then: readonly Syscall[]): Agent => ({
    body: [allocate(tokens, { pinned: true }), burst(S), ...then],
  });
  const ran = runAgents({
    agents: [
      pinner(500, [sleep(20 * S)]),
      pinner(300, [sleep(8 * S), burst(S, { maxOutput: 300 })]),
      caller(5, 700, 1),
    ],
    ...memory(1_000, { scheduling: fifo }),
  });
  // At 21 s agent 1 ends with its 500; agent 3, the first, still can't go on, agent 2 can, and with its end agent 3, too.
  expect(
    ran
      .all('process.waiting')
      .filter(({ on }) => on === 'memory')
      .map(({ pid }) => pid),
  ).toEqual([3, 2]);
  expect(ran.all('process.dispatched', 2)[1]?.atUs).toBe(21 * S);
  expect(ran.end(3).outcome).toBe('completed');
});

// ---- The page syscalls -------------------------------------------------------------------------------------------------

/** Agent 1 does these, then waits; results, and what is left of memory. */
function does(body: readonly Syscall[], setup = memory(1_000, { residency: 'independent' })) {
  const ran = runAgents({ agents: [{ body: [...body, sleep(1_000 * S)] }], ...setup, untilUs: 900 * S });
  const [process] = ran.kernel.snapshot().processes;
  return { ran, process: process!, results: ran.results(1), engine: last(ran) };
}

test('allocate: pages get rising ids; a run of blocks is named by its first', () => {
  const { results, process } = does([
    allocate(10),
    page('a'),
    { kind: 'allocate', tokens: 5, blocks: { space: 's', first: 7, count: 4 } },
    allocate(10),
  ]);
  expect(results).toEqual([ok(1), ok(2), ok(3), ok(7)]);
  expect(process).toMatchObject({ pages: 7, promptTokens: 140, residentTokens: 0 });
});

test.each<readonly [Partial<Allocate>, string, string]>([
  [{ tokens: 0 }, 'INVALID_ARGUMENT', 'tokens: 0'],
  [{ tokens: -5 }, 'INVALID_ARGUMENT', 'tokens: -5'],
  [{ tokens: 2.5 }, 'INVALID_ARGUMENT', 'tokens: 2.5'],
  [{ importance: 1.1 }, 'INVALID_ARGUMENT', 'importance: 1.1'],
  [{ importance: Number.NaN }, 'INVALID_ARGUMENT', 'importance: NaN'],
  [{ blocks: { space: 's', first: -1, count: 1 } }, 'INVALID_ARGUMENT', 'blocks.first'],
  [{ blocks: { space: 's', first: 4_294_967_295, count: 2 } }, 'INVALID_ARGUMENT', 'blocks.first'],
  [{ blocks: { space: 's', first: 0, count: 0 } }, 'INVALID_ARGUMENT', 'blocks.count: 0'],
  [
    { tokens: 1_001 },
    'CONTEXT_TOO_LARGE',
    'a page of 1001 is larger than the context memory; allowed: up to 1000',
  ],
  [{ tokens: 1_001, text: 'x' }, 'CONTEXT_TOO_LARGE', '1001'],
])('allocate %j is refused and changes nothing', (fields, code, words) => {
  const { results, process } = does([{ kind: 'allocate', tokens: 10, ...fields }]);
  expect(results).toEqual([failed(code, words)]);
  expect(process.pages).toBe(0);
});

test('touch: an access outside of a call; loads what is missing', () => {
  const { ran, results, engine } = does([page('a'), page('b'), touch(2), touch(1, 2)]);
  expect(results.slice(2)).toEqual([ok(), ok()]);
  expect(engine.residentTokens).toBe(200);
  expect(ran.all('page.loaded').map((event) => event.page)).toEqual([2, 1]);
});

test('touch in prefix residency: all before it is touched, too', () => {
  const { ran } = does([page('a'), page('b'), page('c'), touch(2)], memory(1_000, { residency: 'prefix' }));
  expect(
    ran
      .all('page.loaded')
      .map((event) => event.page)
      .sort((a, b) => a - b),
  ).toEqual([1, 2]);
});

test('touch: a reference string of the textbook faults as the textbook says', () => {
  // Silberschatz: 7 0 1 2 0 3 0 4 2 3 0 3 0 3 2 1 2 0 1 7 0 1 in 3 frames: LRU 12 faults.
  const references = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1];
  const pages: ProgramBody = function* () {
    const ids: number[] = [];
    for (let name = 0; name < 8; name++) {
      const result = yield allocate(1, { text: String(name), importance: 0.5 });
      ids.push((result as { value: number }).value);
    }
    for (const name of references) yield touch(ids[name]!);
  };
  const ran = runAgents({ agents: [{ body: pages }], ...memory(3, { residency: 'independent' }) });
  expect(ran.all('page.faulted').reduce((sum, event) => sum + event.pages, 0)).toBe(12);
});

test('touch: an unknown page changes nothing, and one that cannot fit beside what is pinned is refused', () => {
  const { results, ran } = does([page('a'), touch(1, 99)]);
  expect(results[1]).toEqual(failed('UNKNOWN_PAGE', '99'));
  expect(ran.all('page.loaded')).toEqual([]);
  const pinned = does([page('a', 600, { pinned: true }), touch(1), page('b', 500), touch(2)]);
  expect(pinned.results[3]).toEqual(failed('CONTEXT_TOO_LARGE', 'does not fit beside what is pinned'));
  expect(pinned.engine.residentTokens).toBe(600);
});

test('pin, unpin: a pinned page is never a victim', () => {
  const run = (pin: boolean) => {
    const body: Syscall[] = [
      page('a'),
      page('b'),
      think(20),
      ...(pin ? [onPage('pin', 1)] : []),
      page('c'),
      onPage('drop', 2),
      onPage('drop', 1),
    ];
    return runAgents({
      agents: [
        {
          body: [
            ...body.slice(0, pin ? 4 : 3),
            page('c', 150),
            { kind: 'touch', pages: [3 as never] },
            sleep(S),
          ],
        },
      ],
      ...memory(300, { residency: 'independent' }),
    });
  };
  expect(evicted(run(false))).toEqual([[1, 1]]);
  expect(evicted(run(true))).toEqual([[2, 1]]);
});

test('prefix: a pinned page pins all before it; a pin may be taken from a part of a run', () => {
  const blocks: Allocate = {
    kind: 'allocate',
    tokens: 100,
    blocks: { space: 's', first: 0, count: 4 },
    pinned: true,
  };
  const setup = memory(1_000, { residency: 'prefix' });
  expect(does([page('a'), blocks, think(10)], setup).engine.pinnedTokens).toBe(500);
  expect(does([page('a'), blocks, think(10), onPage('unpin', 2)], setup).engine.pinnedTokens).toBe(500);
  expect(does([page('a'), blocks, think(10), onPage('unpin', 5)], setup).engine.pinnedTokens).toBe(400);
  const all = [2, 3, 4, 5].map((id) => onPage('unpin', id));
  expect(does([page('a'), blocks, think(10), ...all], setup).engine.pinnedTokens).toBe(0);
  expect(
    does([page('a'), blocks, think(10), { kind: 'truncate', pages: 3 }], setup).engine.pinnedTokens,
  ).toBe(300);
});

test('drop: the page leaves the prompt, its content stays in memory until something evicts it', () => {
  const { ran, process, engine } = does([page('a'), page('b'), think(10), onPage('drop', 1)]);
  expect(process).toMatchObject({ pages: 1, promptTokens: 100 });
  expect(engine.residentTokens).toBe(200);
  expect(ran.all('page.dropped')).toMatchObject([{ page: 1, tokens: 100 }]);
  expect(ran.all('page.freed')).toEqual([]);
});

test('free: the content leaves memory at once when nobody else uses it', () => {
  const { ran, engine } = does([page('a'), page('b'), think(10), onPage('free', 1)]);
  expect(engine.residentTokens).toBe(100);
  expect(ran.all('page.freed')).toMatchObject([{ page: 1, tokens: 100 }]);
  const shared = runAgents({
    agents: [{ body: [page('a'), think(10), spawn('other'), sleep(S), onPage('free', 1), sleep(99 * S)] }],
    programs: { other: [page('a'), sleep(99 * S)] },
    ...memory(1_000, { residency: 'independent' }),
    untilUs: 50 * S,
  });
  expect(last(shared).residentTokens).toBe(100);
});

test('independent: taking a page out touches no other page, shared or not', () => {
  for (const kind of ['drop', 'free'] as const) {
    const { ran, engine, results } = does([
      allocate(100),
      allocate(100),
      page('c'),
      think(10),
      onPage(kind, 1),
      think(10),
      onPage('pin', 2),
      onPage('pin', 3),
    ]);
    // Both others are found in memory, under the ids that the program knows.
    expect(paid(ran).at(-1), kind).toEqual([0, 0, 200]);
    expect(results.slice(-2)).toEqual([ok(), ok()]);
    expect(engine.pinnedTokens).toBe(200);
  }
});

test('prefix: what stands behind a page that is taken out must be computed again', () => {
  const { ran } = does(
    [page('a'), page('b'), page('c'), think(10), onPage('drop', 2), think(10)],
    memory(1_000, { residency: 'prefix' }),
  );
  expect(paid(ran).at(-1)).toEqual([100, 0, 100]);
});

test('truncate: the prompt is cut back; what was cut may come back from memory', () => {
  const { ran, process } = does(
    [page('a'), page('b'), think(10), { kind: 'truncate', pages: 1 }, page('b'), think(10)],
    memory(1_000, { residency: 'prefix' }),
  );
  expect(process.pages).toBe(2);
  expect(paid(ran).at(-1)).toEqual([0, 0, 200]);
  const { results } = does([
    page('a'),
    { kind: 'truncate', pages: 2 },
    { kind: 'truncate', pages: -1 },
    { kind: 'truncate', pages: 0.5 },
  ]);
  expect(results.slice(1)).toEqual([
    failed('INVALID_ARGUMENT', 'pages: 2'),
    failed('INVALID_ARGUMENT', 'pages: -1'),
    failed('INVALID_ARGUMENT', 'pages: 0.5'),
  ]);
});

test('setImportance: the default policy evicts the less important first', () => {
  const run = (page2: number) =>
    runAgents({
      agents: [
        {
          body: [
            page('a'),
            page('b'),
            think(20),
            { kind: 'setImportance', page: 2 as never, importance: page2 },
            page('c', 150),
            touch(3),
            sleep(S),
          ],
        },
      ],
      kernel: { engines: [{ memoryTokens: 300 }] },
    });
  expect(evicted(run(0.4))).toEqual([[2, 1]]);
  expect(evicted(run(0.6))).toEqual([[1, 1]]);
  expect(run(1.5).results(1)[3]).toEqual(failed('INVALID_ARGUMENT', 'importance: 1.5'));
});

test.each(['pin', 'unpin', 'drop', 'free'] as const)(
  '%s of a page that is not in the prompt fails: UNKNOWN_PAGE',
  (kind) => {
    const { results } = does([page('a'), onPage(kind, 7)]);
    expect(results[1]).toEqual(failed('UNKNOWN_PAGE', 'page: 7'));
  },
);

test('setImportance of a page that is not in the prompt fails; so does the page of another process', () => {
  const { results } = does([{ kind: 'setImportance', page: 7 as never, importance: 0.5 }]);
  expect(results).toEqual([failed('UNKNOWN_PAGE', 'page: 7')]);
  const other = runAgents({
    agents: [{ body: [spawn('other'), waitFor(0), onPage('pin', 1)] }],
    programs: { other: [page('a')] },
  });
  expect(other.results(1)[2]).toEqual(failed('UNKNOWN_PAGE'));
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
