import { isRecord } from './budget-limits.ts';
import { shown } from './errors.ts';

/**
 * What a process says of itself to the scheduling policies when it is started: plain data, kept in its history. A child has its parent's
 * tickets, weight, client and deadline where it says nothing else. No policy needs all of them; each says what it takes for one that is missing.
 */
export interface SchedulingFacts {
  /** Its share of a lottery, or of stride scheduling: integer, 1 to 1,000,000. */
  readonly tickets?: number;
  /** Its share relative to others' under fair-share policies: 0.01 to 1,000,000. They count it in parts of 1,024. */
  readonly weight?: number;
  /** The instant by which it should have ended, µs after its start. */
  readonly deadlineUs?: number;
  /** Whose service its calls count as: a user, a tenant, a team. */
  readonly client?: string;
  /** Core time that it will take in all, its descendants' included, µs: predicted, or as recorded. */
  readonly expectedCoreUs?: number;
  /** Context memory that its calls will hold while they run, times how long, its descendants' included, token-seconds: up to 2^53 - 1. */
  readonly expectedTokenSeconds?: number;
}

/** The most tickets, and the largest weight. */
export const mostShares = 1_000_000;
export const leastWeight = 0.01;
/** A million tokens for 285 years: fair sharing divides it by weights, and adds it up. */
export const mostTokenSeconds = Number.MAX_SAFE_INTEGER;

const allowedBy: { readonly [Field in keyof SchedulingFacts]-?: string } = {
  tickets: `an integer from 1 to ${mostShares}`,
  weight: `a number from ${leastWeight} to ${mostShares}`,
  deadlineUs: 'an integer above 0 (µs)',
  client: 'a text that is not empty',
  expectedCoreUs: 'an integer of at least 0 (µs)',
  expectedTokenSeconds: `a number from 0 to ${mostTokenSeconds}`,
};
const factNames = Object.keys(allowedBy);

/** One line that names the first field of `facts` that is unknown or out of range; undefined when there is none. */
export function malformedFacts(field: string, facts: unknown): string | undefined {
  if (!isRecord(facts)) return `${field}: ${shown(facts)}; allowed: an object with ${factNames.join(', ')}`;
  for (const [name, value] of Object.entries(facts)) {
    if (!factNames.includes(name))
      return `${field}.${name}: ${shown(value)}; allowed: the fields ${factNames.join(', ')}`;
    const fact = name as keyof SchedulingFacts;
    if (!isAllowed(fact, value)) return `${field}.${name}: ${shown(value)}; allowed: ${allowedBy[fact]}`;
  }
  return undefined;
}

function isAllowed(fact: keyof SchedulingFacts, value: unknown): boolean {
  if (fact === 'client') return typeof value === 'string' && value !== '';
  if (typeof value !== 'number') return false;
  switch (fact) {
    case 'tickets':
      return Number.isInteger(value) && value >= 1 && value <= mostShares;
    case 'weight':
      return value >= leastWeight && value <= mostShares;
    case 'deadlineUs':
      return Number.isSafeInteger(value) && value > 0;
    case 'expectedCoreUs':
      return Number.isSafeInteger(value) && value >= 0;
    case 'expectedTokenSeconds':
      return value >= 0 && value <= mostTokenSeconds;
  }
}

/**
 * The facts of a process that starts at `nowUs` and says `own`: its parent's where they are handed down. A deadline of the parent's that is over gives one
 * that is not above 0.
 */
export function inheritedFacts(
  own: SchedulingFacts | undefined,
  parent: { readonly facts: SchedulingFacts; readonly deadlineUs: number } | undefined,
  nowUs: number,
): SchedulingFacts {
  if (parent === undefined || parent.facts === noFacts) return own ?? noFacts;
  const { tickets, weight, client } = parent.facts;
  return {
    ...(tickets === undefined ? {} : { tickets }),
    ...(weight === undefined ? {} : { weight }),
    ...(client === undefined ? {} : { client }),
    ...(parent.deadlineUs === Infinity ? {} : { deadlineUs: parent.deadlineUs - nowUs }),
    ...own,
  };
}

/** Of a process that says nothing of itself. */
export const noFacts: SchedulingFacts = {};
