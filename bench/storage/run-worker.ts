/**
 * `node run-worker.mjs FILE SYNC TEXT STEPS BYTES`: one agent takes so many steps, with so many bytes of new content each, stored in an SQLite file; then its model says nothing any more,
 * and the process ends in the middle of the run. Prints one line of JSON.
 */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { SyncLevel } from '../../src/adapters/storage/sqlite-database.ts';
import { stepTexts, type TextKind } from './step-texts.ts';
import { startWriter, steppingModel, writingKernel } from './writing-kernel.ts';

/** Bytes that the database grew by in each tenth of the steps. */
export interface RunRow {
  readonly steps: number;
  readonly stepsPerSecond: number;
  /** Of the process, with all its threads. */
  readonly cpuUsPerStep: number;
  readonly bytesOfTenths: readonly number[];
  readonly bytes: number;
  readonly megabytes: number;
}

const [file = '', sync = 'normal', kind = 'noise', ...numbers] = process.argv.slice(2);
const [steps = 10_000, bytes = 4_096] = numbers.map(Number);
const content = { bytes, text: stepTexts(kind as TextKind, 1) };

const storage = await openSqliteStorage(file, sync as SyncLevel);
const database = new DatabaseSync(file);
/** With all that the log holds brought into the file. */
function bytesNow(): number {
  database.exec('pragma wal_checkpoint(truncate)');
  return statSync(file).size + statSync(`${file}-wal`).size;
}

const marks = [bytesNow()];
const start = performance.now();
const cpu = process.cpuUsage();
await new Promise<void>((resolve) => {
  const onTurn = (turn: number): void => {
    if (turn > 0 && turn % Math.floor(steps / 10) === 0) marks.push(bytesNow());
    if (turn === steps) resolve();
  };
  const model = steppingModel({ steps, content, last: 'never', onTurn });
  const live = writingKernel({ storage, model, content });
  void startWriter(live, 'writer', steps);
});
const seconds = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const row: RunRow = {
  steps,
  stepsPerSecond: steps / seconds,
  cpuUsPerStep: (user + system) / steps,
  bytesOfTenths: marks.slice(1).map((mark, index) => mark - marks[index]!),
  bytes: marks.at(-1)!,
  megabytes: process.memoryUsage().rss / 1_048_576,
};
console.log(JSON.stringify(row));
process.exit();
