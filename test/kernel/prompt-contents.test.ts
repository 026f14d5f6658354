/** Names of prompts, kept up to date while tables change: the same as told at once by another kernel that never saw anything else. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../src/base/rng.ts';
import { ContentIds } from '../../src/kernel/content-ids.ts';
import { ContextMemory } from '../../src/kernel/memory/context-memory.ts';
import type { ContentRun } from '../../src/kernel/memory/extent.ts';
import type { Residency } from '../../src/kernel/memory/memory-options.ts';
import { PageTable } from '../../src/kernel/memory/page-table.ts';
import { PromptContents } from '../../src/kernel/prompt-contents.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';

/** One page: a text, a block of a space, or (undefined) one like no other. */
type Content = { readonly text: string } | { readonly block: number } | undefined;

class Prompts {
  readonly contents = new ContentIds();
  readonly memory: ContextMemory;
  readonly tables = [new PageTable(), new PageTable()];

  constructor(residency: Residency) {
    const silent = () => undefined;
    this.memory = new ContextMemory(
      { capacity: 1_000, residency, victims: 'leaf', paging: importanceLru, rng: rngFor(1, 'paging') },
      { faulted: silent, loaded: silent, prefetched: silent, evicted: silent, freed: silent },
    );
  }

  run(content: Content, count: number): ContentRun {
    if (content === undefined) return this.contents.own(7);
    if ('text' in content) return this.contents.ofText('r', content.text, 5).run;
    return this.contents.blocks('s', content.block, count, 3);
  }

  append(table: number, content: Content, count: number, importance: number): void {
    this.memory.append(this.tables[table]!, this.run(content, count), importance, false);
  }
}

/** Told page by page, to a kernel that is new. */
function nameOf(pages: readonly Content[]): string {
  const fresh = new Prompts('independent');
  for (const [index, page] of pages.entries()) fresh.append(0, page, 1, index / pages.length);
  return new PromptContents().tip(fresh.tables[0]!, fresh.contents);
}

const operation = fc.record({
  table: fc.nat({ max: 1 }),
  kind: fc.constantFrom('text', 'block', 'block', 'own', 'truncate', 'drop', 'importance', 'name', 'name'),
  value: fc.nat({ max: 5 }),
  count: fc.integer({ min: 1, max: 4 }),
});

test.each(['independent', 'prefix'] as const)(
  '%s: whatever happens to two tables, each has the name of its contents',
  (residency) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const real = new Prompts(residency);
        const names = real.tables.map(() => new PromptContents());
        const models: Content[][] = [[], []];
        for (const { table: index, kind, value, count } of operations) {
          const table = real.tables[index]!;
          const model = models[index]!;
          const pageAt = value % Math.max(1, model.length);
          if (kind === 'name') {
            expect(names[index]!.tip(table, real.contents)).toBe(nameOf(model));
          } else if (kind === 'truncate') {
            real.memory.truncate(table, pageAt);
            model.length = pageAt;
          } else if (kind === 'drop' || kind === 'importance') {
            const page = numberAt(table, pageAt);
            if (page === undefined) continue;
            if (kind === 'importance') real.memory.setImportance(table, page, value / 5);
            else {
              real.memory.takeOut(table, [page], count > 2);
              model.splice(pageAt, 1);
            }
          } else {
            const content =
              kind === 'own' ? undefined : kind === 'text' ? { text: `${value}` } : { block: value };
            const pages = kind === 'block' ? count : 1;
            real.append(index, content, pages, 0.5);
            for (let page = 0; page < pages; page++)
              model.push(kind === 'block' ? { block: value + page } : content);
          }
        }
        real.tables.forEach((table, index) =>
          expect(names[index]!.tip(table, real.contents)).toBe(nameOf(models[index]!)),
        );
      }),
      { seed: 42, numRuns: 1_000 },
    );
  },
);

function numberAt(table: PageTable, place: number): number | undefined {
  let before = 0;
  for (const { extent, number } of table.entries) {
    if (place < before + extent.count) return number + place - before;
    before += extent.count;
  }
  return undefined;
}

test('different contents have different names; nothing has none', () => {
  const prompts: Content[][] = [
    [{ text: 'a' }],
    [{ text: 'a' }, { text: 'b' }],
    [{ text: 'b' }, { text: 'a' }],
    [{ block: 1 }],
    [{ block: 1 }, { block: 2 }],
    [{ block: 1 }, { block: 3 }],
    [undefined],
    [undefined, undefined],
  ];
  expect(new Set(prompts.map(nameOf)).size).toBe(prompts.length);
  expect(nameOf([])).toBe('');
});
