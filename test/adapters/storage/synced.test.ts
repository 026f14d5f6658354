/** What `full` promises: the log of the database is synced before each acknowledgement; and that `normal` does without. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import type { SyncLevel } from '../../../src/adapters/storage/sqlite-database.ts';
import { postgresFolder, startPostgres } from '../../support/postgres.ts';
import { canTrace, familyOf, traced, type FileEvent } from '../../support/strace.ts';

const worker = fileURLToPath(new URL('../../support/append-worker.ts', import.meta.url));
const appends = 8;
const levels: readonly SyncLevel[] = ['full', 'normal'];
const isTraceable = canTrace();
const bin = postgresFolder();

/** For each acknowledgement but the first, before which the schema is made: whether something was written to the log since the one before it, and then synced. */
function syncs(events: readonly FileEvent[], isLog: (path: string) => boolean): readonly boolean[] {
  const synced: boolean[] = [];
  let state: 'nothing' | 'written' | 'synced' = 'nothing';
  for (const { type, path } of events) {
    if (type === 'acknowledged') {
      synced.push(state === 'synced');
      state = 'nothing';
    } else if (isLog(path)) {
      if (type === 'write') state = 'written';
      else if (state === 'written') state = 'synced';
    }
  }
  expect(synced).toHaveLength(appends);
  return synced.slice(1);
}

test.skipIf(!isTraceable)(
  'SQLite syncs its log before each acknowledgement, or not at all (skipped where strace is missing or not allowed)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringzero-synced-'));
    for (const level of levels) {
      const file = join(folder, `${level}.db`);
      const events = await traced([worker, file, level, String(appends)]);
      const expected = Array.from({ length: appends - 1 }, () => level === 'full');
      expect(syncs(events, (path) => path === `${file}-wal`)).toEqual(expected);
    }
    rmSync(folder, { recursive: true });
  },
);

test.skipIf(!isTraceable || bin === undefined)(
  'PostgreSQL syncs its log before each acknowledgement, or later (skipped where it, or strace, is missing or not allowed)',
  async () => {
    // What is not synced for an acknowledgement is so after this time.
    const server = startPostgres(bin!, { fsync: true, settings: '-c wal_writer_delay=10s' });
    try {
      const postmaster = Number(
        readFileSync(join(server.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0],
      );
      for (const level of levels) {
        const command = [worker, server.url, level, String(appends)];
        const events = await traced(command, familyOf(postmaster));
        const synced = syncs(events, (path) => path.includes('/pg_wal/'));
        expect(synced.every(Boolean)).toBe(level === 'full');
      }
    } finally {
      server.stop();
    }
  },
);
