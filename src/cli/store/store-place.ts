/** Where runs are kept: `--store` over RINGZERO_STORE over `store` of ringzero.json over the folder `.ringzero`. */
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { isDatabaseUrl, shownDatabaseUrl } from '../../adapters/storage/postgres-storage.ts';
import type { SyncLevel } from '../../adapters/storage/sqlite-database.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';
import { readStoreConfig } from '../live/config-file.ts';
import { parseChoice } from '../options.ts';
import type { RedactFlags } from '../live/redaction.ts';
import { quoted } from '../run-flags.ts';

export interface StoreFlags {
  readonly config?: string;
  readonly store?: string;
  readonly sync?: SyncLevel;
}

/** `shown`: for people, without a password. */
export type StorePlace =
  | {
      readonly kind: 'folder';
      readonly folder: string;
      /** Nobody has named it: it is the one that is used if nothing else is said. */
      readonly isDefault: boolean;
      readonly sync: SyncLevel;
      readonly shown: string;
    }
  | { readonly kind: 'postgres'; readonly url: string; readonly sync: SyncLevel; readonly shown: string }
  | { readonly kind: 'memory'; readonly shown: string };

/** The variable of the environment. */
const storeVariable = 'RINGZERO_STORE';
const defaultFolder = '.ringzero';
const syncLevels: readonly SyncLevel[] = ['normal', 'full'];
const allowed = 'a folder, a postgres:// URL, or memory';

/** For a command that only looks. */
export function addStoreFlag(command: CommanderCommand): void {
  command.option(
    '--store <where>',
    `where runs are kept: ${allowed}, where they end with the program (default: ${storeVariable}, else ${defaultFolder})`,
  );
}

/** For a command that writes. */
export function addStoreFlags(command: CommanderCommand): void {
  addStoreFlag(command);
  command.option(
    '--sync <level>',
    'what is kept survives the end of this program (normal), or a power failure, too (full) (default: normal)',
    (text) => parseChoice('--sync', text, syncLevels),
  );
}

export function addRecordingFlag(command: CommanderCommand): void {
  command.option(
    '--no-recording',
    'keep no recording of it beside its steps: less to write, and no ringzero rerun, step or why of it',
  );
}

/** Throws KernelError INVALID_ARGUMENT or INVALID_FILE. */
export function storePlace(
  flags: StoreFlags,
  { folder, environment }: Pick<Io, 'folder' | 'environment'>,
): StorePlace {
  const config = readStoreConfig(folder, flags.config);
  const sync = flags.sync ?? config.sync ?? 'normal';
  const [field, where] = [
    ['--store', flags.store] as const,
    [storeVariable, environment[storeVariable]?.trim() || undefined] as const,
    [`${config.name}: store`, config.store] as const,
  ].find(([, value]) => value !== undefined) ?? ['', undefined];
  if (where === undefined)
    return {
      kind: 'folder',
      folder: resolve(folder, defaultFolder),
      isDefault: true,
      sync,
      shown: defaultFolder,
    };
  if (where === 'memory') return { kind: 'memory', shown: where };
  if (isDatabaseUrl(where)) {
    const shown = shownDatabaseUrl(where);
    if (shown === undefined)
      throw new KernelError(
        'INVALID_ARGUMENT',
        `${field}: that is no URL of a database; allowed: ${allowed}`,
      );
    return { kind: 'postgres', url: where, sync, shown };
  }
  // Anything else of that shape is not shown: it may hold a password.
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(where) ?? [];
  if (scheme !== undefined) throw invalid(field, `${scheme}://…`, allowed);
  if (where.trim() === '') throw invalid(field, where, allowed);
  // That of the file of settings is complete already.
  return { kind: 'folder', folder: resolve(folder, where), isDefault: false, sync, shown: where };
}

/** The words of `ringzero COMMAND RUN` for whoever finds the run where these flags have put it: `place`. */
export function storeWords(
  { store, config, redact = [] }: Pick<StoreFlags, 'store' | 'config'> & RedactFlags,
  place: StorePlace,
  command: 'resume' | 'show' | 'cancel',
  run: string,
): string {
  const words = ['ringzero', command, run];
  if (store !== undefined) words.push('--store', isDatabaseUrl(store) ? shownDatabaseUrl(store)! : store);
  // What goes on needs more of that file than where it is kept; the others don't take it.
  if (command === 'resume') {
    if (config !== undefined) words.push('--config', config);
    for (const rule of redact) words.push('--redact', rule);
  } else if (store === undefined && config !== undefined && !(place.kind === 'folder' && place.isDefault))
    words.push('--store', place.shown);
  return words.map(quoted).join(' ');
}
