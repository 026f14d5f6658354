/**
 * Sweep files: policies × workloads × capacities × seeds, written by a person (docs/sweep.md documents every field). All of it is checked before anything runs; the first
 * mistake becomes one line with the file, the path to the field, its value and what is allowed.
 */
import { KernelError } from '../../kernel/errors.ts';
import {
  kernelPagingNames,
  loadControlPolicies,
  pagingPolicies,
  schedulingPolicies,
  sessionPolicies,
} from '../../policies/index.ts';
import { parseShare, type Capacity } from '../paging/capacity.ts';
import { pageReplayDefaults } from '../paging/page-replay.ts';
import { providerCaches } from '../sessions/provider-cache.ts';
import { cellDefaults } from '../sessions/session-cell.ts';
import { sessionContenders } from '../sessions/session-contenders.ts';
import { parseArrivals } from '../workloads/arrivals.ts';
import {
  documentOf,
  integer,
  list,
  name,
  object,
  oneOf,
  refused,
  tagged,
  timeUs,
  type Reader,
} from '../workloads/checked-json.ts';
import type { Cell, CellKind } from './cells.ts';

export interface Sweep {
  readonly name: string;
  readonly grids: readonly Grid[];
  /** Every grid's seeds are in the file. */
  readonly hasSeeds: boolean;
}

/** One product of policies, workloads and so on. */
interface Grid {
  /** Default: its kind and its number. */
  readonly name: string;
  readonly kind: CellKind;
  /** Files, as they are written in the sweep. */
  readonly workloads: readonly string[];
  /** Of one workload, in order: by what is varied beside the policy, then by policy, then by seed. */
  readonly cellsOf: (workload: string) => readonly Cell[];
}

/** More would not be waited for; and all keys are held in memory. */
const mostCells = 100_000;

/** `text`: of the file; `seed`: where it names none. Throws KernelError INVALID_FILE. */
export function parseSweep(file: string, text: string, seed = 1): Sweep {
  const document = documentOf(file, text);
  const { name: title = file, seeds = [seed], grids } = sweep(document);
  const all = grids.reduce(
    (sum, { workloads, count, seeds: own = seeds }) => sum + new Set(workloads).size * count * own.length,
    0,
  );
  if (all > mostCells)
    throw new KernelError('INVALID_FILE', `${file}: ${all} cells; allowed: ${mostCells} at most`);
  const read = grids.map((grid, index): Grid => {
    const { name: own = `${grid.kind} ${index + 1}`, kind, workloads } = grid;
    const cellsOf = (workload: string): readonly Cell[] => grid.cells(workload, grid.seeds ?? seeds);
    return { name: own, kind, workloads: [...new Set(workloads)], cellsOf };
  });
  const taken = new Set<string>();
  for (const [index, grid] of read.entries()) {
    if (taken.has(grid.name))
      throw refused(
        { file, path: `grids[${index}].name`, value: grid.name },
        'a name that no other grid has',
      );
    taken.add(grid.name);
  }
  const hasSeeds = document.value !== null && 'seeds' in (document.value as object);
  return { name: title, grids: read, hasSeeds: hasSeeds || grids.every((grid) => grid.seeds !== undefined) };
}

// ---- What a document may say ---------------------------------------------------------------------------------------------

/** One value, or a list of at least one; what is named twice is taken once. */
function oneOrMore<Item>(item: Reader<Item>): Reader<readonly Item[]> {
  const items = list(item, 1);
  return (field) => distinct(Array.isArray(field.value) ? items(field) : [item(field)]);
}

function distinct<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** Names, or `all` for those of `every`. */
function names(allowed: readonly string[], every: readonly string[] = allowed): Reader<readonly string[]> {
  const some = oneOrMore(oneOf(['all', ...allowed]));
  return (field) => distinct(some(field).flatMap((one) => (one === 'all' ? every : [one])));
}

const range = object({ from: integer(0), count: integer(1, 10_000) }, {});
const listed = oneOrMore(integer(0));
/** `[1, 2, 3]`, or `{"from": 1, "count": 3}`. */
const seeds: Reader<readonly number[]> = (field) => {
  if (typeof field.value !== 'object' || Array.isArray(field.value)) return listed(field);
  const { from, count } = range(field);
  if (!Number.isSafeInteger(from + count)) throw refused(field, `seeds up to ${Number.MAX_SAFE_INTEGER}`);
  return Array.from({ length: count }, (_, index) => from + index);
};

const capacity: Reader<Capacity> = (field) => {
  const { value } = field;
  const share = typeof value === 'string' ? parseShare(value) : undefined;
  if (share !== undefined) return share;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return { amount: value };
  throw refused(field, 'an integer of at least 1, or a share of the footprint such as "10%"');
};

const arrivals: Reader<string> = (field) => {
  const spelled = String(field.value);
  try {
    parseArrivals(spelled);
  } catch {
    throw refused(field, 'all, recorded, poisson:RATE with RATE in agents an hour, greater than 0');
  }
  return spelled;
};

const common = { workloads: oneOrMore(name) };
const commonOptional = { name, seeds };

