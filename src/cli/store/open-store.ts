/** The storage that a command reads or writes. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { RankedIndex } from '../../adapters/search/ranked-index.ts';
import { openPostgresStorage } from '../../adapters/storage/postgres-storage.ts';
import { openSqliteStorage, openSqliteToRead } from '../../adapters/storage/sqlite-storage.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { MemoryStorage } from '../../kernel/memory-storage.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { Io } from '../command.ts';
import { storePlace, type StoreFlags, type StorePlace } from './store-place.ts';

export interface OpenStore {
  readonly storage: StorageManager;
  readonly place: StorePlace;
  /** Why nothing outlives the program, although nobody has asked for that; undefined: what is kept is kept, or nothing was to be. */
  readonly unkept: string | undefined;
}

/** The database in its folder. */
const fileName = 'runs.db';

/**
 * For a command that runs something: makes what is not there. Throws KernelError INVALID_ARGUMENT for a place that is none, STORAGE_FAILED for one that can't be used.
 */
export async function openStore(flags: StoreFlags, io: Io): Promise<OpenStore> {
  const place = storePlace(flags, io);
  if (place.kind === 'memory') return { storage: memory(), place, unkept: undefined };
  if (place.kind === 'postgres')
    return { storage: await openPostgresStorage(place), place, unkept: undefined };
  const missing = await missingDriver();
  if (missing !== undefined && place.isDefault)
    return { storage: memory(), place: { kind: 'memory', shown: 'memory' }, unkept: missing };
  if (missing !== undefined)
    throw new KernelError(
      'STORAGE_FAILED',
      `store ${place.shown}: ${missing}; allowed: a postgres:// URL, or memory`,
    );
  makeFolder(place);
  const storage = await openSqliteStorage(join(place.folder, fileName), place.sync);
  return { storage, place, unkept: undefined };
}

/** For a command that changes what is there: throws KernelError STORAGE_FAILED where there is no store, and makes none. */
export async function openStoreThere(flags: StoreFlags, io: Io): Promise<OpenStore> {
  checkThere(storePlace(flags, io));
  return openStore(flags, io);
}

/** For a command that only looks: the same, and a store that can only be read will do. */
export async function openStoreToRead(flags: StoreFlags, io: Io): Promise<OpenStore> {
  const place = storePlace(flags, io);
  checkThere(place);
  if (place.kind !== 'folder' || (await missingDriver()) !== undefined) return openStore(flags, io);
  return { storage: await openSqliteToRead(join(place.folder, fileName)), place, unkept: undefined };
}

function checkThere(place: StorePlace): void {
  if (place.kind === 'memory')
    throw new KernelError(
      'INVALID_ARGUMENT',
      'store memory: it ends with its program, so nothing is kept there to look at',
    );
  if (place.kind === 'postgres') return;
  const { folder, shown } = place;
  try {
    statSync(join(folder, fileName));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new KernelError(
      'STORAGE_FAILED',
      isMissing
        ? `no runs here: ${shown} has no store`
        : `store ${shown}: can't be looked at (${code}); allowed: a folder that may be read and written to`,
      { cause: error },
    );
  }
}

/** Found as in the files of settings: by how well a memory fits. */
const memory = (): MemoryStorage => new MemoryStorage(() => new RankedIndex());

/** Nodes before 22.13 have no SQLite, or only for who asks for it. */
async function missingDriver(): Promise<string | undefined> {
  try {
    await import('node:sqlite');
    return undefined;
  } catch {
    return `this Node (${process.versions.node}) has no SQLite, 22.13 and later have`;
  }
}

/** What it holds is private, and none of what a project shares. */
function makeFolder({ folder, shown }: StorePlace & { readonly kind: 'folder' }): void {
  const isThere = existsSync(folder);
  if (isThere && !statSync(folder).isDirectory())
    throw invalid('--store', shown, 'a folder, a postgres:// URL, or memory; this is a file');
  if (isThere) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, '.gitignore'), '*\n');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new KernelError(
      'STORAGE_FAILED',
      `store ${shown}: the folder can't be made (${code}); allowed: --store with a folder that can be written to, a postgres:// URL, or memory`,
      { cause: error },
    );
  }
}
