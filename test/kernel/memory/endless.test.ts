/** A memory without end finds what one finds that never fills, and looks only at what is new. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { assemble, tipOf, type PromptDelta } from '../../../src/kernel/checkpoint-chain.ts';
import { ContentIds } from '../../../src/kernel/content-ids.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { ContextMemory } from '../../../src/kernel/memory/context-memory.ts';
import { ownSpace } from '../../../src/kernel/memory/extent.ts';
import type { Residency } from '../../../src/kernel/memory/memory-options.ts';
import { PageTable } from '../../../src/kernel/memory/page-table.ts';
import type { PromptNode } from '../../../src/kernel/records.ts';
import { ToldPrompt } from '../../../src/kernel/told-prompt.ts';
import { importanceLru } from '../../../src/policies/paging/importance-lru.ts';
import { seedCount } from '../../support/seeds.ts';

const tables = 2;

type Operation =
  | { readonly type: 'shared'; readonly table: number; readonly first: number; readonly count: number }
  | { readonly type: 'own'; readonly table: number; readonly tokens: number; readonly isPinned: boolean }
  | { readonly type: 'answer' | 'call' | 'checkpoint'; readonly table: number }
  | {
      readonly type: 'touch' | 'drop' | 'truncate' | 'pin' | 'unpin' | 'important';
      readonly table: number;
      readonly nth: number;
    };

const table = fc.nat({ max: tables - 1 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    type: fc.constant('shared' as const),
    table,
    first: fc.nat({ max: 3 }),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    type: fc.constant('own' as const),
    table,
    tokens: fc.integer({ min: 1, max: 9 }),
    isPinned: fc.boolean(),
  }),
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('call' as const, 'checkpoint' as const), table }),
  },
  fc.record({ type: fc.constant('answer' as const), table }),
  fc.record({
    type: fc.constantFrom(
      'touch' as const,
      'drop' as const,
      'truncate' as const,
      'pin' as const,
      'unpin' as const,
      'important' as const,
    ),
    table,
    nth: fc.nat({ max: 12 }),
  }),
);

/** Does the operations; tells what each call found, and holds every checkpoint against the whole prompt. */
function run(capacity: number, residency: Residency, operations: readonly Operation[]): unknown[] {
  const told: unknown[] = [];
  const memory = new ContextMemory(
    {
      capacity,
      residency,
      victims: residency === 'prefix' ? 'leaf' : 'any',
      paging: importanceLru,
      rng: rngFor(1, 'test'),
    },
    {
      faulted: (pid, kind, pages, tokens) => told.push(['fault', pid, kind, pages, tokens]),
      loaded: () => {},
      prefetched: () => {},
      evicted: (page) => told.push(['evicted', page]),
      freed: () => {},
    },
  );
  const contents = new ContentIds();
  const prompts = Array.from({ length: tables }, () => new PageTable());
  const checkpoints = prompts.map(() => ({ told: new ToldPrompt(), deltas: [] as PromptDelta[] }));
  // What is dropped may stay as cache in one of them and leave the other: it must not come again.
  let space = 100;
  let own = 1;
  let nowUs = 0;
  for (const each of operations) {
    nowUs++;
    const prompt = prompts[each.table]!;
    const pid = (each.table + 1) as Pid;
    const page = (nth: number): number | undefined => {
      const entry = prompt.entries[nth % Math.max(1, prompt.entries.length)];
      return entry?.number;
    };
    switch (each.type) {
      case 'shared':
        // The same beginning for all, then contents that nobody else has.
        if (prompt.nextNumber === 1)
          memory.append(prompt, { space: 2, first: 0, count: 6, tokensEach: 5 }, 0.5, false);
        else
          memory.append(
            prompt,
            { space: space++, first: each.first, count: each.count, tokensEach: 3 },
            0.5,
            false,
          );
        break;
      case 'own':
        memory.append(
          prompt,
          { space: ownSpace, first: own++, count: 1, tokensEach: each.tokens },
          0.7,
          each.isPinned,
        );
        break;
      case 'answer':
        memory.appendResident(prompt, { space: ownSpace, first: own++, count: 1, tokensEach: 7 }, 0.7, nowUs);
        break;
      case 'call':
        told.push(['call', pid, { ...memory.begin(prompt, pid, 10, nowUs) }, memory.roomTokens]);
        memory.checkInvariants();
        memory.end(prompt, nowUs);
        break;
      case 'checkpoint': {
        const { told: said, deltas } = checkpoints[each.table]!;
        deltas.push(said.next(prompt, contents));
        const whole: PromptNode[] = prompt.entries.flatMap(({ extent, importance, pinned, number }) =>
          contents.describe(extent, importance, pinned, number),
        );
        const first = deltas.findLastIndex(({ base }) => base === '');
        expect(assemble(deltas.slice(first))).toEqual(whole);
        expect(deltas.at(-1)!.tip).toBe(tipOf(whole));
        break;
      }
      default: {
        const number = page(each.nth);
        if (number === undefined) break;
        if (each.type === 'touch') told.push(memory.touch(prompt, number, pid, nowUs));
        else if (each.type === 'drop') memory.takeOut(prompt, [number], false);
        else if (each.type === 'truncate') memory.truncate(prompt, Math.min(each.nth, prompt.pages));
        else if (each.type === 'important') memory.setImportance(prompt, number, each.nth / 12);
        else memory.setPinned(prompt, number, each.type === 'pin');
      }
    }
    memory.checkInvariants();
  }
  return told;
}

test.each(['prefix', 'independent'] as const)(
  'in %s residency calls find the same, and checkpoints tell the whole prompt',
  (residency) => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 15, maxLength: 40, size: 'max' }), (operations) => {
        expect(run(Infinity, residency, operations)).toEqual(run(1e12, residency, operations));
      }),
      { seed: 1, numRuns: seedCount(100, 20_000) },
    );
  },
);

test.each(['prefix', 'independent'] as const)(
  'in %s residency what nobody uses any more leaves a memory without end at once, and what somebody uses stays',
  (residency) => {
    const memory = new ContextMemory(
      {
        capacity: Infinity,
        residency,
        victims: residency === 'prefix' ? 'leaf' : 'any',
        paging: importanceLru,
        rng: rngFor(1, 'test'),
      },
      { faulted: () => {}, loaded: () => {}, prefetched: () => {}, evicted: () => {}, freed: () => {} },
    );
    const [one, other] = [new PageTable(), new PageTable()];
    for (const prompt of [one, other]) {
      memory.append(prompt, { space: 2, first: 0, count: 6, tokensEach: 5 }, 0.5, false);
      memory.append(
        prompt,
        { space: ownSpace, first: prompt === one ? 1 : 2, count: 1, tokensEach: 8 },
        0.5,
        false,
      );
      memory.begin(prompt, 1 as Pid, 10, 1);
      memory.end(prompt, 2);
    }
    expect(memory.residentTokens).toBe(30 + 8 + 8);
    memory.release(one, 1 as Pid, 3);
    expect(memory.residentTokens).toBe(30 + 8);
    memory.truncate(other, 6);
    expect(memory.residentTokens).toBe(30);
    memory.release(other, 1 as Pid, 4);
    expect(memory.residentTokens).toBe(0);
  },
);
