/** The write-ahead log of a SQLite file. */
import { statSync } from 'node:fs';

/** A part of what is stored is in the log beside the file, not in it. */
export function hasLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
