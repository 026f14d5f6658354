import { messageOf } from '../../kernel/errors.ts';
import type { Failure } from './sql.ts';

/** Primary result codes (sqlite.org/rescode.html) of what may be cured while a program runs, in words for people. */
const curable: ReadonlyMap<number, string> = new Map([
  [5, 'another program keeps it locked'],
  [6, 'another program keeps it locked'],
  [8, 'it can only be read'],
  [10, 'disk I/O error'],
  [13, 'disk is full'],
  [14, 'its files cannot be opened'],
  [15, 'another program keeps it locked'],
]);

const beyondCure: ReadonlyMap<number, string> = new Map([
  [11, 'is damaged: database disk image is malformed'],
  [26, 'is no SQLite database; allowed: one that ringzero made, or a new file'],
]);

export function sqliteFailure(error: unknown): Failure {
  const code = resultCode(error);
  const cure = curable.get(code);
  if (cure !== undefined) return { kind: 'unavailable', message: cure };
  return { kind: 'refused', message: beyondCure.get(code) ?? messageOf(error) };
}

export function isLocked(error: unknown): boolean {
  return curable.get(resultCode(error)) === curable.get(5);
}

/** -1: it is none of SQLite's. What an extended code adds is left out. */
function resultCode(error: unknown): number {
  const code: unknown = (error as { readonly errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : -1;
}
