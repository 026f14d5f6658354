/** `node recovery-worker.mjs FILE`: goes on with the run that `run-worker` has left in the file, until its model is asked. Prints one line of JSON. */
import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { readStoredRun } from '../../src/host/stored-run.ts';
import { writingKernel } from './writing-kernel.ts';

/** Milliseconds, one after the other: the file is opened, the run read, the process restored and its model asked with the whole prompt. */
export interface RecoveryRow {
  readonly openMs: number;
  readonly readMs: number;
  readonly restoreMs: number;
  readonly messages: number;
}

const [file = ''] = process.argv.slice(2);
const start = performance.now();
const storage = await openSqliteStorage(file);
const opened = performance.now();
const stored = await readStoredRun(storage, 'writer');
if (stored === undefined) throw new Error('the run is over');
const read = performance.now();
const messages = await new Promise<number>((resolve) => {
  const live = writingKernel({
    storage,
    content: { bytes: 0, text: () => '' },
    model: {
      call: (call) => {
        resolve(call.messages.length);
        return new Promise(() => {});
      },
    },
    ledger: stored.ledger,
  });
  live.restore(stored);
});
const asked = performance.now();
const row: RecoveryRow = {
  openMs: opened - start,
  readMs: read - opened,
  restoreMs: asked - read,
  messages,
};
console.log(JSON.stringify(row));
process.exit();
