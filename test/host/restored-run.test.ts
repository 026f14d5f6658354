import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { LiveTools } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { Message } from '../../src/agents/model/messages.ts';
import type { LiveKernel, ProcessEnd } from '../../src/host/live-kernel.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import { readStoredRun } from '../../src/host/stored-run.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { live, said } from '../support/live.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringzero-restored-'));
afterAll(() => rmSync(folder, { recursive: true }));

const turns = 7;

/** Counts what the world has seen. */
interface World {
  readonly calls: number[];
  readonly written: string[];
}

/** By what stands in the prompt: so many results, so many turns. */
function model(world: World, onCall: (turn: number) => void): ModelPort {
  return {
    call: ({ messages }) => {
      const turn = messages.filter(({ role }) => role === 'tool').length;
      world.calls.push(turn);
      onCall(turn);
      return Promise.resolve(
        turn === turns
          ? said(`done: ${messages.map(shown).join(' ')}`)
          : said('next', {
              toolCalls: [{ id: `call-${turn}`, tool: 'write', arguments: { line: `line ${turn}` } }],
              finish: 'tool-calls',
            }),
      );
    },
  };
}

const shown = (message: Message): string => JSON.stringify(message);

function open(
  storage: StorageManager,
  world: World,
  onCall: (turn: number) => void,
  ledger: readonly LedgerRecord[],
): LiveKernel {
  const tools = new LiveTools([
    {
      spec: {
        name: 'write',
        description: 'Writes a line.',
        parameters: { type: 'object', properties: { line: { type: 'string' } } },
        reads: [],
        writes: ['file'],
      },
      call: (args) => {
        const { line } = args as { line: string };
        world.written.push(line);
        return Promise.resolve({ ok: true, value: `wrote ${line}` });
      },
    },
  ]);
  return live({
    program: agentProgram,
    model: model(world, onCall),
    tools,
    kernel: { tools: tools.specs, ledger, programs: [agentProgram] },
    options: { storage },
  }).live;
}

const task = { task: 'Write.', tools: ['write'], checkpointEvery: 2, reflectEvery: 0 };

test('a run goes on from the database as if nothing had happened, wherever it was cut', async () => {
  const undisturbed: World = { calls: [], written: [] };
  const whole = await openSqliteStorage(join(folder, 'whole.db'));
  const expected = await open(whole, undisturbed, () => {}, []).spawn({
    program: 'agent',
    arguments: task,
    name: 'writer',
    run: 'r1',
  }).end;
  await whole.close();
  expect(expected.outcome).toBe('completed');
  expect(undisturbed.written).toHaveLength(turns);

  for (let cut = 0; cut <= turns; cut++) {
    const file = join(folder, `cut-${cut}.db`);
    const world: World = { calls: [], written: [] };
    const first = await openSqliteStorage(file);
    await new Promise<void>((resolve) => {
      const kernel = open(
        first,
        world,
        (turn) => {
          if (turn !== cut) return;
          kernel.close();
          resolve();
        },
        [],
      );
      kernel.spawn({ program: 'agent', arguments: task, name: 'writer', run: 'r1' }).end.catch(() => {});
    });
    await first.close();

    const second = await openSqliteStorage(file);
    const stored = (await readStoredRun(second, 'r1'))!;
    const ends = open(second, world, () => {}, stored.ledger).restore(stored);
    const end: ProcessEnd = await ends.get(expected.pid)!;
    expect(end).toEqual(expected);
    expect(await readStoredRun(second, 'r1')).toBeUndefined();
    await second.close();
    // The call that was cut off is made again, and nothing else is.
    expect(world.calls).toEqual([...undisturbed.calls, cut].toSorted((a, b) => a - b));
    expect(world.written).toEqual(undisturbed.written);
  }
});
