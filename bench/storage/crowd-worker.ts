/**
 * `node crowd-worker.mjs MODE STORE SYNC AGENTS STEPS BYTES WRITERS`: so many agents at once take so many steps each, with so many bytes of new content a step. MODE `live`: they run on one
 * live kernel with the store. MODE `append`: what such a kernel appended for each agent is appended again, each agent's next batch when the one before is acknowledged, by so many storage
 * objects side by side. STORE: a file, the URL of a PostgreSQL server with `#` and a schema, or `memory`. Prints one line of JSON.
 */
import { openPostgresStorage } from '../../src/adapters/storage/postgres-storage.ts';
import type { SyncLevel } from '../../src/adapters/storage/sqlite-database.ts';
import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { stepTexts } from './step-texts.ts';
import { startWriter, steppingModel, writingKernel } from './writing-kernel.ts';

/** A step is acknowledged when the next one may begin. */
export interface CrowdRow {
  readonly stepsPerSecond: number;
  readonly recordsPerStep: number;
  /** Of this process, with all its threads. */
  readonly cpuUsPerStep: number;
  readonly flushes: number;
}

type CountedStorage = StorageManager & { readonly flushes: number };

const [mode = 'append', store = 'memory', sync = 'normal', ...numbers] = process.argv.slice(2);
const [agents = 1_000, steps = 20, bytes = 4_096, writers = 1] = numbers.map(Number);

function open(): Promise<CountedStorage> {
  if (store === 'memory') return Promise.resolve(new MemoryStorage());
  const [url = '', schema] = store.split('#');
  if (schema !== undefined) return openPostgresStorage({ url, schema, sync: sync as SyncLevel });
  return openSqliteStorage(store, sync as SyncLevel);
}

/** All agents of a live kernel from their start to their end. */
async function runAgents(storage: StorageManager, count: number, name: string): Promise<void> {
  const content = { bytes, text: stepTexts('words', agents + count) };
  const model = steppingModel({ steps, content });
  const live = writingKernel({ storage, model, content, agents: count });
  await Promise.all(
    Array.from({ length: count }, (_, agent) => startWriter(live, `${name}-${agent}`, steps)),
  );
  live.close();
}

/** What a live kernel appends for each agent: one batch for each flush that had something of it. */
class TakenDown extends MemoryStorage {
  readonly batches = new Map<string, KernelRecord[][]>();

  override append(records: readonly KernelRecord[]): Promise<void> {
    const batches = new Map<string, KernelRecord[]>();
    for (const record of records) {
      const batch = batches.get(record.run) ?? [];
      if (batch.push(record) === 1) batches.set(record.run, batch);
    }
    for (const [run, batch] of batches) {
      const list = this.batches.get(run) ?? [];
      if (list.push(batch) === 1) this.batches.set(run, list);
    }
    return super.append(records);
  }
}

async function appendAll(
  storages: readonly StorageManager[],
  batches: ReadonlyMap<string, readonly KernelRecord[][]>,
): Promise<void> {
  await Promise.all(
    Array.from(batches.values(), async (list, agent) => {
      const storage = storages[agent % storages.length]!;
      for (const batch of list) await storage.append(batch);
    }),
  );
}

const isLive = mode === 'live';
const storages = await Promise.all(Array.from({ length: writers }, open));
const taken = new TakenDown();
const warm = new TakenDown();
if (!isLive) await runAgents(taken, agents, 'agent');
// Compiled code.
await runAgents(isLive ? storages[0]! : warm, 50, 'warm');
await appendAll(storages, warm.batches);
const flushed = (): number => storages.reduce((sum, { flushes }) => sum + flushes, 0);
const flushedBefore = flushed();
const cpu = process.cpuUsage();
const start = performance.now();
if (isLive) await runAgents(storages[0]!, agents, 'agent');
else await appendAll(storages, taken.batches);
const seconds = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const flushes = flushed() - flushedBefore;
for (const storage of storages) await storage.close();
const records = Array.from(taken.batches.values(), (list) => list.flat().length);
const row: CrowdRow = {
  stepsPerSecond: (agents * steps) / seconds,
  recordsPerStep: records.reduce((sum, count) => sum + count, 0) / (agents * steps),
  cpuUsPerStep: (user + system) / (agents * steps),
  flushes,
};
console.log(JSON.stringify(row));
