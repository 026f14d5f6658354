/** What can be limited, in which windows, and how a budget tree is written down. Everything here is checked at the edge. */
import type { CheaperModel, ExhaustionRule } from './budget-rules.ts';
import { invalid } from './errors.ts';
import { checkKnownFields } from './known-fields.ts';

/** `coreUs` is time on a core in µs, `microDollars` money, `calls` model calls. */
export type BudgetResource = 'tokens' | 'calls' | 'microDollars' | 'coreUs';

/** Integers, 0 or more. */
export interface BudgetAmounts {
  readonly tokens: number;
  readonly calls: number;
  readonly microDollars: number;
  readonly coreUs: number;
}

/**
 * For how long an amount counts. `total`: for ever. `fixed`: until the next multiple of the length, counted from time 0.
 * `sliding`: for one length from the instant at which it was reserved, that instant included, the end excluded.
 */
export type BudgetWindow =
  | { readonly kind: 'total' }
  | { readonly kind: 'fixed'; readonly lengthUs: number }
  | { readonly kind: 'sliding'; readonly lengthUs: number };

/** At most `amount` (an integer, 0 or more) of `resource` in each window. */
export interface BudgetLimit {
  readonly resource: BudgetResource;
  readonly amount: number;
  readonly window: BudgetWindow;
}

/** One node of the tree. Without a parent it is a root; without limits it only passes on to its parent. */
export interface BudgetNodeSpec {
  readonly name: string;
  readonly parent?: string;
  readonly limits?: readonly BudgetLimit[];
  /** What becomes of a call that these limits refuse; default `wait`. Where several nodes refuse it, the rule of the nearest applies. */
  readonly whenExhausted?: ExhaustionRule;
  /** For `degrade`. */
  readonly degradeTo?: CheaperModel;
}

export const hourUs = 3_600_000_000;

/** The source system's quota: 100,000 tokens and 1,000 calls an hour (fixed windows). */
export const defaultQuota: readonly BudgetLimit[] = [
  { resource: 'tokens', amount: 100_000, window: { kind: 'fixed', lengthUs: hourUs } },
  { resource: 'calls', amount: 1_000, window: { kind: 'fixed', lengthUs: hourUs } },
];

const nodeFields = ['name', 'parent', 'limits', 'whenExhausted', 'degradeTo'];

/** In the order of reports. */
export const budgetResources: readonly BudgetResource[] = ['tokens', 'calls', 'microDollars', 'coreUs'];

/** A switch, because reading a field by a computed name is several times slower. */
export function amountOf(amounts: BudgetAmounts, resource: BudgetResource): number {
  switch (resource) {
    case 'tokens':
      return amounts.tokens;
    case 'calls':
      return amounts.calls;
    case 'microDollars':
      return amounts.microDollars;
    case 'coreUs':
      return amounts.coreUs;
  }
}

/** Two limits with one key are the same limit, perhaps with another amount. */
export function limitKey({ resource, window }: BudgetLimit): string {
  return window.kind === 'total' ? `${resource} total` : `${resource} ${window.kind} ${window.lengthUs}`;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks what a user wrote, whatever its real type is. `taken` are the names of nodes that exist already; a parent is one of
 * them or of `specs`, in any order. Throws KernelError INVALID_ARGUMENT.
 */
export function checkNodeSpecs(
  specs: readonly BudgetNodeSpec[],
  taken: { has(name: string): boolean } = new Set(),
): void {
  const parents = new Map<string, string | undefined>();
  specs.forEach((spec, index) => {
    if (!isRecord(spec))
      throw invalid(
        `budgets[${index}]`,
        spec,
        'a node: { name, parent?, limits?, whenExhausted?, degradeTo? }',
      );
    const { name, parent, limits } = spec;
    if (typeof name !== 'string' || name === '') {
      throw invalid(`budgets[${index}].name`, name, 'a text of at least one character');
    }
    if (parents.has(name) || taken.has(name)) {
      throw invalid(`budgets[${index}].name`, name, 'a name that no other budget has');
    }
    checkKnownFields(`budget ${name}: `, spec, nodeFields);
    parents.set(name, parent);
    if (limits !== undefined) checkLimits(limits, `budget ${name}, limits`);
  });
  for (const [name, parent] of parents) {
    if (parent === undefined || parents.has(parent) || taken.has(parent)) continue;
    throw invalid(`budget ${name}, parent`, parent, 'the name of another budget');
  }
  const cycle = findCycle(parents);
  if (cycle !== undefined) {
    throw invalid('budgets, parents', cycle.join(' -> '), 'a tree: no budget is its own ancestor');
  }
}

function checkLimits(limits: readonly BudgetLimit[], field: string): void {
  if (!Array.isArray(limits)) throw invalid(field, limits, 'a list of { resource, amount, window }');
  const keys = new Set<string>();
  limits.forEach((limit: BudgetLimit, index) => {
    const at = `${field}[${index}]`;
    if (!isRecord(limit)) throw invalid(at, limit, '{ resource, amount, window }');
    if (!budgetResources.includes(limit.resource)) {
      throw invalid(`${at}.resource`, limit.resource, budgetResources.join(', '));
    }
    if (!isCount(limit.amount)) throw invalid(`${at}.amount`, limit.amount, 'an integer, 0 or more');
    checkKnownFields(`${at}.`, limit, ['resource', 'amount', 'window']);
    checkWindow(limit.window, `${at}.window`);
    const key = limitKey(limit);
    if (keys.has(key)) throw invalid(at, key, 'one limit for each resource and window');
    keys.add(key);
  });
}

function checkWindow(window: BudgetWindow, field: string): void {
  if (!isRecord(window)) throw invalid(field, window, '{ kind, lengthUs }');
  switch (window.kind) {
    case 'total':
      checkKnownFields(`${field}.`, window, ['kind']);
      return;
    case 'fixed':
    case 'sliding':
      checkKnownFields(`${field}.`, window, ['kind', 'lengthUs']);
      if (!isCount(window.lengthUs) || window.lengthUs === 0) {
        throw invalid(`${field}.lengthUs`, window.lengthUs, 'an integer above 0');
      }
      return;
    default:
      throw invalid(`${field}.kind`, (window as BudgetWindow).kind, 'total, fixed, sliding');
  }
}

/** The names along one cycle, the first repeated at the end; undefined when the parents form a forest. O(nodes). */
function findCycle(parents: ReadonlyMap<string, string | undefined>): readonly string[] | undefined {
  const rooted = new Set<string>(); // known to lead to a root
  for (const start of parents.keys()) {
    const path = new Set<string>(); // in walking order
    let name: string | undefined = start;
    while (name !== undefined && parents.has(name) && !rooted.has(name)) {
      if (path.has(name)) {
        const walked = [...path];
        return [...walked.slice(walked.indexOf(name)), name];
      }
      path.add(name);
      name = parents.get(name);
    }
    for (const one of path) rooted.add(one);
  }
  return undefined;
}
