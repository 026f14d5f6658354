/**
 * Files that can be made again, kept by key in the user's cache folder. Nothing here is ever needed: what cannot be written is not kept, what cannot
 * be read isn't there. Several processes may use one folder at once: a file appears whole, by being renamed, or not at all.
 *
 * Size: when a file is added, those that were unused the longest are deleted until all together have at most `mostBytes`.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { chunkBytes } from './byte-source.ts';

export interface TraceCache {
  /** The bytes, or undefined when there are none. They may end in an error of the file system. */
  read(key: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Returns whether it is kept now. */
  write(key: string, parts: readonly Uint8Array[]): Promise<boolean>;
  remove(key: string): Promise<void>;
}

const suffix = '.trace';
const defaultMostBytes = 4 * 1_073_741_824;
/** What a process left that ended while it wrote. */
const abandonedMs = 3_600_000;

/** `RINGZERO_CACHE_DIR`, else `ringzero/traces` in `XDG_CACHE_HOME`, else in `~/.cache`. */
export function traceCacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { RINGZERO_CACHE_DIR: own = '', XDG_CACHE_HOME: users = '' } = env;
  if (own !== '') return own;
  // The XDG specification: a relative path is to be ignored.
  return join(isAbsolute(users) ? users : join(homedir(), '.cache'), 'ringzero', 'traces');
}

export function openTraceCache(folder: string, mostBytes = defaultMostBytes): TraceCache {
  const pathOf = (key: string): string => join(folder, key + suffix);
  return {
    async read(key) {
      try {
        const now = new Date();
        await utimes(pathOf(key), now, now); // says when it was used, and that it is there
        return createReadStream(pathOf(key), { highWaterMark: chunkBytes });
      } catch {
        return undefined;
      }
    },
    async write(key, parts) {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      if (bytes > mostBytes) return false;
      const unfinished = join(folder, `${key}.${randomUUID()}.tmp`);
      try {
        await mkdir(folder, { recursive: true });
        await writeParts(unfinished, parts);
        await rename(unfinished, pathOf(key));
        await trim(folder, key + suffix, mostBytes);
        return true;
      } catch {
        await rm(unfinished, { force: true }).catch(() => {});
        return false;
      }
    },
    remove: (key) => rm(pathOf(key), { force: true }).catch(() => {}),
  };
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const part of parts)
      for (let at = 0; at < part.length;) {
        const { bytesWritten } = await file.write(part, at, Math.min(part.length - at, 64 * chunkBytes));
        at += bytesWritten;
      }
  } finally {
    await file.close();
  }
}

/** Keeps `newest` and what was used last. Another process may delete at the same time: what is gone is gone. */
async function trim(folder: string, newest: string, mostBytes: number): Promise<void> {
  const kept: { path: string; size: number; usedMs: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts === undefined || !facts.isFile()) continue;
    if (name.endsWith('.tmp') && Date.now() - facts.mtimeMs > abandonedMs) await rm(path, { force: true });
    if (name.endsWith(suffix))
      kept.push({ path, size: facts.size, usedMs: name === newest ? Infinity : facts.mtimeMs });
  }
  let left = kept.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of kept.sort((a, b) => a.usedMs - b.usedMs)) {
    if (left <= mostBytes) return;
    await rm(path, { force: true });
    left -= size;
  }
}
