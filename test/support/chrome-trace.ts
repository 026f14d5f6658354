/** Reads a Chrome trace as ui.perfetto.dev does, and says what that would drop or complain about. */
import { expect } from 'vitest';

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: number;
  readonly bp?: string;
  readonly s?: string;
  readonly args: Readonly<Record<string, string | number>>;
}

interface TraceSlice {
  readonly name: string;
  readonly cat: string;
  readonly tid: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly args: Readonly<Record<string, string | number>>;
  /** The slice around it, on the same track. */
  readonly parent: TraceSlice | undefined;
}

export interface Trace {
  readonly about: Readonly<Record<string, string | number>>;
  /** Name of each pid and of each tid, in the order of their places. */
  readonly processes: ReadonlyMap<number, string>;
  readonly threads: ReadonlyMap<number, string>;
  /** In the order of their starts; points last no time. */
  readonly slices: readonly TraceSlice[];
  readonly flows: readonly { readonly cat: string; readonly from: TraceSlice; readonly to: TraceSlice }[];
  /** By name and series: values in the order of time. */
  readonly counters: ReadonlyMap<string, readonly number[]>;
}

/** More are dropped. */
const deepest = 512;

export function readTrace(text: string): Trace {
  // Looked for at the beginning; with another unit the times would mean something else.
  expect(text.startsWith('{"displayTimeUnit":"ms","otherData":{')).toBe(true);
  const { otherData, traceEvents } = JSON.parse(text) as {
    otherData: Trace['about'];
    traceEvents: TraceEvent[];
  };
  const processes = new Map<number, string>();
  const threads = new Map<number, string>();
  const places = new Map<string, number>();
  const pidOf = new Map<number, number>();
  const stacks = new Map<number, TraceSlice[]>();
  const slices: TraceSlice[] = [];
  const flows: Trace['flows'][number][] = [];
  const open = new Map<string, TraceSlice>();
  const begun = new Set<string>();
  const counters = new Map<string, number[]>();
  const wrong: string[] = [];
  const check = (isRight: boolean, problem: string, event: TraceEvent): void => {
    if (!isRight && wrong.length < 10) wrong.push(`${problem}: ${JSON.stringify(event)}`);
  };
  // Names may stand anywhere.
  for (const event of traceEvents) {
    check((pidOf.get(event.tid) ?? event.pid) === event.pid, 'a tid of two pids', event);
    pidOf.set(event.tid, event.pid);
    if (event.ph !== 'M') continue;
    const isProcess = event.name.startsWith('process_');
    const id = isProcess ? event.pid : event.tid;
    if (event.name.endsWith('_sort_index')) {
      check(Number.isSafeInteger(event.args['sort_index']), 'a place', event);
      places.set(`${isProcess ? 'process' : 'thread'} ${id}`, Number(event.args['sort_index']));
    } else (isProcess ? processes : threads).set(id, String(event.args['name']));
  }
  const inTime = traceEvents.filter(({ ph }) => ph !== 'M').sort((a, b) => a.ts - b.ts);
  for (const event of inTime) {
    const { ph, pid, tid, ts, cat = '' } = event;
    check(Number.isSafeInteger(ts) && ts >= 0, 'a time', event);
    check(processes.has(pid), 'a pid without name', event);
    let stack = stacks.get(tid);
    if (stack === undefined) stacks.set(tid, (stack = []));
    const top = stack.at(-1);
    switch (ph) {
      case 'i':
      case 'X': {
        check(threads.has(tid), 'a track without name', event);
        check(ph === 'X' || event.s === 't', 'a point of no track', event);
        const dur = event.dur ?? 0;
        check(Number.isSafeInteger(dur) && dur >= 0, 'a duration', event);
        const toUs = ts + dur;
        const isOver = (slice: TraceSlice): boolean =>
          slice.toUs < ts || (slice.toUs === ts && !(slice.fromUs === ts && dur === 0));
        while (stack.length > 0 && isOver(stack.at(-1)!)) stack.pop();
        const parent = stack.at(-1);
        check(
          stack.every((slice) => toUs <= slice.toUs),
          'slices overlap',
          event,
        );
        check(stack.length < deepest, 'too deep', event);
        const slice = { name: event.name, cat, tid, fromUs: ts, toUs, args: event.args, parent };
        stack.push(slice);
        slices.push(slice);
        break;
      }
      case 's': {
        const key = `${cat} ${event.id}`;
        check(top !== undefined && top.fromUs === ts && top.toUs === ts, 'a flow from nowhere', event);
        check(!begun.has(key), 'two flows of one id', event);
        begun.add(key);
        open.set(key, top!);
        break;
      }
      case 'f': {
        const key = `${cat} ${event.id}`;
        check(event.bp === 'e' && top?.fromUs === ts && top.toUs === ts, 'a flow to nowhere', event);
        const from = open.get(key);
        check(from !== undefined, 'a flow that did not begin', event);
        open.delete(key);
        flows.push({ cat, from: from!, to: top! });
        break;
      }
      case 'C':
        for (const [series, value] of Object.entries(event.args)) {
          check(Number.isSafeInteger(value) && Number(value) >= 0, 'a counter', event);
          const name = `${processes.get(pid)}: ${event.name} ${series}`;
          counters.set(name, [...(counters.get(name) ?? []), Number(value)]);
        }
        break;
      default:
        check(false, 'an unknown phase', event);
    }
  }
  expect(wrong).toEqual([]);
  expect([...open.keys()], 'flows that do not end').toEqual([]);
  return {
    about: otherData,
    processes: inPlace(processes, 'process'),
    threads: inPlace(threads, 'thread'),
    slices,
    flows,
    counters,
  };

  /** As they are shown. */
  function inPlace(names: ReadonlyMap<number, string>, kind: 'process' | 'thread'): Map<number, string> {
    const placeOf = (id: number): number => places.get(`${kind} ${id}`)!;
    expect([...names.keys()].filter((id) => !places.has(`${kind} ${id}`))).toEqual([]);
    return new Map([...names].toSorted(([a], [b]) => placeOf(a) - placeOf(b)));
  }
}

/** Where the time of each process went, by the names of the metrics: only parts above 0. */
export function splitsOf({ slices }: Trace): Map<number, Record<string, number>> {
  const splits = new Map<number, Record<string, number>>();
  const add = (pid: number, part: string, { fromUs, toUs }: TraceSlice): void => {
    if (fromUs === toUs) return;
    let split = splits.get(pid);
    if (split === undefined) splits.set(pid, (split = {}));
    split[part] = (split[part] ?? 0) + toUs - fromUs;
  };
  for (const slice of slices) {
    const { name, cat, tid, args, parent } = slice;
    if (cat === 'phase') add(Number(parent!.args['pid']), name, slice);
    else if (cat === 'stretch' && args['end'] === 'unfinished') add(Number(args['pid']), 'unfinished', slice);
    else if (cat === 'state' && name !== 'running')
      add(tid, name.replace(/^suspended: .*/, 'suspended'), slice);
  }
  return splits;
}
