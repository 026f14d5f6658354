/**
 * Delta debugging over plain JSON: leaves out of a scenario whatever can go while the same promise breaks, until nothing more can.
 *
 * Source: A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002. Departs from it: works on the tree (lists lose chunks and members, numbers get smaller,
 * what may be left out is), and tries what saves most first.
 */
import type { Json } from '../../src/kernel/ids.ts';
import type { Scenario } from './scenario.ts';

/** What may be left out wherever it stands. */
const optional: ReadonlySet<string> = new Set([
  'acts',
  'approval',
  'budget',
  'cache',
  'checkpointEvery',
  'combiner',
  'concurrency',
  'critique',
  'degradeTo',
  'does',
  'fault',
  'idempotent',
  'iterations',
  'keep',
  'key',
  'limits',
  'maxOutput',
  'parallel',
  'parameters',
  'parent',
  'person',
  'prices',
  'priority',
  'reflectEvery',
  'retries',
  'retryWaitUs',
  'rounds',
  'server',
  'stepTimeoutUs',
  'system',
  'text',
  'times',
  'timeoutUs',
  'toolCalls',
  'tools',
  'whenExhausted',
  'windowTokens',
]);

/** The plainest of several words, by the field that holds it. */
const plainest: Readonly<Record<string, Json>> = {
  deadlocks: 'report',
  oversize: 'fail',
  paging: 'lru',
  preemption: 'none',
  residency: 'independent',
  says: 'approve',
  scheduling: 'fifo',
};

/** What a number is at least, by its field; default 0. */
const least: Readonly<Record<string, number>> = {
  checkpointEvery: 1,
  cores: 1,
  count: 1,
  iterations: 1,
  // One that is over in no time is prolonged without end.
  leaseUs: 100_000,
  maxOutput: 1,
  memoryTokens: 1,
  nth: 1,
  sliceUs: 1,
  stepTimeoutUs: 1,
  timeoutUs: 1,
  times: 1,
  tokens: 1,
  windowTokens: 2,
};

interface Smaller {
  /** How much shorter the JSON gets. */
  readonly saved: number;
  readonly make: () => Json;
}

/** `breaks`: whether the smaller scenario still breaks the same promise. Gives up the search, not the result, after `triesMax` of them. */
export async function shrink(
  scenario: Scenario,
  breaks: (smaller: Scenario) => Promise<boolean>,
  triesMax = 4_000,
): Promise<Scenario> {
  let current = scenario as unknown as Json;
  let tries = 0;

  /** Takes whatever of these goes; what is behind the place of one that went is tried on what is left. */
  async function pass(candidatesOf: (value: Json) => readonly Smaller[]): Promise<boolean> {
    let hasShrunk = false;
    let candidates = candidatesOf(current);
    for (let at = 0; at < candidates.length && tries < triesMax; tries++) {
      const candidate = candidates[at]!.make();
      if (await breaks(candidate as unknown as Scenario)) {
        current = candidate;
        candidates = candidatesOf(current);
        hasShrunk = true;
      } else at++;
    }
    return hasShrunk;
  }

  for (let isSmaller = true; isSmaller;)
    isSmaller = (await pass((value) => smallerThan(value, ''))) || (await pass(earlierThan));
  return current as unknown as Scenario;
}

/** Less happens before the crash, so that what was the seventh flush is the fifth: something is left out, and a crash or a fault comes earlier. */
function earlierThan(value: Json): readonly Smaller[] {
  return smallerThan(value, '')
    .filter(({ saved }) => saved > 0)
    .flatMap(({ saved, make }) => earlierIn(make()).map((earlier) => ({ saved, make: () => earlier })));
}

/** With one `nth` lowered. */
function earlierIn(value: Json): readonly Json[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value))
    return (value as readonly Json[]).flatMap((member, index) =>
      earlierIn(member).map((earlier) => (value as readonly Json[]).with(index, earlier)),
    );
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([name, member]) =>
    (name === 'nth' ? below(member as number) : earlierIn(member)).map((earlier): Json => ({
      ...(value as Readonly<Record<string, Json>>),
      [name]: earlier,
    })),
  );
}

const below = (nth: number): readonly number[] =>
  Array.from({ length: nth - 1 }, (_, index) => nth - 1 - index);

/** Every way to make the value smaller by one step, what saves most first. */
function smallerThan(value: Json, field: string): readonly Smaller[] {
  const all = [...steps(value, field)];
  return all.sort((a, b) => b.saved - a.saved);
}

function* steps(value: Json, field: string): Generator<Smaller> {
  if (typeof value === 'number') yield* smallerNumbers(value, least[field] ?? 0);
  else if (typeof value === 'string') {
    const plain = plainest[field];
    if (plain !== undefined && plain !== value) yield { saved: 1, make: () => plain };
  } else if (Array.isArray(value)) yield* smallerLists(value as readonly Json[], field);
  else if (typeof value === 'object' && value !== null)
    yield* smallerObjects(value as Readonly<Record<string, Json>>, field);
}

function* smallerNumbers(value: number, least: number): Generator<Smaller> {
  const rounder = Number(`1e${String(Math.abs(Math.trunc(value))).length - 1}`) * Math.sign(value);
  const tried = new Set<number>();
  const next = Math.abs(value) <= 20 ? value - Math.sign(value) : 0;
  for (const smaller of [least, 1, rounder, Math.trunc(value / 2), next]) {
    if (Math.abs(smaller) >= Math.abs(value) || Math.abs(smaller) < least || tried.has(smaller)) continue;
    tried.add(smaller);
    yield { saved: 0, make: () => smaller };
  }
}

function* smallerLists(list: readonly Json[], field: string): Generator<Smaller> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2))
    for (let from = 0; from < list.length; from += size) {
      const [before, gone, after] = [
        list.slice(0, from),
        list.slice(from, from + size),
        list.slice(from + size),
      ];
      yield { saved: lengthOf(gone), make: () => [...before, ...after] };
    }
  for (const [index, member] of list.entries())
    for (const { saved, make } of steps(member, field)) yield { saved, make: () => list.with(index, make()) };
}

function* smallerObjects(object: Readonly<Record<string, Json>>, field: string): Generator<Smaller> {
  for (const [name, member] of Object.entries(object)) {
    if (optional.has(name) || field === 'scripts')
      yield {
        saved: lengthOf(member),
        make: () => Object.fromEntries(Object.entries(object).filter(([other]) => other !== name)),
      };
    // A team's members are named like scripts; what a script holds are turns.
    for (const { saved, make } of steps(member, name))
      yield { saved, make: () => ({ ...object, [name]: make() }) };
  }
}

const lengthOf = (value: Json): number => JSON.stringify(value).length;
