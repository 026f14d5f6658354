import { expect, test } from 'vitest';

import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import { LiveTools } from '../../src/adapters/tools/live-tool.ts';
import { readStoredRun } from '../../src/host/stored-run.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import { live, said } from '../support/live.ts';

const args = { task: 'Write.', tools: ['write'], models: ['model'], windowTokens: 10_000, maxOutput: 100 };
const spawn = { program: 'agent', name: 'agent', arguments: args, run: 'r1' } as const;

/** A tool that waits until somebody lets it end. */
function world(storage: MemoryStorage, ledger: readonly LedgerRecord[] = []) {
  const gate: { open: () => void; started: () => void } = { open: () => {}, started: () => {} };
  const seen = { calls: 0, writes: 0 };
  const started = new Promise<void>((resolve) => (gate.started = resolve));
  const tools = new LiveTools([
    {
      spec: {
        name: 'write',
        description: 'Writes.',
        parameters: { type: 'object' },
        reads: [],
        writes: ['f'],
      },
      async call() {
        seen.writes++;
        gate.started();
        await new Promise<void>((resolve) => (gate.open = resolve));
        return { ok: true, value: 'written' };
      },
    },
  ]);
  const model: ModelPort = {
    call({ messages }) {
      seen.calls++;
      const isDone = messages.some(({ role }) => role === 'tool');
      return Promise.resolve(
        isDone
          ? said('done')
          : said('', { toolCalls: [{ id: 'c', tool: 'write', arguments: {} }], finish: 'tool-calls' }),
      );
    },
  };
  const made = live({
    program: agentProgram,
    model,
    tools,
    kernel: { tools: tools.specs, ledger, programs: [agentProgram] },
    options: { storage },
  });
  return { live: made.live, gate, seen, started };
}

test('a parked run lets its tools come to their ends, and goes on elsewhere without doing anything again', async () => {
  const storage = new MemoryStorage();
  const first = world(storage);
  const { end } = first.live.spawn(spawn);
  end.catch(() => {});
  await first.started;
  let isParked = false;
  const parked = first.live.park().then(() => (isParked = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isParked).toBe(false);
  first.gate.open();
  await parked;
  first.live.close();
  expect(first.seen).toEqual({ calls: 1, writes: 1 });

  const stored = (await readStoredRun(storage, 'r1'))!;
  const second = world(storage, stored.ledger);
  const ends = second.live.restore(stored);
  const [pid] = ends.keys();
  second.live.signal(pid!, 'continue');
  expect(await ends.get(pid!)).toMatchObject({ outcome: 'completed', value: { answer: 'done' } });
  expect(second.seen).toEqual({ calls: 1, writes: 0 });
});

test('parking what has nothing under way, and what is closed for a reason', async () => {
  const idle = world(new MemoryStorage());
  await idle.live.park();
  const { live: broken, started } = world(new MemoryStorage());
  const { end } = broken.spawn(spawn);
  await started;
  const parked = broken.park();
  broken.close(new KernelError('LEASE_LOST', 'another worker has it'));
  await expect(parked).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(end).rejects.toMatchObject({ code: 'LEASE_LOST' });
});
