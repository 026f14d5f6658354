/** A tool call is a sub-run: an id that only it has, one result, and an end with its process. What comes later is told, and changes nothing. */
import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import type { KernelEvent } from '../../src/kernel/events.ts';
import type { RequestId } from '../../src/kernel/ids.ts';
import type { Request, ToolStart } from '../../src/kernel/requests.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { callTools, failed, ok, SECOND, sleep, tool } from '../support/syscalls.ts';

const S = SECOND;

const slow: ToolSpec = {
  name: 'slow',
  description: 'slow',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: ['x'] }),
};

const isStart = (request: Request): request is ToolStart => request.type === 'tool.start';

function started(spec: Partial<ToolSpec> = {}): { kernel: SteppedKernel; start: ToolStart; timer: number } {
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('slow', { at: 1 })), sleep(100 * S)] }],
    kernel: { tools: [{ ...slow, ...spec }] },
  });
  const start = kernel.spawn(0, 1).find(isStart)!;
  const timer = kernel.requests.find(({ type }) => type === 'timer.set') as { timer: number } | undefined;
  return { kernel, start, timer: timer!.timer };
}

const ofTool = (events: readonly KernelEvent[]): unknown[] =>
  events.filter(({ type }) => type.startsWith('tool.')).map(({ seq: _seq, atUs: _atUs, ...event }) => event);

test('its id is the hash of its run and place: every call has another, its repeats the same', () => {
  const two = callTools(tool('slow'), tool('slow'));
  const kernel = new SteppedKernel({
    agents: [{ body: [two, two] }, { body: [two] }],
    kernel: { tools: [{ ...slow, effects: () => ({ reads: [], writes: [] }), retries: 1 }] },
  });
  const starts = [...kernel.spawn(0, 1), ...kernel.spawn(0, 2)].filter(isStart);
  const sha256 = createHash('sha256').update('["run-1","main",1,1,1]').digest('hex');
  expect(starts[1]!.subRun).toBe(sha256);
  for (const { request } of starts.slice(0, 2))
    kernel.step(S, { type: 'tool.ended', request, ok: false, value: 'no' });
  const timers = kernel.requests.flatMap((request) => (request.type === 'timer.set' ? [request] : []));
  const [repeat] = kernel.step(2 * S, { type: 'timer.fired', timer: timers[0]!.timer }).filter(isStart);
  expect(repeat).toMatchObject({ attempt: 1, subRun: sha256 });
  expect(new Set(starts.map(({ subRun }) => subRun)).size).toBe(4);
});

test('it says how long its result is waited for: 15 s, or what the tool declares', () => {
  expect(started().start.timeoutUs).toBe(15 * S);
  expect(started({ timeoutUs: 3 * S }).start.timeoutUs).toBe(3 * S);
});

test('a result after the time-out is told and audited, reaches no program, and is told once', () => {
  const { kernel, start, timer } = started();
  const { request } = start;
  kernel.step(15 * S, { type: 'timer.fired', timer: timer as never });
  const history = kernel.records.filter(({ type }) => type === 'history');
  expect(history).toMatchObject([{ result: ok([failed('TOOL_TIMEOUT') as never]) }]);
  const before = kernel.process(1);
  const [events, records] = [kernel.events.length, kernel.records.length];
  const late = { type: 'tool.ended', request, attempt: 0, ok: true, value: 'at last' } as const;
  expect(kernel.step(20 * S, late)).toEqual([]);
  expect(ofTool(kernel.events.slice(events))).toEqual([
    { type: 'tool.late', request, tool: 'slow', ok: true },
    { type: 'tool.settled', request, tool: 'slow' },
  ]);
  expect(kernel.records.slice(records)).toMatchObject([
    { type: 'audit', pid: 1, n: 1, action: 'tool/slow/late', microDollars: 0 },
  ]);
  expect(kernel.process(1)).toEqual(before);
  // The same again.
  const count = kernel.events.length;
  kernel.step(21 * S, late);
  expect(kernel.events.length).toBe(count);
  expect(kernel.records.length).toBe(records + 1);
});

test.each(['terminate', 'kill'] as const)(
  '%s of its process stops it, says so, and what it still gives is late',
  (signal) => {
    const { kernel, start } = started();
    const { request } = start;
    const asked = kernel.step(S, { type: 'signal.sent', pid: 1 as never, signal });
    expect(asked).toEqual([{ type: 'tool.stop', request }]);
    expect(ofTool(kernel.events).at(-1)).toMatchObject({
      type: 'tool.ended',
      ok: false,
      code: 'TOOL_CANCELLED',
    });
    const records = kernel.records.length;
    kernel.step(2 * S, { type: 'tool.ended', request, ok: true, value: 1 });
    expect(ofTool(kernel.events).slice(-2)).toMatchObject([{ type: 'tool.late' }, { type: 'tool.settled' }]);
    expect(kernel.records.slice(records)).toMatchObject([{ type: 'audit', action: 'tool/slow/late' }]);
    const ends = kernel.records.filter(({ type }) => type === 'process.ended');
    expect(ends).toHaveLength(1);
  },
);

test('a failure that is repeated says so; the end of an earlier attempt, told again, is not that of the repeat', () => {
  const { kernel, start } = started({ retries: 1, retryWaitUs: S });
  const first = { type: 'tool.ended', request: start.request, attempt: 0, ok: false, value: 'no' } as const;
  kernel.step(S, first);
  expect(ofTool(kernel.events).at(-1)).toMatchObject({ code: 'TOOL_FAILED', isRepeated: true });
  const wait = kernel.requests.find(({ type }) => type === 'timer.set') as { timer: number } | undefined;
  kernel.step(2 * S, { type: 'timer.fired', timer: wait!.timer as never });
  const count = kernel.events.length;
  kernel.step(2 * S, first);
  kernel.step(2 * S, { ...first, request: 99 as RequestId });
  expect(kernel.events.length).toBe(count);
  kernel.step(3 * S, { ...first, attempt: 1 });
  expect(ofTool(kernel.events).at(-2)).not.toHaveProperty('isRepeated');
});
