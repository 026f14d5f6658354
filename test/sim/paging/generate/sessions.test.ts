import { expect, test } from 'vitest';

import { generateSessionReferences } from '../../../../src/sim/paging/generate/sessions.ts';
import { problemOf } from '../../../support/references.ts';

const options = { sessions: 12, seed: 4 };
const trace = generateSessionReferences(options);

/** The prompts: runs of references at one time. Two calls at the same microsecond would look like one; none do here. */
function prompts(): { readonly atUs: number; readonly pages: readonly number[] }[] {
  const found: { atUs: number; pages: number[] }[] = [];
  trace.ids.forEach((id, index) => {
    const atUs = trace.timesUs![index]!;
    if (found.at(-1)?.atUs !== atUs) found.push({ atUs, pages: [] });
    found.at(-1)!.pages.push(id);
  });
  return found;
}

test('a page always has the same page before it: prompts are paths of a tree', () => {
  const before = new Map<number, number>();
  for (const { pages } of prompts())
    pages.forEach((page, index) => {
      const parent = index === 0 ? 0 : pages[index - 1]!;
      expect(before.get(page) ?? parent).toBe(parent);
      before.set(page, parent);
    });
  // Four kinds of agents at most, each with its own first page.
  const roots = [...before.values()].filter((parent) => parent === 0);
  expect(roots.length).toBeGreaterThan(1);
  expect(roots.length).toBeLessThanOrEqual(4);
});

test('sessions of a kind share 6,144 tokens, which are 12 pages, and grow apart behind them', () => {
  const all = prompts();
  const kinds = new Map<number, Set<string>>();
  for (const { pages } of all) {
    const shared = kinds.get(pages[0]!) ?? new Set();
    kinds.set(pages[0]!, shared.add(pages.slice(0, 12).join()));
  }
  for (const starts of kinds.values()) expect(starts.size).toBe(1);
  const thirteenth = new Set(all.filter(({ pages }) => pages.length > 12).map(({ pages }) => pages[12]));
  expect(thirteenth.size).toBeGreaterThanOrEqual(options.sessions);
});

test('sessions overlap, times never fall, the first one is 0', () => {
  const { timesUs } = trace;
  expect(timesUs![0]).toBe(0);
  expect(timesUs!.every((time, index) => index === 0 || time >= timesUs![index - 1]!)).toBe(true);
  // A session is known by its last page; where the next prompt is no continuation, another session came between.
  const all = prompts();
  const switches = all.filter(
    ({ pages }, index) => index > 0 && !pages.includes(all[index - 1]!.pages.at(-1)!),
  );
  expect(switches.length).toBeGreaterThan(all.length / 4);
});

test('larger pages are fewer; the same seed makes the same trace', () => {
  const again = generateSessionReferences(options);
  expect(again.ids.join() === trace.ids.join()).toBe(true);
  const large = generateSessionReferences({ ...options, blockTokens: 2_048 });
  const ratio = trace.ids.length / large.ids.length;
  expect(ratio).toBeGreaterThan(3.9);
  expect(ratio).toBeLessThan(4.2);
});

test('what cannot be is told', async () => {
  const wrong: [change: object, message: string][] = [
    [{ blockTokens: 100 }, 'blockTokens: 100 is not allowed; allowed: a multiple of 64 up to 65536'],
    [{ kinds: 0 }, 'kinds: 0 is not allowed; allowed: an integer from 1 to 268435455'],
    [{ sessions: 0 }, 'count: 0 is not allowed; allowed: an integer from 1 to 1000000'],
  ];
  for (const [change, message] of wrong)
    expect(await problemOf(() => generateSessionReferences({ ...options, ...change }))).toBe(
      `INVALID_ARGUMENT: ${message}`,
    );
});
