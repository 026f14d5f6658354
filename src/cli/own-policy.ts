/** Policies of a user's own: a file that exports one function (context) => policy, named in reports with the hash of its content. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { invalid, messageOf } from '../kernel/errors.ts';

/** Plain data: it is handed to worker threads, and kept in recordings. */
export interface OwnPolicyFile {
  /** Absolute. */
  readonly path: string;
  /** Of its content. */
  readonly sha256: string;
}

/** Whether a name of a policy is meant as a file. */
export const isPolicyFile = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

/** Throws KernelError INVALID_ARGUMENT when the file cannot be read. */
export function ownPolicyFile(option: string, name: string): OwnPolicyFile {
  try {
    return { path: resolve(name), sha256: createHash('sha256').update(readFileSync(name)).digest('hex') };
  } catch (error) {
    throw invalid(option, name, `a file that can be read (${messageOf(error)})`);
  }
}

/** The default export of the file, or the one function that it exports. Throws KernelError INVALID_ARGUMENT. */
export async function importPolicy<Create>(option: string, name: string, path: string): Promise<Create> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw invalid(option, name, `a module that can be imported (${messageOf(error)})`);
  }
  const functions = Object.values(exported).filter((value) => typeof value === 'function');
  const create = exported['default'] ?? (functions.length === 1 ? functions[0] : undefined);
  if (typeof create !== 'function')
    throw invalid(option, name, 'a module that exports one function (context) => policy');
  return create as Create;
}
