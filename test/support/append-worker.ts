/** `node append-worker.ts STORE SYNC COUNT`, in a schema of its level: waits for a line, appends so many records one after the other, and writes `acknowledged N` to standard output as soon as each is. */
import { once } from 'node:events';
import { writeSync } from 'node:fs';

import { openPostgresStorage } from '../../src/adapters/storage/postgres-storage.ts';
import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import type { SyncLevel } from '../../src/adapters/storage/sqlite-database.ts';
import { history, processStarted, runStarted } from '../kernel/storage-records.ts';

const [store = '', sync, count] = process.argv.slice(2);
const level = sync as SyncLevel;
await once(process.stdin, 'data');
const storage = store.startsWith('postgres')
  ? await openPostgresStorage({ url: store, sync: level, schema: `${level}_level` })
  : await openSqliteStorage(store, level);
await storage.append([runStarted(), processStarted()]);
writeSync(1, 'acknowledged 0\n');
for (let n = 1; n < Number(count); n++) {
  await storage.append([history(n)]);
  writeSync(1, `acknowledged ${n}\n`);
}
await storage.close();
