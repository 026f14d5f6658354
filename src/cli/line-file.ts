/** Files that a run writes line by line while it goes on. */
import { accessSync, closeSync, constants, existsSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { checkGzipBlocks, GzipBlocks } from '../adapters/files/gzip-blocks.ts';
import { invalid } from '../kernel/errors.ts';

/** Files by the options that ask for them; undefined: not asked for. */
export type Outputs = Readonly<Record<`--${string}`, string | undefined>>;

/** Checks that all can be written, and that none is another or one of `inputs`, without touching any. Throws KernelError INVALID_ARGUMENT. */
export function checkOutputs(outputs: Outputs, inputs: readonly string[]): void {
  const taken = [...inputs];
  for (const [option, path] of Object.entries(outputs)) {
    if (path === undefined) continue;
    checkOutput(option, path, taken);
    taken.push(path);
  }
}

/** Checks that the file can be written, without touching it. `inputs`: files that must not be written over. Throws KernelError INVALID_ARGUMENT. */
export function checkOutput(option: string, path: string, inputs: readonly string[]): void {
  if (inputs.some((input) => resolve(input) === resolve(path)))
    throw invalid(option, path, 'a file that this command does not use otherwise');
  try {
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) throw new Error('it is a folder');
      accessSync(path, constants.W_OK);
    } else accessSync(dirname(resolve(path)), constants.W_OK);
  } catch (error) {
    throw notWritable(option, path, error);
  }
  if (path.endsWith('.gz')) checkGzipBlocks(option, path);
}

/**
 * Lines are gathered in blocks and written at once: the run is synchronous, and what it writes must not wait in memory for its end. Compressed
 * when its name ends in .gz.
 */
export class LineFile {
  private readonly option: string;
  private readonly path: string;
  private readonly file: number;
  private readonly gzip: GzipBlocks | undefined;
  private block: string[] = [];

  /** Empties the file. Throws KernelError INVALID_ARGUMENT, here and whenever the disk says no. */
  constructor(option: string, path: string) {
    this.option = option;
    this.path = path;
    this.file = this.attempt(() => openSync(path, 'w'));
    this.gzip = path.endsWith('.gz') ? new GzipBlocks() : undefined;
    if (this.gzip !== undefined) this.put(this.gzip.head());
  }

  write(line: string): void {
    this.block.push(line);
    if (this.block.length === 4_096) this.flush();
  }

  close(): void {
    this.flush();
    if (this.gzip !== undefined) this.put(this.gzip.tail());
    this.attempt(() => closeSync(this.file));
  }

  /** What it was for has failed: the file goes. */
  discard(): void {
    this.attempt(() => closeSync(this.file));
    this.attempt(() => rmSync(this.path));
  }

  private flush(): void {
    const bytes = Buffer.from(this.block.join(''));
    this.block = [];
    this.put(this.gzip === undefined ? bytes : this.gzip.block(bytes));
  }

  private put(bytes: Uint8Array): void {
    // One write may take only a part, as on a full pipe.
    for (let written = 0; written < bytes.length;)
      written += this.attempt(() => writeSync(this.file, bytes, written));
  }

  private attempt<Value>(action: () => Value): Value {
    try {
      return action();
    } catch (error) {
      throw notWritable(this.option, this.path, error);
    }
  }
}

function notWritable(option: string, path: string, error: unknown): Error {
  return invalid(option, path, `a file that can be written (${(error as Error).message})`);
}
