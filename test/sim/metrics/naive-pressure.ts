/** Pressure by definition: what each process did, as intervals over the whole stream, looked at segment by segment and period by period. */
import type { BudgetNodeSpec } from '../../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';

type Resource = 'cores' | 'memory' | 'budget';
type Doing = Resource | 'ready' | 'productive' | 'idle';

interface Part {
  readonly fromUs: number;
  readonly toUs: number;
  readonly doing: Doing;
}

interface NaiveLine {
  readonly total: number;
  /** Over 10, 60 and 300 s. */
  readonly averages: readonly number[];
  /** [from, to) in which it held. */
  readonly spans: readonly (readonly [number, number])[];
}

export type NaivePressure = Readonly<
  Record<Resource, { readonly some: NaiveLine; readonly full: NaiveLine }>
>;

/** Of the processes of `node` and below; undefined: of all. */
export function naivePressure(
  events: readonly KernelEvent[],
  endUs: number,
  budgets: readonly BudgetNodeSpec[] = [],
  node?: string,
): NaivePressure {
  const startUs = events[0]?.atUs ?? endUs;
  const held = heldSpans(events, endUs);
  const pids = events.flatMap((event) =>
    event.type === 'process.spawned' && isBelow(budgets, event.budget, node) ? [event] : [],
  );
  const lives = pids.map(({ pid, engine, atUs }) => ({
    parts: partsOf(events, pid, endUs),
    // The last of them at an instant is where it was from then on.
    places: events.reduce(
      (places, event) =>
        event.type === 'process.migrated' && event.pid === pid
          ? [...places, { fromUs: event.atUs, engine: event.to }]
          : places,
      [{ fromUs: atUs, engine }],
    ),
  }));
  const edges = [
    ...new Set([
      startUs,
      endUs,
      ...lives.flatMap(({ parts }) => parts.flatMap(({ fromUs, toUs }) => [fromUs, toUs])),
      ...lives.flatMap(({ places }) => places.map(({ fromUs }) => fromUs)),
      ...[...held.values()].flat(2),
    ]),
  ].sort((a, b) => a - b);
  const segments = edges.slice(1).map((toUs, index) => {
    const fromUs = edges[index]!;
    const doings = lives.map(({ parts, places }): Doing => {
      const part = parts.find((one) => one.fromUs <= fromUs && one.toUs >= toUs);
      if (part?.doing !== 'ready') return part?.doing ?? 'idle';
      const engine = places.findLast((place) => place.fromUs <= fromUs)?.engine ?? -1;
      const isHeld = (held.get(engine) ?? []).some(([from, to]) => from <= fromUs && to >= toUs);
      return isHeld ? 'memory' : 'cores';
    });
    return { fromUs, toUs, doings: doings.filter((doing) => doing !== 'idle') };
  });
  const line = (holds: (doings: readonly Doing[]) => boolean): NaiveLine => {
    const spans = segments
      .filter(({ doings }) => holds(doings))
      .map(({ fromUs, toUs }) => [fromUs, toUs] as const);
    const total = spans.reduce((sum, [from, to]) => sum + to - from, 0);
    return { total, averages: averagesOf(spans, startUs, endUs), spans };
  };
  const of = (resource: Resource) => ({
    some: line((doings) => doings.includes(resource)),
    full: line((doings) => doings.length > 0 && doings.every((doing) => doing === resource)),
  });
  return { cores: of('cores'), memory: of('memory'), budget: of('budget') };
}

function isBelow(budgets: readonly BudgetNodeSpec[], own: string, node: string | undefined): boolean {
  if (node === undefined || own === node) return true;
  const parent = budgets.find(({ name }) => name === own)?.parent;
  return parent !== undefined && isBelow(budgets, parent, node);
}

