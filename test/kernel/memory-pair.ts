/** Context memory and its naive model side by side: each step is done to both, and each tells what it led to. */
import { assert } from '../../src/base/assert.ts';
import { rngFor } from '../../src/base/rng.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { ContextMemory } from '../../src/kernel/memory/context-memory.ts';
import { PageTable } from '../../src/kernel/memory/page-table.ts';
import { pagingPolicies } from '../../src/policies/paging/index.ts';
import { NaiveMemory, ownSpace, type NaiveOptions, type NaiveTable } from './naive-memory.ts';

export const tables = 4;

export type Step = EntryStep | PromptStep;

/** Of the prompt of a process without a running call. */
type PromptStep =
  | {
      readonly op: 'append';
      readonly table: number;
      readonly space: number;
      readonly first: number;
      readonly count: number;
      readonly importance: number;
      readonly pinned: boolean;
    }
  | { readonly op: 'own'; readonly table: number; readonly count: number; readonly tokens: number }
  | { readonly op: 'begin' | 'call' | 'answer'; readonly table: number; readonly room: number }
  | { readonly op: 'bypass'; readonly table: number }
  | { readonly op: 'truncate'; readonly table: number; readonly nth: number }
  /** Every `stride`-th page from the nth on, `count` of them at most. */
  | {
      readonly op: 'drop' | 'free';
      readonly table: number;
      readonly nth: number;
      readonly count: number;
      readonly stride: number;
    };

/** Possible at any time. */
type EntryStep =
  | { readonly op: 'end' | 'release'; readonly table: number }
  | { readonly op: 'touch' | 'pin' | 'unpin'; readonly table: number; readonly nth: number }
  | { readonly op: 'importance'; readonly table: number; readonly nth: number; readonly importance: number };

/** What one step led to. The order of loads and frees means nothing, that of faults and victims does. */
export interface Told {
  readonly faults: readonly string[];
  readonly evicted: readonly number[];
  readonly loaded: readonly number[];
  readonly freed: readonly number[];
  readonly resident: readonly number[];
}

/** Contents of space 0 have 1 token, of 2 and 3 as many: pages differ in size. */
const tokensOf = (space: number): number => Math.max(1, space);

type CallStep = Extract<Step, { op: 'begin' | 'call' | 'answer' }>;

export class MemoryPair {
  private readonly naive: NaiveMemory;
  private readonly real: ContextMemory;
  private readonly naiveTables: NaiveTable[];
  private readonly realTables = Array.from({ length: tables }, () => new PageTable());
  private readonly told = {
    faults: [] as string[],
    evicted: [] as number[],
    loaded: [] as number[],
    freed: [] as number[],
  };
  private readonly resident = new Set<number>();
  private nowUs = 0;
  private nextContent = 1;

  constructor(given: NaiveOptions) {
    this.naive = new NaiveMemory(given);
    this.naiveTables = Array.from({ length: tables }, () => this.naive.addTable());
    const { told, resident } = this;
    this.real = new ContextMemory(
      { ...given, paging: pagingPolicies[given.paging], rng: rngFor(1, 'memory') },
      {
        faulted: (_pid, kind, pages, tokens) =>
          void told.faults.push(`${kind} ${pages} pages ${tokens} tokens`),
        loaded: (page, pages) => {
          for (const id of idsOf(page, pages)) {
            assert(!resident.has(id), () => `page ${id} is loaded twice`);
            resident.add(id);
            told.loaded.push(id);
          }
        },
        prefetched: () => assert(false, 'nobody asked for a prefetch'),
        evicted: (page, pages) => {
          // Leaves go from the tail.
          const ids = idsOf(page, pages);
          told.evicted.push(...(given.residency === 'prefix' ? ids.reverse() : ids));
          for (const id of ids) resident.delete(id);
        },
        freed: (page, pages) => {
          told.freed.push(...idsOf(page, pages));
          for (const id of idsOf(page, pages)) resident.delete(id);
        },
      },
    );
  }

  run(step: Step): { readonly real: Told; readonly naive: Told } {
    const { naive, told } = this;
    // Some operations at one instant, some far apart.
    this.nowUs += [0, 0, 1, 1_000_000, 3_600_000_000][this.nextContent++ % 5]!;
    naive.startOperation();
    told.faults = [];
    told.evicted = [];
    told.loaded = [];
    told.freed = [];
    const mine = this.naiveTables[step.table]!;
    const theirs = this.realTables[step.table]!;
    if (isOfEntry(step)) this.onEntry(step, mine, theirs);
    // The prompt of a running call cannot change, nor can it begin twice.
    else if (mine.room < 0) this.onPrompt(step, mine, theirs);
    this.real.checkInvariants();
    return {
      real: {
        faults: told.faults,
        evicted: told.evicted,
        loaded: sorted(told.loaded),
        freed: sorted(told.freed),
        resident: sorted([...this.resident]),
      },
      naive: {
        faults: naive.faults,
        evicted: naive.evicted,
        loaded: sorted(naive.loaded),
        freed: sorted(naive.freed),
        resident: naive.residentIds(),
      },
    };
  }

