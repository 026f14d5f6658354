import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import { ClientService } from '../../../src/lessons/phenomena/client-service.ts';
import { greedyTenant, tenants, vtcBound } from '../../../src/lessons/phenomena/greedy-tenant.ts';

test('vtc serves a modest client as if alone, keeps its bound, and the greedy one pays; policies on processes do not help', () => {
  const [fifo, stride, vtc] = greedyTenant(['fifo', 'stride', 'vtc']);
  const longest = (run: typeof fifo): number => Math.max(...run!.modest.map(({ turnaround }) => turnaround));
  const modest = (run: typeof fifo): number => run!.meanTurnaround.modest;
  // 80 calls of 5.125 s and 40 of 2.375 s stand before the first call of 2.125 s.
  expect(fifo!.modest[0]!.turnaround).toBeCloseTo(80 * 5.125 + 40 * 2.375 + 2.125, 6);
  expect(modest(fifo)).toBeGreaterThan(300);
  expect(modest(stride)).toBeGreaterThan(200);
  // It is the next to be served: at most a call under way and one of each other client before its own.
  expect(longest(vtc)).toBeLessThan(5.125 + 5.125 + 2.375 + 2.125);
  expect(vtc!.meanTurnaround.greedy).toBeGreaterThan(fifo!.meanTurnaround.greedy);
  expect(vtcBound).toBe(2 * 2 * (3_000 + 120));
  expect(vtc!.gap).toBeLessThanOrEqual(vtcBound);
  expect(vtc!.gap).toBeGreaterThan(0);
  // All calls of the greedy client but the one that left the queue empty were served before any of the steady one.
  const { calls, promptTokens, answerTokens } = tenants.greedy;
  expect(fifo!.gap).toBeGreaterThan((calls - 2) * (promptTokens + 2 * answerTokens));
  for (const { modest: turnarounds } of [fifo!, stride!, vtc!])
    expect(turnarounds).toHaveLength(tenants.modest.calls);
});

test('what clients receive, and the gap, event by event', () => {
  const service = new ClientService((name) => name[0]!);
  const tell = (...events: readonly Partial<Record<string, unknown>>[]): void => {
    for (const event of events) service.onEvent(event as unknown as KernelEvent);
  };
  tell(
    { type: 'process.spawned', pid: 1, name: 'a1' },
    { type: 'process.spawned', pid: 2, name: 'a2' },
    { type: 'process.spawned', pid: 3, name: 'b1' },
  );
  for (const pid of [1, 2, 3])
    tell({ type: 'call.requested', pid, promptTokens: 100 }, { type: 'process.ready', pid });
  tell({ type: 'process.dispatched', pid: 1 });
  expect([service.receivedBy('a'), service.gap]).toEqual([100, 100]);
  // A stopped call is told its answer so far, and pays for its prompt once.
  tell({ type: 'call.stopped', pid: 1, tokensOut: 30 }, { type: 'process.ready', pid: 1 });
  tell({ type: 'process.dispatched', pid: 1 }, { type: 'call.ended', pid: 1, tokensOut: 50 });
  expect([service.receivedBy('a'), service.gap]).toEqual([200, 200]);
  // b has nothing waiting any more: what a receives from now on widens no gap.
  tell({ type: 'process.dispatched', pid: 3 });
  tell({ type: 'process.dispatched', pid: 2 }, { type: 'call.ended', pid: 2, tokensOut: 500 });
  expect([service.receivedBy('a'), service.receivedBy('b'), service.gap]).toEqual([1_300, 100, 200]);
});
