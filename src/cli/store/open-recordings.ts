/** The recordings that a word of the command line means: a file, or a run that is kept. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { storedRecordings } from '../../host/stored-recordings.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';
import { branchWords, findBranch, findRun } from './find-run.ts';
import { openStoreToRead } from './open-store.ts';
import type { StoreFlags } from './store-place.ts';

export interface OpenRecording {
  /** For messages and reports. */
  readonly name: string;
  /** Of which run that is kept; absent: it is a file. */
  readonly run?: string;
  readonly lines: () => AsyncIterable<string>;
  /** It may lack its end, because a program died. */
  readonly mayBeCut: boolean;
}

/** One of a file; of a run one for each program that drove it, in their order. Throws KernelError, and errors of the file system for a name that is neither. */
export async function openRecordings(
  word: string,
  flags: StoreFlags,
  io: Io,
): Promise<readonly OpenRecording[]> {
  const stored = await recordingsOfRun(word, flags, io);
  if (stored !== undefined) return stored;
  const file = await openInputFile(word);
  return [{ name: file.name, lines: () => file.lines(), mayBeCut: false }];
}

/** Undefined: the word names a file, or there is no store. `of` its branch: only those of kernels that went on with the branch that is named, or is the current one. Throws KernelError. */
export async function recordingsOfRun(
  word: string,
  flags: StoreFlags,
  io: Io,
  of: 'run' | 'branch' = 'run',
): Promise<readonly OpenRecording[] | undefined> {
  if (word === '-' || existsSync(resolve(io.folder, word)) || !(await isThere(flags, io))) return undefined;
  const { storage } = await openStoreToRead(flags, io);
  try {
    const at = of === 'branch' ? word.lastIndexOf('@') : -1;
    const { run, prunedUs } = await findRun(storage, at < 0 ? word : word.slice(0, at));
    const all = await storedRecordings(storage, run);
    const chosen = of === 'run' || all.length === 0 ? undefined : await findBranch(storage, word);
    const recordings = all.filter(({ branch }) => chosen === undefined || branch === chosen.branch);
    if (chosen !== undefined && recordings.length === 0)
      throw new KernelError(
        'INVALID_ARGUMENT',
        `run ${branchWords(chosen)}: no recording of it is kept: nobody has gone on with it yet, or only with --no-recording`,
      );
    if (recordings.length === 0)
      throw new KernelError(
        'INVALID_ARGUMENT',
        prunedUs === undefined
          ? `run ${run}: no recording of it is kept (--no-recording)`
          : `run ${run}: was pruned: only its audit log is here (ringzero audit ${run})`,
      );
    return recordings.map(({ lines }, index) => ({
      name: recordings.length === 1 ? run : `${run} part ${index + 1} of ${recordings.length}`,
      run: chosen === undefined ? run : branchWords(chosen),
      lines,
      mayBeCut: true,
    }));
  } finally {
    await storage.close();
  }
}

/** Whether there is a store at all. */
async function isThere(flags: StoreFlags, io: Io): Promise<boolean> {
  if (flags.store !== undefined) return true;
  try {
    const { storage } = await openStoreToRead(flags, io);
    await storage.close();
    return true;
  } catch {
    return false;
  }
}
