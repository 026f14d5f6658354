/**
 * `node worker.ts STORE FOLDER RUN`: starts the run, or goes on with what the store has of it, to its end. What its tool does to the world are files in FOLDER, named by the run and the key of the call.
 * Prints `turn N` when turn N has begun, so that all before it is durable, and `end` with the outcome as JSON.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openPostgresStorage } from '../../src/adapters/storage/postgres-storage.ts';
import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { LiveTools, type LiveTool } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import { LiveKernel, type ProcessEnd } from '../../src/host/live-kernel.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import { readStoredRun } from '../../src/host/stored-run.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';

/** Model calls of a run, but for the last. */
const turns = 40;

const [store = '', folder = '', run = ''] = process.argv.slice(2);

/** Turns are counted by what stands in the prompt. */
const model: ModelPort = {
  call: async ({ messages }) => {
    const turn = messages.filter(({ role }) => role === 'tool').length;
    process.stdout.write(`turn ${turn}\n`);
    await new Promise((resolve) => setTimeout(resolve, 4));
    const isLast = turn === turns;
    return {
      text: isLast ? `read: ${JSON.stringify(messages)}` : 'next',
      toolCalls: isLast ? [] : [{ id: `call-${turn}`, tool: 'write', arguments: { turn } }],
      finish: isLast ? 'stop' : 'tool-calls',
      usage: { tokensIn: 10, tokensOut: 5 },
    };
  },
};

/** Acts once for a key: a second call with it gives what the first one gave. */
const write: LiveTool = {
  spec: {
    name: 'write',
    description: 'Writes a line.',
    parameters: { type: 'object', properties: { turn: { type: 'integer' } }, required: ['turn'] },
    writes: ['log'],
    idempotent: true,
  },
  async call(args, { key }) {
    const { turn } = args as { readonly turn: number };
    const file = join(folder, `${run}.${key}`);
    if (!existsSync(file)) {
      // Whole or not at all.
      writeFileSync(`${file}.new`, `line ${turn}`);
      renameSync(`${file}.new`, file);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
    return { ok: true, value: readFileSync(file, 'utf8') };
  },
};

const storage = store.startsWith('postgres')
  ? await openPostgresStorage({ url: store })
  : await openSqliteStorage(store);
const stored = await readStoredRun(storage, run);
const known = (await storage.processes(run))[0]?.end;
if (known !== undefined) report(known);
else {
  const tools = new LiveTools([write]);
  const live = new LiveKernel({
    kernel: {
      seed: 1,
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none', memoryTokens: Infinity }],
      programs: [agentProgram],
      tools: tools.specs,
      ledger: stored?.ledger ?? [],
    },
    clock: new SystemClock(),
    models: { model },
    tools,
    people: { ask: () => {}, withdraw: () => {} },
    storage,
    countTokens: estimateTokens,
  });
  const task = {
    task: 'Write.',
    tools: ['write'],
    toolCalls: turns + 1,
    iterations: turns + 2,
    reflectEvery: 0,
  };
  const end =
    stored === undefined
      ? live.spawn({ program: 'agent', arguments: task, name: 'writer', run }).end
      : [...live.restore(stored).values()][0]!;
  report(await end);
}
await storage.close();

function report({ outcome, value }: Pick<ProcessEnd, 'outcome' | 'value'>): void {
  process.stdout.write(`end ${JSON.stringify({ outcome, value })}\n`);
}
