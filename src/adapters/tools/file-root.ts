import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { invalid } from '../../kernel/errors.ts';
import { placeIn } from '../../kernel/file-keys.ts';

/**
 * A folder that file tools can't leave: neither by `..` or an absolute path, nor by a link in it that leads out. Who can change links in the folder while a call runs can still
 * win a race against the check; give a root to agents alone.
 */
export class FileRoot {
  /** Absolute and without links. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Throws KernelError INVALID_ARGUMENT when there is no such folder. */
  static async open(folder: string): Promise<FileRoot> {
    try {
      return new FileRoot(await realpath(resolve(folder)));
    } catch {
      throw invalid('root', folder, 'a folder that exists');
    }
  }

  /** The place in the folder that `path` names, by text alone; undefined: it is outside. */
  keyOf(path: string): string | undefined {
    return placeIn(this.folder, path);
  }

  /** The real file behind `path`, which need not exist yet. Throws an error of one line when it is outside the folder. */
  async locate(path: string): Promise<string> {
    const key = this.keyOf(path);
    if (key === undefined) throw outside(path);
    const place = join(this.folder, key);
    const real = await realOf(place).catch(explained(path));
    if (!isInside(relative(this.folder, real))) throw outside(path);
    return real;
  }
}

const outside = (path: string): Error => invalid('path', path, 'a path inside the root of the file tools');

const isInside = (inside: string): boolean =>
  inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);

/** Links resolved also where what they lead to does not exist yet: it would be made there. */
async function realOf(place: string): Promise<string> {
  try {
    return await realpath(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const parent = await realOf(dirname(place));
  const here = join(parent, basename(place));
  const target = await readlink(here).catch(() => undefined);
  return target === undefined ? here : realOf(resolve(parent, target));
}

/** Errors of the file system name the path as it was asked for, not where the root lies. */
export const explained =
  (path: string) =>
  (error: unknown): never => {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new Error(`path: ${JSON.stringify(path)} ${reasons[code] ?? `failed with ${code}`}`);
  };
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder; allowed: a file',
  ENOTDIR: 'is no folder',
  EEXIST: 'is below a file; allowed: below folders',
  ENXIO: 'is no file, but a pipe or a device',
  ENOSPC: 'does not fit on the disk',
  EROFS: 'is where nothing may be written',
  EACCES: 'may not be opened',
  EPERM: 'may not be opened',
  ENAMETOOLONG: 'is too long a name',
  ELOOP: 'is a link to itself',
};
