import { expect, test } from 'vitest';

import type { EventBody, KernelEvent } from '../../src/kernel/events.ts';
import type { CoreId, Pid, RequestId } from '../../src/kernel/ids.ts';
import { IntervalReader, type Interval } from '../../src/report/intervals.ts';
import { Metrics } from '../../src/sim/metrics/metrics.ts';

const pid = (n: number): Pid => n as Pid;
const core = 0 as CoreId;
type At = { readonly atUs: number };

/** Numbers the events of one kernel. */
const kernel = (...events: (EventBody & At)[]): KernelEvent[] =>
  events.map((event, index) => ({ seq: index + 1, ...event }));

const spawned = (n: number, atUs: number) =>
  ({
    type: 'process.spawned',
    atUs,
    pid: pid(n),
    run: 'r',
    parent: 0,
    name: `agent-${n}`,
    program: 'p',
    priority: 50,
    engine: 0,
    budget: '',
  }) as const;
const dispatched = (n: number, atUs: number) =>
  ({
    type: 'process.dispatched',
    atUs,
    pid: pid(n),
    core,
    n: 4,
    newTokens: 30,
    repeatedTokens: 20,
    loadTokens: 10,
    cachedTokens: 5,
    room: 0,
  }) as const;
const spent = { loadUs: 1, repeatedPrefillUs: 2, newPrefillUs: 3 };
const stopped = (n: number, atUs: number, tokensOut: number) =>
  ({ type: 'call.stopped', atUs, pid: pid(n), core, n: 4, by: 'slice', tokensOut, ...spent }) as const;
const ended = (n: number, atUs: number, tokensOut: number) =>
  ({
    type: 'call.ended',
    atUs,
    pid: pid(n),
    core,
    n: 4,
    ok: true,
    tokensIn: 1,
    tokensCached: 0,
    tokensOut,
    microDollars: 0,
    ...spent,
  }) as const;
const waiting = (n: number, atUs: number, on: string) =>
  ({ type: 'process.waiting', atUs, pid: pid(n), on }) as const;
const ready = (n: number, atUs: number) => ({ type: 'process.ready', atUs, pid: pid(n) }) as const;
const held = (by: number, atUs: number) => ({ type: 'queue.held', atUs, engine: 0, pid: pid(by) }) as const;
const released = (atUs: number) => ({ type: 'queue.released', atUs, engine: 0 }) as const;

function intervalsOf(events: readonly KernelEvent[], endUs: number): Interval[] {
  const intervals: Interval[] = [];
  const reader = new IntervalReader({ interval: (interval) => intervals.push(interval) });
  for (const event of events) reader.read(event);
  reader.end(endUs);
  return intervals;
}

/** One line each. */
const told = (intervals: readonly Interval[]): string[] =>
  intervals.map((interval) => {
    const { process, fromUs, toUs, state } = interval;
    const why =
      state === 'waiting'
        ? ` ${interval.on} (${interval.detail})`
        : state === 'suspended'
          ? ` ${interval.by}`
          : state === 'running'
            ? ` ${interval.stretch.end}`
            : '';
    return `${process.pid} ${fromUs}-${toUs} ${state}${why}`;
  });

test('time in a held queue is time waited for memory, as the metrics have it', () => {
  const events = kernel(
    spawned(1, 0),
    waiting(1, 0, 'memory'),
    spawned(2, 0),
    held(1, 10),
    spawned(3, 15),
    released(30),
    held(1, 40),
    { type: 'process.suspended', atUs: 45, pid: pid(3), by: 'load-control' },
    released(50),
    dispatched(2, 60),
  );
  expect(told(intervalsOf(events, 70))).toEqual([
    '2 0-10 ready',
    '2 10-30 waiting memory (queue held by process 1)',
    '3 15-30 waiting memory (queue held by process 1)',
    '2 30-40 ready',
    '3 30-40 ready',
    '3 40-45 waiting memory (queue held by process 1)',
    '2 40-50 waiting memory (queue held by process 1)',
    '2 50-60 ready',
    '1 0-70 waiting memory ()',
    '2 60-70 running unfinished',
    '3 45-70 suspended load-control',
  ]);
  const metrics = new Metrics({ engines: [{ name: 'e', cores: 1, memoryTokens: 1 }] });
  for (const event of events) metrics.onEvent(event);
  const second = metrics.result(70).perProcess[1]!.split;
  expect([second.readyUs, second.waiting['memory']]).toEqual([30, 30]);
});

test('a stretch has its phases and its own answer tokens; states go on when they are told twice', () => {
  const events = kernel(
    spawned(1, 0),
    ready(1, 5),
    dispatched(1, 10),
    stopped(1, 30, 8),
    ready(1, 30),
    dispatched(1, 40),
    ended(1, 60, 20),
  );
  const intervals = intervalsOf(events, 60);
  expect(told(intervals)).toEqual([
    '1 0-10 ready',
    '1 10-30 running slice',
    '1 30-40 ready',
    '1 40-60 running completed',
  ]);
  const [, first, , second] = intervals.map((one) => (one.state === 'running' ? one.stretch : undefined));
  const tokens = { newTokens: 30, repeatedTokens: 20, loadTokens: 10, cachedTokens: 5 };
  expect(first).toMatchObject({ core: 0, n: 4, ...tokens, tokensOut: 8, phases: { ...spent, decodeUs: 14 } });
  expect(second).toMatchObject({ tokensOut: 12 });
});

test('a wait names its tools and its budget', () => {
  const tool = { reads: [], writes: [], n: 1, index: 0 };
  const started = (request: number, name: string, atUs: number) =>
    ({
      type: 'tool.started',
      atUs,
      pid: pid(1),
      request: request as RequestId,
      tool: name,
      ...tool,
    }) as const;
  const events = kernel(
    spawned(1, 0),
    started(1, 'read', 0),
    started(2, 'write', 0),
    waiting(1, 0, 'tool'),
    { type: 'tool.ended', atUs: 8, pid: pid(1), request: 1 as RequestId, tool: 'read', ok: true, code: '' },
    waiting(1, 10, 'budget'),
    { type: 'budget.queued', atUs: 10, pid: pid(1), node: 'team' },
    waiting(1, 20, 'person'),
  );
  expect(told(intervalsOf(events, 30))).toEqual([
    '1 0-10 waiting tool (read, write)',
    '1 10-20 waiting budget (team)',
    '1 20-30 waiting person ()',
  ]);
});

test('what does not come later, or is not there, is a mistake', () => {
  expect(() => intervalsOf(kernel(spawned(1, 5), ready(1, 4)), 9)).toThrow('the events go back from 5 to 4');
  expect(() => intervalsOf(kernel(ready(7, 4)), 9)).toThrow('process 7, which does not live');
  expect(() => intervalsOf(kernel(spawned(1, 5)), 4)).toThrow('the end at 4');
  expect(() => intervalsOf(kernel(spawned(1, 0), dispatched(1, 0), ended(1, 5, 1)), 5)).toThrow('shorter');
});
