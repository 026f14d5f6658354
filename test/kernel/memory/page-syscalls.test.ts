/** What each page syscall means: allocate, touch, pin, unpin, drop, free, truncate, setImportance. */
import { expect, test } from 'vitest';

import { sha256Hex } from '../../../src/base/sha256.ts';
import type { Allocate, ProgramBody, Syscall } from '../../../src/kernel/syscalls.ts';
import { runAgents } from '../../support/run-agents.ts';
import {
  allocate,
  failed,
  SECOND,
  ok,
  onPage,
  onPages,
  sleep,
  spawn,
  think,
  touch,
  waitFor,
} from '../../support/syscalls.ts';

import { evicted, last, memory, page, paid, S } from './scenario.ts';

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

test('allocate: a text is stored though its hash was named before', () => {
  const text = 'You are an agent.';
  const hash = sha256Hex(text);
  const { ran } = does([allocate(10, { hash }), allocate(10, { text })]);
  expect(ran.store.pages([hash])).toEqual(new Map([[hash, text]]));
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

test('several pages leave in one syscall, in any order, and what stands behind the first is computed again once', () => {
  const pages = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => page(text));
  const { ran } = does(
    [...pages, think(10), onPages('drop', 5, 2, 4), think(10)],
    memory(1_000, { residency: 'prefix' }),
  );
  // Of a, c and f the first is found.
  expect(paid(ran).at(-1)).toEqual([200, 0, 100]);
  expect(ran.all('page.dropped')).toMatchObject([
    { page: 2, pages: 1, tokens: 100 },
    { page: 4, pages: 2, tokens: 200 },
  ]);
});

test.each(['drop', 'free'] as const)('%s: all of the pages or none, and each once', (kind) => {
  const { results, process } = does([
    page('a'),
    page('b'),
    onPages(kind, 1, 7),
    onPages(kind, 2, 1, 2),
    onPages(kind),
    { kind, pages: [1.5 as never] },
  ]);
  expect(results.slice(2)).toEqual([
    failed('UNKNOWN_PAGE', 'page: 7'),
    failed('INVALID_ARGUMENT', 'pages: 2 is not allowed; allowed: each page once'),
    ok(),
    failed('UNKNOWN_PAGE', 'page: 1.5'),
  ]);
  expect(process).toMatchObject({ pages: 2, promptTokens: 200 });
});

test('setImportance of a page that is not in the prompt fails; so does the page of another process', () => {
  const { results } = does([{ kind: 'setImportance', page: 7 as never, importance: 0.5 }]);
  expect(results).toEqual([failed('UNKNOWN_PAGE', 'page: 7')]);
  const other = runAgents({
    agents: [{ body: [spawn('other'), waitFor(0), onPage('pin', 1)] }],
    programs: { other: [page('a')] },
  });
  expect(other.results(1)[2]).toEqual(failed('UNKNOWN_PAGE'));
});

test.each(['prefix', 'independent'] as const)(
  '%s: a drop leaves the numbers of the pages behind it',
  (residency) => {
    const { results } = runAgents({
      agents: [
        {
          body: [
            allocate(10, { text: 'a' }),
            allocate(20, { text: 'b' }),
            allocate(30, { text: 'c' }),
            onPage('drop', 1),
            onPage('pin', 3),
            onPage('unpin', 2),
            onPage('pin', 1),
            allocate(40),
          ],
        },
      ],
      kernel: { residency },
    });
    expect(results(1).slice(3)).toEqual([ok(), ok(), ok(), failed('UNKNOWN_PAGE', '1'), ok(4)]);
  },
);

test.each(['prefix', 'independent'] as const)(
  '%s: what a touch brings in is prefilled by the next call',
  (residency) => {
    const { all } = runAgents({
      agents: [
        {
          body: [
            allocate(500),
            allocate(300),
            touch(1),
            think(10, { keepAnswer: false }),
            touch(2),
            think(10),
          ],
        },
      ],
      kernel: { residency },
    });
    expect(all('page.faulted').map(({ tokens }) => tokens)).toEqual([500, 300]);
    expect(all('process.dispatched').map(({ newTokens, cachedTokens }) => [newTokens, cachedTokens])).toEqual(
      [
        [800, 0],
        [0, 800],
      ],
    );
  },
);

test('what a touch brought in is paid for once, also when it was evicted before the call', () => {
  const { all, kernel } = runAgents({
    agents: [
      { body: [allocate(600), touch(1), sleep(2 * SECOND), think(10, { keepAnswer: false })] },
      { atUs: SECOND, body: [allocate(600), touch(1)] },
    ],
    kernel: { engines: [{ memoryTokens: 1_000 }] },
  });
  expect(all('process.dispatched')).toMatchObject([{ newTokens: 0, repeatedTokens: 600, cachedTokens: 0 }]);
  // One compulsory, one capacity fault of one page.
  expect(kernel.snapshot().processes[0]!.usage.faults).toBe(2);
});
