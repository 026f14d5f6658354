/**
 * The results of a sweep as a file: a line for each cell, as it ends. A sweep that was cut off goes on with what is missing in it; once all is there, the lines are put into the order of
 * the cells, so that the file is the same to the byte whoever computed what, and when.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

import { invalid, messageOf } from '../../kernel/errors.ts';
import type { KeyedCell } from '../../sim/sweep/cells.ts';
import { hasFailed, lineOf, resultsIn, type Outcome } from '../../sim/sweep/outcomes.ts';
import { checkOutput } from '../line-file.ts';

const option = '--output';

export class ResultFile {
  /** Of cells of this sweep, by key. */
  readonly found: ReadonlyMap<string, Outcome>;
  private readonly path: string;
  private readonly file: number;

  /** Opens it, or makes it. `inputs` must not be written over. Throws KernelError INVALID_ARGUMENT: it cannot be written, or holds something else. */
  constructor(path: string, cells: readonly KeyedCell[], inputs: readonly string[]) {
    checkOutput(option, path, inputs);
    this.path = path;
    const lines = existsSync(path) ? linesOf(path) : [];
    const keys = new Set(cells.map(({ key }) => key));
    const all = resultsIn(lines);
    this.found = new Map([...all].filter(([key]) => keys.has(key)));
    if (all.size > 0 && this.found.size === 0)
      throw invalid(
        option,
        path,
        `a file that is not there, or results of this sweep; all ${all.size} in it are of other cells, of other workloads or of another version`,
      );
    // What a program that died has left of a line is gone, and so is what failed.
    const kept = cells.flatMap((one) => {
      const outcome = this.found.get(one.key);
      return outcome === undefined ? [] : [`${lineOf(one, outcome)}\n`];
    });
    if (lines.length > 0) this.replace(kept);
    this.file = this.attempt(() => openSync(path, 'a'));
  }

  /** On the disk when it returns, as far as this program's end goes. */
  add(cell: KeyedCell, outcome: Outcome): void {
    const bytes = Buffer.from(`${lineOf(cell, outcome)}\n`);
    for (let written = 0; written < bytes.length;)
      written += this.attempt(() => writeSync(this.file, bytes, written));
  }

  /** Each cell has its outcome. */
  finish(cells: readonly KeyedCell[], outcomes: ReadonlyMap<string, Outcome>): void {
    this.attempt(() => closeSync(this.file));
    this.replace(cells.map((one) => `${lineOf(one, outcomes.get(one.key)!)}\n`));
  }

  /** Whole, or not at all. */
  private replace(lines: readonly string[]): void {
    const next = `${this.path}.next`;
    this.attempt(() => {
      const file = openSync(next, 'w');
      for (const line of lines) writeFileSync(file, line);
      fsyncSync(file);
      closeSync(file);
      renameSync(next, this.path);
    });
  }

  private attempt<Value>(action: () => Value): Value {
    try {
      return action();
    } catch (error) {
      throw invalid(option, this.path, `a file that can be written (${messageOf(error)})`);
    }
  }
}

/** Throws KernelError INVALID_ARGUMENT: it is of another kind. */
function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const start = '{"key":"';
  if (!text.startsWith(start.slice(0, text.length)))
    throw invalid(option, path, 'a file that is not there, or the results of a sweep; this is neither');
  return text.split('\n').filter((line) => line !== '');
}

/** How many of the outcomes are none. */
export function failuresIn(outcomes: Iterable<Outcome>): number {
  let failures = 0;
  for (const outcome of outcomes) if (hasFailed(outcome)) failures++;
  return failures;
}