/** What each kind of grid makes of a workload. */
interface Product {
  readonly kind: CellKind;
  readonly name?: string;
  readonly seeds?: readonly number[];
  readonly workloads: readonly string[];
  /** Cells of one workload and one seed. */
  readonly count: number;
  readonly cells: (workload: string, seeds: readonly number[]) => readonly Cell[];
}

const pageFields = object(
  {
    kind: oneOf(['page']),
    ...common,
    policies: names(Object.keys(pagingPolicies)),
    capacities: oneOrMore(capacity),
  },
  { ...commonOptional, unit: oneOf(['pages', 'size']), tick: timeUs(1) },
);
const pageGrid: Reader<Product> = (field) => {
  const { policies, capacities, unit, tick, ...grid } = pageFields(field);
  const rest = { unit: unit ?? pageReplayDefaults.unit, tickUs: tick ?? pageReplayDefaults.tickUs };
  return {
    ...grid,
    count: capacities.length * policies.length,
    cells: (workload, all) =>
      capacities.flatMap((one) =>
        policies.flatMap((policy) =>
          all.map((seed) => ({ kind: 'page' as const, workload, policy, seed, capacity: one, ...rest })),
        ),
      ),
  };
};

const compareFields = object(
  { kind: oneOf(['compare']), ...common, policies: names(Object.keys(schedulingPolicies)) },
  {
    ...commonOptional,
    capacities: oneOrMore(integer(1)),
    cores: oneOrMore(integer(1, 65_536)),
    paging: names(kernelPagingNames),
    loadControl: names(Object.keys(loadControlPolicies)),
    residency: oneOf(['independent', 'prefix']),
    victims: oneOf(['any', 'leaf']),
    oversize: oneOf(['fail', 'bypass']),
    slice: timeUs(1),
    agents: integer(1),
    arrivals,
    latency: oneOf(['recorded', 'drawn']),
  },
);
const compareGrid: Reader<Product> = (field) => {
  const { policies, capacities, cores, paging, loadControl, slice, ...more } = compareFields(field);
  const { name: own, seeds: ownSeeds, kind, workloads, ...fixed } = more;
  const rest = { ...fixed, ...(slice === undefined ? {} : { sliceUs: slice }) };
  const machines = product([
    choices('capacity', capacities),
    choices('cores', cores),
    choices('paging', paging),
    choices('loadControl', loadControl),
  ]);
  return {
    kind,
    workloads,
    count: machines.length * policies.length,
    ...(own === undefined ? {} : { name: own }),
    ...(ownSeeds === undefined ? {} : { seeds: ownSeeds }),
    cells: (workload, all) =>
      machines.flatMap((machine) =>
        policies.flatMap((policy) =>
          all.map((seed) => ({ kind: 'compare' as const, workload, policy, seed, ...machine, ...rest })),
        ),
      ),
  };
};

/** `opt` knows of plain page references alone. */
const sessionNames = distinct([
  ...sessionContenders.map(({ name: own }) => own),
  ...Object.keys({ ...pagingPolicies, ...sessionPolicies }).filter((one) => one !== 'opt'),
  ...providerCaches.map(({ name: own }) => own),
]);
const sessionsFields = object(
  {
    kind: oneOf(['sessions']),
    ...common,
    policies: names(
      sessionNames,
      sessionContenders.map(({ name: own }) => own),
    ),
    capacities: oneOrMore(integer(1)),
    sessions: oneOrMore(integer(1)),
  },
  {
    ...commonOptional,
    calls: oneOf(['recorded', 'instant']),
    victims: oneOf(['leaf', 'any']),
    admission: oneOf(['may', 'must']),
    workflows: oneOf(['unknown', 'known']),
  },
);
const sessionsGrid: Reader<Product> = (field) => {
  const { policies, capacities, sessions, calls, victims, admission, workflows, ...grid } =
    sessionsFields(field);
  const rest = {
    calls: calls ?? cellDefaults.calls,
    victims: victims ?? cellDefaults.victims,
    admission: admission ?? cellDefaults.admission,
    workflows: workflows ?? cellDefaults.workflows,
  };
  const machines = product([choices('capacity', capacities), choices('sessions', sessions)]);
  return {
    ...grid,
    count: machines.length * policies.length,
    cells: (workload, all) =>
      machines.flatMap((machine) =>
        policies.flatMap((policy) =>
          all.map((seed) => ({
            kind: 'sessions' as const,
            workload,
            policy,
            seed,
            ...(machine as { readonly capacity: number; readonly sessions: number }),
            ...rest,
          })),
        ),
      ),
  };
};

const sweep = object(
  {
    grids: list(tagged<Product>('kind', { page: pageGrid, compare: compareGrid, sessions: sessionsGrid }), 1),
  },
  { name, seeds },
);

/** One of them, or that nothing is said. */
function choices(
  field: string,
  values: readonly (string | number)[] | undefined,
): readonly Readonly<Record<string, string | number>>[] {
  return values === undefined ? [{}] : values.map((value) => ({ [field]: value }));
}

function product(
  parts: readonly (readonly Readonly<Record<string, string | number>>[])[],
): readonly Readonly<Record<string, string | number>>[] {
  return parts.reduce((done, part) => done.flatMap((one) => part.map((more) => ({ ...one, ...more }))), [{}]);
}
