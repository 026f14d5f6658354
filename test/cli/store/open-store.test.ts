/** Where runs are kept: which place is taken, what is made there, and what is refused. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';

import { expect, test } from 'vitest';

import { openStore, openStoreToRead } from '../../../src/cli/store/open-store.ts';
import { storePlace, type StoreFlags } from '../../../src/cli/store/store-place.ts';
import { ioOf, scratch } from '../../support/run-cli.ts';

const files = scratch();
let folders = 0;
/** An empty folder. */
function folder(): string {
  const path = files.path(`a folder ${folders++}`);
  mkdirSync(path);
  return path;
}
const io = (at: string, environment: Record<string, string | undefined> = {}) =>
  ioOf({ folder: at, environment: { RINGZERO_STORE: undefined, ...environment } });

const refused = async (flags: StoreFlags, at: string, environment = {}): Promise<string> => {
  const error: unknown = await openStore(flags, io(at, environment)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'KernelError' });
  expect((error as Error).message).not.toContain('\n');
  return (error as Error).message;
};

test('a flag outranks the environment, the environment the file, the file the default', () => {
  const at = folder();
  expect(storePlace({}, io(at))).toMatchObject({ kind: 'folder', folder: `${at}/.ringzero`, sync: 'normal' });
  files.write('a folder 0/ringzero.json', JSON.stringify({ store: 'by file', sync: 'full' }));
  expect(storePlace({}, io(at))).toMatchObject({ folder: `${at}/by file`, sync: 'full' });
  const environment = { RINGZERO_STORE: 'by variable' };
  expect(storePlace({}, io(at, environment))).toMatchObject({ folder: `${at}/by variable` });
  const flags = { store: '../by flag', sync: 'normal' } as const;
  expect(storePlace(flags, io(at, environment))).toMatchObject({
    folder: files.path('by flag'),
    sync: 'normal',
    isDefault: false,
  });
  expect(storePlace({ store: 'memory' }, io(at))).toMatchObject({ kind: 'memory' });
  expect(storePlace({ store: './memory' }, io(at))).toMatchObject({ folder: `${at}/memory` });
});

test('what of the file is not about the store may be wrong for whoever only looks', () => {
  const at = folder();
  files.write(
    `${at.split('/').at(-1)!}/ringzero.json`,
    JSON.stringify({ store: 'here', model: 7, models: { a: { url: 'http://x', keyVariable: 'NOT_SET' } } }),
  );
  expect(storePlace({}, io(at))).toMatchObject({ folder: `${at}/here` });
});

test('a folder is made with all above it, for its owner alone, and not for a repository', async () => {
  const at = folder();
  const { storage } = await openStore({ store: 'some where/deeper' }, io(at));
  await storage.close();
  const made = `${at}/some where/deeper`;
  expect(statSync(made).mode & 0o777).toBe(0o700);
  expect(readFileSync(`${made}/.gitignore`, 'utf8')).toBe('*\n');
  const again = await openStoreToRead({ store: 'some where/deeper' }, io(at));
  expect(await again.storage.runs()).toEqual([]);
  await again.storage.close();
});

test('whoever only looks makes nothing', async () => {
  const at = folder();
  await expect(openStoreToRead({}, io(at))).rejects.toThrow('no runs here: .ringzero has no store');
  await expect(openStoreToRead({ store: 'else where' }, io(at))).rejects.toThrow(
    'no runs here: else where has no store',
  );
  await expect(openStoreToRead({ store: 'memory' }, io(at))).rejects.toThrow(/^store memory: /);
  expect(existsSync(`${at}/.ringzero`)).toBe(false);
});

test('a place that is none is refused in one line', async () => {
  const at = folder();
  files.write(`${at.split('/').at(-1)!}/plain`, 'text');
  expect(await refused({ store: 'plain' }, at)).toContain('"plain" is not allowed');
  expect(await refused({ store: 'plain/below' }, at)).toContain("the folder can't be made (ENOTDIR)");
  expect(await refused({ store: ' ' }, at)).toContain('--store: " " is not allowed');
  expect(await refused({ store: 'mysql://me:geheim@host/db' }, at)).toBe(
    '--store: "mysql://…" is not allowed; allowed: a folder, a postgres:// URL, or memory',
  );
  expect(await refused({}, at, { RINGZERO_STORE: 'redis://x' })).toContain('RINGZERO_STORE: "redis://…"');
});

test.skipIf(process.getuid?.() === 0)(
  'a folder that may not be written to is refused in one line',
  async () => {
    const at = folder();
    chmodSync(at, 0o500);
    expect(await refused({}, at)).toContain("store .ringzero: the folder can't be made (EACCES)");
    chmodSync(at, 0o700);
  },
);

test('a password is never shown, and does not belong in a file', async () => {
  const at = folder();
  const url = 'postgres://me:geheim@127.0.0.1:1/db?password=geheim2';
  expect(storePlace({ store: url }, io(at))).toMatchObject({ shown: 'postgres://127.0.0.1:1/db' });
  expect(await refused({ store: url }, at)).not.toMatch(/geheim/);
  expect(await refused({ store: 'postgres://me:geheim@[bad/db' }, at)).not.toMatch(/geheim/);
  const file = `${at.split('/').at(-1)!}/ringzero.json`;
  for (const store of ['postgres://me:geheim@host/db', 'postgresql://host/db?password=geheim']) {
    files.write(file, JSON.stringify({ store }));
    const message = await refused({}, at);
    expect(message).toMatch(
      /^ringzero.json: store: a password does not belong in a file; allowed: .*PGPASSWORD/,
    );
    expect(message).not.toMatch(/geheim/);
  }
  files.write(file, JSON.stringify({ store: 'postgres://me@host/db', sync: 'half' }));
  expect(await refused({}, at)).toContain('ringzero.json: sync: "half" is not allowed');
});

test('a store that is there and cannot be looked at is not told to be missing', async () => {
  const at = folder();
  mkdirSync(`${at}/kept`);
  await expect(openStoreToRead({ store: 'kept' }, io(at))).rejects.toThrow('no runs here: kept has no store');
  symlinkSync('runs.db', `${at}/kept/runs.db`);
  await expect(openStoreToRead({ store: 'kept' }, io(at))).rejects.toThrow(
    "store kept: can't be looked at (ELOOP); allowed: a folder that may be read and written to",
  );
});
