/** Storage by flushes: what is durable when, what waits for it, and what a crash loses. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import type { Syscall } from '../../../src/kernel/syscalls.ts';
import { Simulation } from '../../../src/sim/simulation.ts';
import { inTurn, kernelOf } from '../../support/run-agents.ts';
import { callTools, SECOND, sleep, think, tool } from '../../support/syscalls.ts';

const flushUs = SECOND / 10;
const write = { name: 'write', description: '', parameters: { type: 'object' } };
const remember: Syscall = { kind: 'remember', scope: 'mine', text: 'the door is open' };

function world(syscalls: readonly Syscall[]) {
  const events: KernelEvent[] = [];
  const starts: number[] = [];
  const simulation: Simulation = new Simulation({
    kernel: {
      ...kernelOf({ agents: [{ body: inTurn(syscalls) }], kernel: { tools: [write] } }),
      records: true,
    },
    flushUs,
    durable: 'by-flushes',
    onEvent: (event) => void events.push(event),
    replay: {
      tool: () => {
        starts.push(simulation.nowUs);
        return { ok: true, value: null, durationUs: SECOND };
      },
    },
  });
  simulation.spawn(0, { program: 'agent-1', name: 'agent', run: 'run', arguments: null });
  return {
    simulation,
    starts,
    at: (type: KernelEvent['type']) => events.find((event) => event.type === type)?.atUs,
  };
}

test('a tool starts when the flush of what caused it has ended', () => {
  const { simulation, starts, at } = world([callTools(tool('write'))]);
  simulation.run();
  expect([starts, at('tool.started'), at('tool.ended')]).toEqual([[flushUs], 0, flushUs + SECOND]);
});

test('what comes during a flush waits for the next one', () => {
  const { simulation } = world([sleep(1), sleep(flushUs), callTools(tool('write'))]);
  const stored = () => simulation.store.history('run').map(({ atUs }) => atUs);
  simulation.run(flushUs);
  // The first sleep ended while the start of the process was being flushed.
  expect(stored()).toEqual([]);
  simulation.run(2 * flushUs);
  expect(stored()).toEqual([1]);
});

test('a crash loses what was not flushed, and the flush under way unless it landed', () => {
  for (const [hasLanded, told] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const { simulation } = world([sleep(SECOND), sleep(SECOND), think(1)]);
    simulation.run(SECOND + 1);
    const before = simulation.store.history('run').length;
    const lost = simulation.crash(hasLanded);
    expect(before).toBe(0);
    expect(simulation.store.history('run')).toHaveLength(told);
    expect(lost > 0).toBe(!hasLanded);
  }
});

test('what is remembered is acknowledged when its flush has ended', () => {
  const { simulation, at } = world([remember]);
  const recalled = () => simulation.store.recall({ scope: 'mine', query: 'door', limit: 1 });
  // The start of the process is flushed first.
  simulation.run(2 * flushUs - 1);
  expect([recalled(), at('process.terminated')]).toEqual([[], undefined]);
  simulation.run();
  expect([recalled().length, at('process.terminated')]).toEqual([1, 2 * flushUs]);
});
