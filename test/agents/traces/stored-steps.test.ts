/** Property: what a storage has of a run tells the same steps as its trace did while it happened. */
import { expect, test } from 'vitest';

import { storedSteps, type StoredStep } from '../../../src/agents/traces/stored-steps.ts';
import { Traces } from '../../../src/agents/traces/traces.ts';
import type { Step } from '../../../src/agents/traces/trace.ts';
import { MemoryStore } from '../../../src/kernel/memory-store.ts';
import { runWorld } from '../../sim/random-world.ts';
import { seedCount } from '../../support/seeds.ts';

/** Which step of a run it is, whatever its number. */
const keyOf = ({ type, pid, n, index }: Step): string => `${type} ${pid} ${n} ${index}`;

test('the steps of a stored run are those of its trace, in the order of their results', () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(10, 3_000); seed++) {
    const traces = new Traces();
    const store = new MemoryStore();
    runWorld(seed, {
      alter: (setup) => ({ ...setup, kernel: { ...setup.kernel, records: true } }),
      onOutput(output, input) {
        traces.take(output, input);
        store.append(output.records);
      },
    });
    for (const run of traces.runs()) {
      const records = store.records(run, 'main');
      const stored = storedSteps(records, store.ledger());
      const told = traces
        .trace(run)!
        .steps.filter(({ type, status }) => status !== 'cancelled' || type === 'conclusion');
      const byKey = new Map(told.map((step) => [keyOf(step), step]));
      // Of a batch that never was whole only the writes are known.
      const whole = new Set(store.history(run).map(({ pid, n }) => `${pid} ${n}`));
      const isWhole = ({ type, pid, n }: Step): boolean => type !== 'tool_call' || whole.has(`${pid} ${n}`);
      expect(stored.filter(isWhole).map(keyOf).toSorted(), `seed ${seed}`).toEqual(
        told.filter(isWhole).map(keyOf).toSorted(),
      );
      checkOrder(stored, records.length);
      for (const step of stored) {
        const same = byKey.get(keyOf(step));
        if (same !== undefined) expect(toldBoth(step), `seed ${seed}`).toMatchObject(toldBoth(same));
        else expect(step).toMatchObject({ type: 'tool_call', status: 'cancelled', isWrite: true });
        seen.set(step.type, (seen.get(step.type) ?? 0) + 1);
      }
    }
  }
  for (const type of ['llm_call', 'tool_call', 'feedback', 'memory_read', 'memory_write', 'conclusion'])
    expect(seen.get(type), type).toBeGreaterThan(5);
});

function checkOrder(steps: readonly StoredStep[], records: number): void {
  for (const [index, { sequence, end, endedUs, startedUs, parents }] of steps.entries()) {
    expect(sequence).toBe(index + 1);
    expect(end).toBeGreaterThanOrEqual(steps[index - 1]?.end ?? 1);
    expect(end).toBeLessThanOrEqual(records);
    expect(endedUs).toBeGreaterThanOrEqual(startedUs);
    for (const parent of parents) expect(parent).toBeLessThan(sequence);
  }
}

/** What a storage, too, has of a step: not what a call was made of, nor what came of it afterwards, nor when each read of a batch ended. */
function toldBoth({ startedUs, endedUs, data, ...all }: Step): object {
  const { sequence: _, parents: _parents, ...step } = all;
  const { type } = step;
  const told = Object.entries(data).filter(([field]) => !untold.get(type)?.includes(field));
  const times = type === 'tool_call' ? {} : { startedUs, endedUs };
  return { ...step, ...times, data: Object.fromEntries(told) };
}
const untold = new Map([
  ['llm_call', ['promptTokens', 'maxOutput', 'tools', 'stopped']],
  ['reflection', ['promptTokens', 'maxOutput', 'tools', 'stopped']],
  ['tool_call', ['subRun', 'late', 'repeats', 'decision']],
  ['memory_read', ['limit']],
  ['memory_write', ['data']],
  ['conclusion', ['code', 'message']],
]);