  private onEntry(step: EntryStep, mine: NaiveTable, theirs: PageTable): void {
    const { naive, real, nowUs } = this;
    switch (step.op) {
      case 'end':
        if (mine.room < 0) return;
        naive.end(mine);
        return real.end(theirs, this.nowUs);
      case 'release':
        naive.release(mine);
        return real.release(theirs, pidOf(step), this.nowUs);
      case 'importance': {
        const page = pageOf(mine, step.nth);
        return same(
          step,
          naive.setImportance(mine, page, step.importance),
          real.setImportance(theirs, page, step.importance),
        );
      }
      case 'pin':
      case 'unpin': {
        const page = pageOf(mine, step.nth);
        return same(
          step,
          naive.setPinned(mine, page, step.op === 'pin'),
          real.setPinned(theirs, page, step.op === 'pin'),
        );
      }
      case 'touch': {
        const page = pageOf(mine, step.nth);
        return same(step, naive.touch(mine, page, nowUs), real.touch(theirs, page, pidOf(step), nowUs));
      }
    }
  }

  private onPrompt(step: PromptStep, mine: NaiveTable, theirs: PageTable): void {
    const { naive, real } = this;
    switch (step.op) {
      case 'append': {
        const { space, first, count, importance, pinned } = step;
        naive.append(mine, space, first, count, tokensOf(space), importance, pinned);
        real.append(theirs, { space, first, count, tokensEach: tokensOf(space) }, importance, pinned);
        return;
      }
      case 'own': {
        const { count, tokens } = step;
        const first = 1_000 * this.nextContent;
        naive.append(mine, ownSpace, first, count, tokens, 0.5, false);
        real.append(theirs, { space: ownSpace, first, count, tokensEach: tokens }, 0.5, false);
        return;
      }
      case 'begin':
      case 'call':
      case 'answer':
        return this.call(step, mine, theirs);
      case 'bypass':
        naive.beginBypassed(mine);
        real.beginBypassed(theirs, pidOf(step));
        return;
      case 'drop':
      case 'free': {
        const { op, nth, count, stride } = step;
        const from = mine.entries.length === 0 ? 0 : nth % mine.entries.length;
        const pages = mine.entries
          .slice(from)
          .filter((_, at) => at % stride === 0)
          .slice(0, count)
          .map(({ number }) => number);
        if (pages.length === 0) return;
        naive.takeOut(mine, pages, op === 'free');
        return real.takeOut(theirs, pages, op === 'free');
      }
      case 'truncate': {
        const pages = step.nth % (mine.entries.length + 1);
        naive.truncate(mine, pages);
        return real.truncate(theirs, pages);
      }
    }
  }

  private call(step: CallStep, mine: NaiveTable, theirs: PageTable): void {
    const { naive, real, nowUs } = this;
    const { op, room } = step;
    const couldBegin = real.couldBegin(theirs, room);
    const outcome = naive.begin(mine, room, nowUs);
    same(step, outcome, real.begin(theirs, pidOf(step), room, nowUs).outcome);
    if (outcome !== 'too-large') same(step, outcome === 'begun', couldBegin);
    if (outcome !== 'begun' || op === 'begin') return;
    naive.end(mine);
    real.end(theirs, this.nowUs);
    if (op !== 'answer') return;
    const content = 100 + (this.nextContent % 3);
    naive.appendResident(mine, 0, content, 1, 0.7, nowUs);
    real.appendResident(theirs, { space: 0, first: content, count: 1, tokensEach: 1 }, 0.7, nowUs);
  }
}

const idsOf = (page: number, pages: number): number[] =>
  Array.from({ length: pages }, (_, index) => page + index);

/** A page of the table, or one that nobody has. */
const pageOf = ({ entries }: NaiveTable, nth: number): number =>
  entries[nth % Math.max(1, entries.length)]?.number ?? 1_000_000;

const isOfEntry = (step: Step): step is EntryStep =>
  ['end', 'release', 'touch', 'pin', 'unpin', 'importance'].includes(step.op);

const pidOf = ({ table }: Step): Pid => (table + 1) as Pid;

const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

function same(step: Step, naive: unknown, real: unknown): void {
  assert(
    naive === real,
    () => `${JSON.stringify(step)}: ${String(real)} where the naive model says ${String(naive)}`,
  );
}
