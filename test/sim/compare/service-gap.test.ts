import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import { ServiceGap } from '../../../src/sim/compare/service-gap.ts';
import { seedCount } from '../../support/seeds.ts';

const spent = { newPrefillUs: 0, repeatedPrefillUs: 0, loadUs: 0 };

type What = 'ready' | 'run' | 'end' | 'stop' | 'give up';
type Story = readonly (readonly [number, What, number])[];

/** Process n is of client n - 1. Each entry: when, what, who. */
function gapOf(clients: number, story: Story, weights: readonly number[] = []): number | null {
  const gap = new ServiceGap(
    clients,
    (pid) => pid - 1,
    (client) => weights[client] ?? 1,
  );
  for (const [index, [atUs, what, pid]] of story.entries()) {
    const type = {
      ready: 'process.ready',
      run: 'process.dispatched',
      end: 'call.ended',
      stop: 'call.stopped',
      'give up': 'process.terminated',
    }[what];
    gap.onEvent({ seq: index, atUs, type, pid, ...spent } as unknown as KernelEvent);
  }
  return gap.gapUs(story.at(-1)![0]);
}

test('the gap counts what clients receive while both want something', () => {
  expect(
    gapOf(3, [
      [0, 'ready', 1],
      [0, 'run', 1],
      // Alone: nobody else waits.
      [50, 'end', 1],
      [50, 'ready', 1],
      [50, 'ready', 2],
      [50, 'ready', 3],
      [50, 'run', 3],
      [80, 'end', 3],
      [80, 'ready', 3],
      [80, 'run', 1],
    ]),
  ).toBe(30);
});

test('in any interval: what was received before the turn of the other counts', () => {
  const turns: Story = [
    [0, 'ready', 1],
    [0, 'ready', 2],
    [0, 'run', 1],
    [40, 'stop', 1],
    [40, 'ready', 1],
    [40, 'run', 2],
    [100, 'stop', 2],
    [100, 'ready', 2],
    [100, 'run', 1],
    [110, 'end', 1],
  ];
  // Over all of it 2 is 10 ahead, from 40 to 100 it is 60.
  expect(gapOf(2, turns)).toBe(60);
});

test('by weight; and with one client, or very many, there is none', () => {
  const story: Story = [
    [0, 'ready', 1],
    [0, 'ready', 2],
    [0, 'run', 2],
    [60, 'end', 2],
  ];
  expect(gapOf(2, story, [1, 2])).toBe(30);
  expect(gapOf(1, [[0, 'ready', 1]])).toBeNull();
  expect(gapOf(3_000, story)).toBeNull();
});

test('who wants his next call at the instant at which one ends wanted something all the time', () => {
  expect(
    gapOf(2, [
      [0, 'ready', 1],
      [0, 'ready', 2],
      [0, 'run', 1],
      [30, 'end', 1],
      [30, 'ready', 1],
      [30, 'run', 1],
      [70, 'end', 1],
      [70, 'ready', 1],
      [70, 'run', 2],
    ]),
  ).toBe(70);
});

test('up to where one of them gives up, or the run is cut off', () => {
  const waits: Story = [
    [0, 'ready', 1],
    [0, 'ready', 2],
    [0, 'run', 1],
  ];
  expect(gapOf(2, [...waits, [45, 'give up', 2], [90, 'end', 1]])).toBe(45);
  expect(gapOf(2, [...waits, [45, 'ready', 1]])).toBe(45);
});

/** All pairs, all intervals, instant by instant. */
function naiveGap(clients: number, story: Story, weights: readonly number[]): number {
  const end = story.at(-1)![0];
  const wants = Array.from({ length: clients }, () => false);
  const runs = Array.from({ length: clients }, () => false);
  const histories: (readonly { readonly wants: boolean; readonly runs: boolean }[])[] = [];
  for (let at = 0, next = 0; at < end; at++) {
    for (; next < story.length && story[next]![0] <= at; next++) {
      const [, what, pid] = story[next]!;
      if (what === 'ready') wants[pid - 1] = true;
      else runs[pid - 1] = what === 'run';
      if (what === 'end') wants[pid - 1] = false;
    }
    histories.push(wants.map((one, client) => ({ wants: one, runs: runs[client]! })));
  }
  let largest = 0;
  for (let f = 0; f < clients; f++)
    for (let g = 0; g < f; g++)
      for (let from = 0; from < end; from++) {
        let more = 0;
        for (let at = from; at < end && histories[at]![f]!.wants && histories[at]![g]!.wants; at++) {
          more +=
            (histories[at]![f]!.runs ? 1 / weights[f]! : 0) - (histories[at]![g]!.runs ? 1 / weights[g]! : 0);
          largest = Math.max(largest, Math.abs(more));
        }
      }
  return largest;
}

test('as found by looking at every pair and every interval', () => {
  const move = fc.record({ client: fc.nat(3), after: fc.integer({ min: 1, max: 9 }), choice: fc.nat(2) });
  fc.assert(
    fc.property(
      fc.array(move, { minLength: 5, maxLength: 30 }),
      fc.array(fc.constantFrom(1, 2, 4), { minLength: 4, maxLength: 4 }),
      (moves, weights) => {
        const state = ['idle', 'idle', 'idle', 'idle'];
        let at = 0;
        const story: [number, 'ready' | 'run' | 'end' | 'stop', number][] = [];
        for (const { client, after, choice } of moves) {
          const tell = (what: 'ready' | 'run' | 'end' | 'stop'): void =>
            void story.push([at, what, client + 1]);
          if (state[client] === 'idle') [state[client]] = ['ready', tell('ready')];
          else if (state[client] === 'ready') [state[client]] = ['running', tell('run')];
          else if (choice === 0) [state[client]] = ['ready', tell('stop'), tell('ready')];
          else [state[client]] = ['idle', tell('end')];
          at += after;
        }
        for (const [client, one] of state.entries())
          if (one === 'running') story.push([at, 'end', client + 1]);
        expect(gapOf(4, story, weights)).toBe(naiveGap(4, story, weights));
      },
    ),
    { seed: 4, numRuns: seedCount(200, 20_000) },
  );
});