function averagesOf(
  spans: readonly (readonly [number, number])[],
  startUs: number,
  endUs: number,
): readonly number[] {
  const shares: number[] = [];
  for (let fromUs = startUs; fromUs + 2_000_000 <= endUs; fromUs += 2_000_000)
    shares.push(shareIn(spans, fromUs, fromUs + 2_000_000));
  return [10, 60, 300].map((seconds) =>
    shares.reduce(
      (average, share) => average * Math.exp(-2 / seconds) + share * (1 - Math.exp(-2 / seconds)),
      0,
    ),
  );
}

export function shareIn(spans: readonly (readonly [number, number])[], fromUs: number, toUs: number): number {
  const us = spans.reduce(
    (sum, [from, to]) => sum + Math.max(0, Math.min(to, toUs) - Math.max(from, fromUs)),
    0,
  );
  return us / (toUs - fromUs);
}

function heldSpans(events: readonly KernelEvent[], endUs: number): Map<number, [number, number][]> {
  const spans = new Map<number, [number, number][]>();
  for (const event of events) {
    if (event.type === 'queue.held')
      spans.set(event.engine, [...(spans.get(event.engine) ?? []), [event.atUs, endUs]]);
    if (event.type === 'queue.released') spans.get(event.engine)!.at(-1)![1] = event.atUs;
  }
  return spans;
}

/** What process `pid` did, and when. */
function partsOf(events: readonly KernelEvent[], pid: number, endUs: number): readonly Part[] {
  const own = events.filter((event) => 'pid' in event && event.pid === pid);
  const parts: Part[] = [];
  let doing: Doing = 'idle';
  let sinceUs = 0;
  let missing = 0;
  let broughtBack = false;
  let isDegraded = false;
  let call = 0;
  let stretch: Extract<KernelEvent, { type: 'process.dispatched' }> | undefined;
  let evictedShare = 0;
  const enter = (next: Doing, atUs: number): void => {
    if (atUs > sinceUs) parts.push({ fromUs: sinceUs, toUs: atUs, doing });
    doing = next;
    sinceUs = atUs;
  };
  for (const event of own) {
    const { atUs } = event;
    if (event.type === 'process.spawned') enter('ready', atUs);
    if (event.type === 'process.ready' || event.type === 'process.continued') enter('ready', atUs);
    if (event.type === 'process.waiting')
      enter(event.on === 'memory' ? 'memory' : event.on === 'budget' ? 'budget' : 'idle', atUs);
    if (event.type === 'process.suspended')
      enter(event.by === 'signal' ? 'idle' : event.by === 'budget' ? 'budget' : 'memory', atUs);
    if (event.type === 'process.terminated') enter('idle', atUs);
    if (event.type === 'page.faulted' && event.kind !== 'compulsory') missing += event.tokens;
    if (event.type === 'call.degraded') isDegraded = true;
    if (event.type === 'process.dispatched') {
      if (call !== event.n) broughtBack = false;
      call = event.n;
      const again = Math.min(event.repeatedTokens, Math.max(0, missing - event.loadTokens));
      broughtBack ||= !isDegraded && again + event.loadTokens > 0;
      evictedShare = event.repeatedTokens === 0 ? 1 : again / event.repeatedTokens;
      missing = 0;
      stretch = event;
      enter('productive', atUs);
    }
    if (event.type === 'call.ended' || event.type === 'call.stopped') {
      if (broughtBack) {
        const { atUs: fromUs } = stretch!;
        const switchedUs = fromUs + (event.switchUs ?? 0);
        const loadedUs = switchedUs + event.loadUs;
        const newUs = loadedUs + event.newPrefillUs;
        enter('productive', fromUs);
        enter('memory', switchedUs);
        enter('productive', loadedUs);
        enter('memory', newUs);
        enter('productive', newUs + Math.floor(event.repeatedPrefillUs * evictedShare));
      }
      enter('ready', atUs);
      if (event.type === 'call.ended') isDegraded = false;
    }
  }
  enter('idle', endUs);
  return parts;
}
