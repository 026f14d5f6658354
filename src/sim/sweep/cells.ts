/** The cells of a sweep: each is one run of one policy on one workload, told by plain data alone, so that any thread and any machine makes the same of it. */
import { canonicalJson } from '../../base/canonical-json.ts';
import { sha256Hex } from '../../base/sha256.ts';
import type { Admission, Residency, VictimRule } from '../../kernel/memory/memory-options.ts';
import type { OversizeRule } from '../../kernel/options.ts';
import type { Capacity } from '../paging/capacity.ts';

/** What every cell says. */
interface CellOf<Kind extends string> {
  readonly kind: Kind;
  /** The file, as the sweep names it. */
  readonly workload: string;
  readonly policy: string;
  readonly seed: number;
}

/** A paging policy on a page reference string, as `ringzero page` runs it. */
export interface PageCell extends CellOf<'page'> {
  readonly capacity: Capacity;
  readonly unit: 'pages' | 'size';
  readonly tickUs: number;
}

/** A scheduling policy on recorded agents, or on a scenario, as `ringzero compare` runs it. What is left out is the scenario's own. */
export interface CompareCell extends CellOf<'compare'> {
  /** Context memory of each engine, tokens. */
  readonly capacity?: number;
  /** Of each engine. */
  readonly cores?: number;
  readonly paging?: string;
  readonly loadControl?: string;
  readonly residency?: Residency;
  readonly victims?: VictimRule;
  readonly oversize?: OversizeRule;
  /** For policies that have slices. */
  readonly sliceUs?: number;
  /** Only the first so many; recorded agents alone, as are the next two. */
  readonly agents?: number;
  readonly arrivals?: string;
  readonly latency?: 'recorded' | 'drawn';
}

/** A paging policy on recorded sessions, as `ringzero page --residency prefix` runs it. */
export interface SessionsCell extends CellOf<'sessions'> {
  /** Context memory, tokens. */
  readonly capacity: number;
  /** So many are drawn. */
  readonly sessions: number;
  readonly calls: 'recorded' | 'instant';
  readonly victims: 'leaf' | 'any';
  readonly admission: Admission;
  readonly workflows: 'unknown' | 'known';
}

export type Cell = PageCell | CompareCell | SessionsCell;
export type CellKind = Cell['kind'];

export interface KeyedCell {
  /** Names what comes out of it: two cells of one key have the same result. 64 hexadecimal digits. */
  readonly key: string;
  readonly cell: Cell;
}

/** Changes with whatever may change the result: the version of this program, the content of the workload (SHA-256, hexadecimal), and all that the cell says but the file's name. */
export function keyOf(
  { workload: _name, ...cell }: Cell,
  { version, content }: { readonly version: string; readonly content: string },
): string {
  return sha256Hex(canonicalJson({ cell, content, version }));
}

/** For people: `lru, seed 1, zipf.ids, capacity 10%`. */
export function cellWords(cell: Cell): string {
  const { kind: _kind, policy, seed, workload, ...rest } = cell;
  const more = Object.entries(rest).map(
    ([name, value]: [string, string | number | Capacity]) =>
      `${name} ${typeof value === 'object' ? shownCapacity(value) : value}`,
  );
  return [policy, `seed ${seed}`, workload, ...more].join(', ');
}

export function shownCapacity(capacity: Capacity): string {
  // A share was written in percent: its digits are not those of the double.
  return 'amount' in capacity
    ? String(capacity.amount)
    : `${Number((capacity.share * 100).toPrecision(12))}%`;
}
