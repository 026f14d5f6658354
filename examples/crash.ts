/**
 * A run outlives its program: an agent works, the program ends in the middle of a model call, and another one goes on from the file that both share. Answers that were received are not asked
 * for again, and tool calls that had ended are not repeated; the call that was cut off is. In a program of your own the two imports are `ringzero` and `ringzero/adapters`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  agentProgram,
  builtInTools,
  estimateTokens,
  importanceLru,
  LiveKernel,
  priority,
  readStoredRun,
  type AgentTask,
  type ModelPort,
  type StoredRun,
} from '../src/index.ts';
import {
  LiveTools,
  openSqliteStorage,
  pureTool,
  SystemClock,
  type SqlStorage,
} from '../src/adapters/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringzero-'));
const file = join(folder, 'runs.db');
const tools = new LiveTools(builtInTools.map(pureTool));

/** Asks for a calculation, and for another one with its result, and answers. Never tells anything once it `isOver`. */
function model(isOver: (turn: number) => boolean): ModelPort {
  return {
    call: async ({ messages }) => {
      const results = messages.flatMap((message) => (message.role === 'tool' ? [message.value] : []));
      console.log(`  the model is asked, with ${results.length} results`);
      if (isOver(results.length)) return new Promise(() => {});
      const expression = results.length === 0 ? '6*7' : `${JSON.stringify(results.at(-1))}+1`;
      const isLast = results.length === 2;
      return {
        text: isLast ? `It is ${JSON.stringify(results.at(-1))}.` : 'I calculate.',
        toolCalls: isLast
          ? []
          : [{ id: `c${results.length}`, tool: 'calculator', arguments: { expression } }],
        finish: isLast ? 'stop' : 'tool-calls',
        usage: { tokensIn: 100, tokensOut: 10 },
      };
    },
  };
}

/** The kernel of both programs; the second one has to know what the first one spent. */
function kernelOf(storage: SqlStorage, port: ModelPort, stored?: StoredRun): LiveKernel {
  return new LiveKernel({
    kernel: {
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none' }],
      programs: [agentProgram],
      tools: tools.specs,
      ledger: stored?.ledger ?? [],
    },
    clock: new SystemClock(),
    models: { model: port },
    tools,
    people: { ask: () => {}, withdraw: () => {} },
    storage,
    countTokens: estimateTokens,
  });
}

console.log('the first program');
let storage = await openSqliteStorage(file);
await new Promise<void>((over) => {
  const live = kernelOf(
    storage,
    model((results) => {
      if (results < 1) return false;
      live.close();
      over();
      return true;
    }),
  );
  const task = { task: 'How much is it?', tools: ['calculator'] } satisfies AgentTask;
  // Nobody is told of its end.
  live.spawn({ program: 'agent', arguments: task, name: 'clerk', run: 'first' }).end.catch(() => {});
});
await storage.close();

console.log('the second program');
storage = await openSqliteStorage(file);
const stored = await readStoredRun(storage, 'first');
if (stored === undefined) throw new Error('the run is over');
const ends = kernelOf(
  storage,
  model(() => false),
  stored,
).restore(stored);
for (const [pid, end] of ends) {
  const { outcome, value } = await end;
  console.log(`process ${pid} ${outcome}: ${JSON.stringify(value)}`);
}
const { ok } = await storage.verifyAudit('first');
console.log(`the audit chain of both is ${ok ? 'whole' : 'broken'}`);
await storage.close();
rmSync(folder, { recursive: true });
