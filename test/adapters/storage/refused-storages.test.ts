/** Storages that can't be opened: each is refused in the one line that docs/storage.md gives, and left as it is. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Client } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';

import { openPostgresStorage } from '../../../src/adapters/storage/postgres-storage.ts';
import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { history, processStarted, runStarted } from '../../kernel/storage-records.ts';
import { postgresFolder, startPostgres } from '../../support/postgres.ts';
import { refusals, saidOf } from '../../support/refused-storages.ts';
import { SmallDisk } from '../../support/small-disk.ts';

const said = refusals();
const folder = mkdtempSync(join(tmpdir(), 'ringzero-refused-'));
const disk = new SmallDisk();
const bin = postgresFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
  disk.remove();
});

/** By what the page calls it: makes it in a folder, and gives its path. */
const files: Readonly<Record<string, (folder: string) => string | Promise<string>>> = {
  'a file in a folder that is not there': (place) => join(place, 'nowhere', 'runs.db'),
  'a folder': (place) => {
    mkdirSync(join(place, 'runs.db'));
    return join(place, 'runs.db');
  },
  'a file that is no database': (place) => {
    writeFileSync(
      join(place, 'notes.txt'),
      'These are notes, and no database, however long they are. '.repeat(30),
    );
    return join(place, 'notes.txt');
  },
  'a database of something else': (place) => {
    changed(join(place, 'other.db'), 'create table runs (name text)');
    return join(place, 'other.db');
  },
  'one of a newer ringzero': async (place) => {
    const file = await stored(place);
    changed(file, "update ringzero_meta set value = '99' where name = 'version'");
    return file;
  },
};

/** They need a disk of their own. */
const onDisk = [
  'a file that can only be read',
  'a new file in a folder that is read-only',
  'a new file on a full disk',
];
const damaged = 'a damaged file, when it is read';

async function stored(place: string): Promise<string> {
  const file = join(place, 'runs.db');
  const storage = await openSqliteStorage(file);
  await storage.append([runStarted(), processStarted(), history(1)]);
  await storage.close();
  return file;
}

function changed(file: string, statement: string): void {
  const database = new DatabaseSync(file);
  database.exec(statement);
  database.close();
}

/** Files by their path, with what they hold. */
function contentOf(place: string): ReadonlyMap<string, string> {
  const names = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    names.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, readFileSync(path, 'latin1')];
    }),
  );
}

async function expectRefused(name: string, file: string, place: string): Promise<void> {
  const before = contentOf(place);
  expect(await saidOf(openSqliteStorage(file), { FILE: file, FOLDER: join(file, '..') })).toBe(
    said.get(name),
  );
  expect(contentOf(place)).toEqual(before);
}

for (const [name, make] of Object.entries(files))
  test(`${name} is refused`, async () => {
    const place = mkdtempSync(join(folder, 'place-'));
    await expectRefused(name, await make(place), place);
  });

test('a damaged file is told when it is read', async () => {
  const file = await stored(mkdtempSync(join(folder, 'place-')));
  // All but the first page, which holds the schema.
  writeFileSync(file, readFileSync(file).fill(0xa5, 4096));
  const open = openSqliteStorage(file).then((storage) => storage.history('r1'));
  expect(await saidOf(open, { FILE: file })).toBe(said.get(damaged));
});

test.skipIf(!disk.isMounted)(
  'disks that are full, or can only be read (skipped where nothing may be mounted)',
  async () => {
    const file = await stored(disk.folder);
    const empty = disk.fill(0);
    const [readOnly, inFolder, full] = onDisk;
    const added = join(disk.folder, 'new.db');
    expect(await saidOf(openSqliteStorage(added), { FILE: added })).toBe(said.get(full!));
    rmSync(added, { force: true });
    empty();
    disk.protect();
    await expectRefused(readOnly!, file, disk.folder);
    await expectRefused(inFolder!, added, disk.folder);
  },
);

const servers = [
  'a server that is not there',
  'a wrong password',
  'a database that is not there',
  'a schema that the user may not make',
  'a schema that the user may not use',
  'a schema of something else',
  'a schema name that PostgreSQL would change',
];

describe.skipIf(bin === undefined)('on a PostgreSQL server of its own', () => {
  test('a server or a schema', async () => {
    const server = startPostgres(bin!);
    try {
      const admin = new Client({ connectionString: server.url });
      await admin.connect();
      await admin.query(
        "create user guest password 'right'; create schema closed; create schema other; create table other.runs (name text)",
      );
      const rules = join(server.folder, 'data', 'pg_hba.conf');
      writeFileSync(rules, `local all guest scram-sha-256\n${readFileSync(rules, 'utf8')}`);
      await admin.query('select pg_reload_conf()');
      const asGuest = server.url.replace('postgres@', 'guest:right@');
      const opened: readonly (readonly [string, string, string?])[] = [
        ['a server that is not there', 'postgresql://guest:secret@127.0.0.1:1/postgres'],
        ['a wrong password', server.url.replace('postgres@', 'guest:wrong@')],
        ['a database that is not there', server.url.replace('/postgres?', '/nowhere?')],
        ['a schema that the user may not make', asGuest],
        ['a schema that the user may not use', asGuest, 'closed'],
        ['a schema of something else', server.url, 'other'],
        ['a schema name that PostgreSQL would change', server.url, 'Agents'],
      ];
      expect(opened.map(([name]) => name)).toEqual(servers);
      for (const [name, url, schema = 'ringzero'] of opened) {
        const { protocol, host, pathname } = new URL(url);
        const URL_ = `${protocol}//${host}${pathname}, schema ${schema}`;
        expect(await saidOf(openPostgresStorage({ url, schema }), { URL: URL_ }), name).toBe(said.get(name));
      }
      const { rows } = await admin.query(
        "select count(*)::int as made from pg_tables where tablename like 'ringzero%'",
      );
      expect(rows).toEqual([{ made: 0 }]);
      await admin.end();
    } finally {
      server.stop();
    }
  });
});

test('each row of the page is one of these', () => {
  expect([...said.keys()].toSorted()).toEqual(
    [...Object.keys(files), ...onDisk, damaged, ...servers].toSorted(),
  );
});
