/**
 * Two stored runs, or branches of one, compared step by step: where they part first, and what they did behind that. Processes are matched by who started them and their names, since pids and the order in which the
 * members of a team come to their results are chance.
 */
import { canonicalJson } from '../base/canonical-json.ts';
import { isRecord } from '../kernel/budget-limits.ts';
import type { Json, Pid } from '../kernel/ids.ts';
import type { StoredStep } from '../agents/traces/stored-steps.ts';
import type { StepUsage } from '../agents/traces/trace.ts';
import type { StoredBranch } from './stored-branch.ts';

type Comparable = Pick<StoredBranch, 'records' | 'steps'>;

export interface BranchDiff {
  /** Pairs of steps that say the same, before the first that do not. */
  readonly common: number;
  /** undefined: they are the same. */
  readonly first: Parting | undefined;
  readonly a: Behind;
  readonly b: Behind;
}

/** The first pair that is not the same; a run that has no such step has none there. */
interface Parting {
  readonly a: StoredStep | undefined;
  readonly b: StoredStep | undefined;
  readonly differences: readonly Difference[];
}

export interface Difference {
  /** `type`, `status`, or a field of its data. */
  readonly field: string;
  readonly a: Json | undefined;
  readonly b: Json | undefined;
}

/** What one of the two did that the other did not, and what it came to. */
export interface Behind {
  readonly steps: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly usage: StepUsage;
  /** Of its root process; '': it has not ended. */
  readonly outcome: string;
  readonly value: Json;
}

export function diffBranches(a: Comparable, b: Comparable): BranchDiff {
  const [stepsOfA, stepsOfB] = [stepsByProcess(a), stepsByProcess(b)];
  const same = new Set<StoredStep>();
  const partings: Parting[] = [];
  for (const key of new Set([...stepsOfA.keys(), ...stepsOfB.keys()])) {
    const [left, right] = [stepsOfA.get(key) ?? [], stepsOfB.get(key) ?? []];
    for (let at = 0; at < Math.max(left.length, right.length); at++) {
      const [one, other] = [left[at], right[at]];
      const differences = differencesOf(one, other);
      if (differences.length > 0) {
        partings.push({ a: one, b: other, differences });
        break;
      }
      same.add(one!).add(other!);
    }
  }
  partings.sort((one, other) => placeOf(one) - placeOf(other));
  return {
    common: same.size / 2,
    first: partings[0],
    a: behind(a, same),
    b: behind(b, same),
  };
}

const placeOf = ({ a, b }: Parting): number => Math.min(a?.sequence ?? Infinity, b?.sequence ?? Infinity);

/** By the names from the root process down, with which of its siblings of that name it is. */
function stepsByProcess({ records, steps }: Comparable): ReadonlyMap<string, readonly StoredStep[]> {
  const keys = new Map<Pid | 0, string>();
  const counts = new Map<string, number>();
  const byProcess = new Map<string, StoredStep[]>();
  for (const record of records) {
    if (record.type !== 'process.started') continue;
    const path = `${keys.get(record.parent) ?? ''}/${record.name}`;
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    keys.set(record.pid, `${path} ${count}`);
    byProcess.set(keys.get(record.pid)!, []);
  }
  for (const step of steps) byProcess.get(keys.get(step.pid)!)?.push(step);
  return byProcess;
}

function differencesOf(a: StoredStep | undefined, b: StoredStep | undefined): readonly Difference[] {
  if (a === undefined || b === undefined) return [{ field: 'step', a: a?.type, b: b?.type }];
  const differences: Difference[] = [];
  const compare = (field: string, one: Json | undefined, other: Json | undefined): void => {
    if (sayable(one) !== sayable(other)) differences.push({ field, a: one, b: other });
  };
  compare('type', a.type, b.type);
  compare('status', a.status, b.status);
  for (const field of new Set([...Object.keys(a.data), ...Object.keys(b.data)]))
    compare(field, a.data[field], b.data[field]);
  return differences;
}

/** Without what is drawn anew each time: the ids by which a model knows its calls, and when something was remembered. */
function sayable(value: Json | undefined): string {
  return value === undefined ? '' : canonicalJson(bare(value));
}

function bare(value: Json): Json {
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item) => {
      if (!isRecord(item)) return bare(item);
      const { id: _id, atUs: _at, ...rest } = item;
      return rest;
    });
  return value;
}

function behind({ records, steps }: Comparable, same: ReadonlySet<StoredStep>): Behind {
  const own = steps.filter((step) => !same.has(step));
  const sum = { tokensIn: 0, tokensCached: 0, tokensOut: 0, microDollars: 0 };
  for (const { usage } of own) {
    sum.tokensIn += usage.tokensIn;
    sum.tokensCached += usage.tokensCached;
    sum.tokensOut += usage.tokensOut;
    sum.microDollars += usage.microDollars;
  }
  const [root] = records;
  const end = steps.find(({ type, pid }) => type === 'conclusion' && pid === root?.pid);
  return {
    steps: own.length,
    modelCalls: own.filter(({ type }) => type === 'llm_call' || type === 'reflection').length,
    toolCalls: own.filter(({ type }) => type === 'tool_call').length,
    usage: sum,
    outcome: (end?.data['outcome'] as string | undefined) ?? '',
    value: end?.data['value'] ?? null,
  };
}
