import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { KernelFeed, type SeesRun } from '../../../src/server/watch/kernel-feed.ts';
import type { Watcher } from '../../../src/server/watch/watcher.ts';

interface Told {
  readonly id: string;
  readonly type: string;
  readonly run?: string;
  readonly missing?: number;
}

function told(feed: KernelFeed, after?: string, sees?: SeesRun): { events: Told[]; watcher: Watcher } {
  const watcher = feed.watch(after, sees);
  if (watcher === 'nowhere') throw new Error(watcher);
  const events: Told[] = [];
  const send = (data: Buffer): void => void events.push(...(JSON.parse(data.toString()) as Told[]));
  watcher.connect({ form: 'array', held: 0, send, end: () => {}, beat: () => {} });
  return { events, watcher };
}

const spawned = (pid: number): KernelEvent =>
  ({ seq: pid, atUs: pid, type: 'process.spawned', pid: pid as Pid, run: `run-${pid % 2}` }) as KernelEvent;
function feedOf(count: number, kept: number, nowUs: number): KernelFeed {
  const feed = new KernelFeed({ nowUs: () => nowUs, kept });
  for (let pid = 1; pid <= count; pid++) keep(feed, pid);
  return feed;
}
const keep = (feed: KernelFeed, pid: number): void =>
  feed.kept({ records: [], requests: [], events: [spawned(pid)], hasEnds: false });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it is numbered, and who asks for what is there gets all of it and what comes', async () => {
  const feed = feedOf(3, 10, 36);
  const whole = told(feed, '0');
  const now = told(feed);
  const rest = told(feed, '10.2');
  keep(feed, 4);
  await turn();
  expect(whole.events.map(({ id }) => id)).toEqual(['10.1', '10.2', '10.3', '10.4']);
  expect(rest.events.map(({ id }) => id)).toEqual(['10.3', '10.4']);
  expect(now.events.map(({ id }) => id)).toEqual(['10.4']);
  expect(feed.watch('10.9')).toBe('nowhere');
  expect(feed.watch('nothing')).toBe('nowhere');
});

test('what is not there any more, or is of another life of the server, is told to be missing', () => {
  const feed = feedOf(8, 3, 36);
  expect(told(feed, '10.2').events.map(({ id, type, missing }) => [id, type, missing])).toEqual([
    ['10.5', 'gap', 3],
    ['10.6', 'process.spawned', undefined],
    ['10.7', 'process.spawned', undefined],
    ['10.8', 'process.spawned', undefined],
  ]);
  expect(told(feed, 'z.4').events[0]).toMatchObject({ id: '10.5', type: 'gap' });
  // Who comes back with the id of the gap gets what is behind it.
  expect(told(feed, '10.5').events.map(({ id }) => id)).toEqual(['10.6', '10.7', '10.8']);
});

test('a tenant is told of its own runs, in order, as soon as it is known which these are', () => {
  const feed = feedOf(6, 10, 36);
  const known = new Map<string, boolean>();
  const { events, watcher } = told(feed, '0', (run) => known.get(run));
  expect(events).toEqual([]);
  known.set('run-1', true);
  watcher.pump();
  expect(events.map(({ id }) => id)).toEqual(['10.1']);
  known.set('run-0', false);
  watcher.pump();
  expect(events.map(({ run }) => run)).toEqual(['run-1', 'run-1', 'run-1']);
});
