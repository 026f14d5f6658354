import { expect, test } from 'vitest';

import { EventReader } from '../../../src/agents/traces/event-reader.ts';
import type { TraceEvent, TraceEventBody } from '../../../src/agents/traces/trace.ts';
import { noUsage } from '../../../src/agents/traces/trace.ts';
import type { Pid } from '../../../src/kernel/ids.ts';

const event = (body: TraceEventBody): TraceEvent => ({ run: 'r', atUs: 0, pid: 1 as Pid, ...body });
const delta = (step: number, offset: number, text: string): TraceEvent =>
  event({ type: 'text_delta', step, offset, text });
const other = (step: number): TraceEvent => event({ type: 'step_completed', step, ok: true });
const end = event({
  type: 'trace_completed',
  value: null,
  code: '',
  message: '',
  usage: { ...noUsage, calls: 0 },
});

async function rest(reader: EventReader): Promise<TraceEvent[]> {
  const all: TraceEvent[] = [];
  for await (const one of reader) all.push(one);
  return all;
}

test('a reader that keeps up gets every piece as it comes', async () => {
  const reader = new EventReader(() => {});
  const seen: Promise<IteratorResult<TraceEvent>>[] = [reader.next(), reader.next()];
  reader.push(delta(1, 0, 'a'));
  reader.push(delta(1, 1, 'b'));
  expect((await Promise.all(seen)).map(({ value }) => value as TraceEvent)).toEqual([
    delta(1, 0, 'a'),
    delta(1, 1, 'b'),
  ]);
});

test('one that lags loses nothing, and holds the text of an answer as one piece', async () => {
  const reader = new EventReader(() => {});
  for (let offset = 0; offset < 20_000; offset++) {
    reader.push(delta(1, offset, 'x'));
    reader.push(delta(2, offset, 'y'));
  }
  expect(reader.length).toBe(2);
  reader.push(other(3));
  // Nothing is told before what came before it.
  reader.push(delta(1, 20_000, 'z'));
  reader.push(other(1));
  reader.push(end);
  expect(reader.length).toBe(6);
  expect(await rest(reader)).toEqual([
    delta(1, 0, 'x'.repeat(20_000)),
    delta(2, 0, 'y'.repeat(20_000)),
    other(3),
    delta(1, 20_000, 'z'),
    other(1),
    end,
  ]);
});

test('what was read does not change any more', async () => {
  const reader = new EventReader(() => {});
  const pushed = delta(1, 0, 'a');
  reader.push(pushed);
  const { value } = await reader.next();
  reader.push(delta(1, 1, 'b'));
  reader.push(delta(1, 2, 'c'));
  expect(value).toEqual(delta(1, 0, 'a'));
  expect((await reader.next()).value).toEqual(delta(1, 1, 'bc'));
  expect(pushed).toEqual(delta(1, 0, 'a'));
});

test('it ends behind the end of the run, and takes nothing more', async () => {
  const reader = new EventReader(() => {});
  reader.push(end);
  reader.push(other(1));
  expect(await rest(reader)).toEqual([end]);
  expect(await reader.next()).toEqual({ done: true, value: undefined });
  const waiting = new EventReader(() => {});
  const both = [waiting.next(), waiting.next()];
  waiting.push(end);
  expect(await Promise.all(both)).toEqual([
    { done: false, value: end },
    { done: true, value: undefined },
  ]);
});

test('who stops reading is told no more, and nothing is kept for it', async () => {
  let returned = 0;
  const reader = new EventReader(() => returned++);
  reader.push(other(1));
  reader.push(other(2));
  for await (const one of reader) {
    expect(one).toEqual(other(1));
    break;
  }
  reader.push(other(3));
  expect([returned, reader.length]).toEqual([1, 0]);
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});
