/** A sweep file with the files that it names: every cell with its key. */
import { dirname, resolve } from 'node:path';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { KernelError } from '../../kernel/errors.ts';
import { keyOf, type Cell, type CellKind, type KeyedCell } from '../../sim/sweep/cells.ts';
import { checkCell, type ReadWorkload } from '../../sim/sweep/run-cell.ts';
import { parseSweep, type Sweep } from '../../sim/sweep/sweep-file.ts';
import { packageVersion } from '../package-version.ts';
import { readSweepWorkload } from './read-workload.ts';

export interface SweepPlan {
  readonly name: string;
  /** Of this program: another one may come to other results. */
  readonly version: string;
  readonly grids: readonly PlannedGrid[];
  /** Of all grids, in order, each key once. */
  readonly cells: readonly KeyedCell[];
  /** By the name in the sweep. */
  readonly workloads: ReadonlyMap<string, WorkloadFile>;
}

export interface PlannedGrid {
  readonly name: string;
  readonly kind: CellKind;
  readonly cells: readonly KeyedCell[];
}

interface WorkloadFile {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of the decompressed content, hexadecimal. */
  readonly content: string;
}

/**
 * Reads it all, so that nothing runs before all of it can. Paths in the file begin at its folder. `seed`: of the command line. Throws KernelError INVALID_FILE or INVALID_ARGUMENT: one line with the file, the field,
 * the value and what is allowed.
 */
export async function planSweep(
  path: string,
  { seed, onReading }: { readonly seed: number | undefined; readonly onReading: (workload: string) => void },
): Promise<SweepPlan> {
  const file = await openInputFile(path);
  const sweep = parseSweep(file.name, await file.text(), seed);
  if (seed !== undefined && sweep.hasSeeds)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `--seed: means nothing with ${path}, which names its seeds; allowed with a sweep that names none`,
    );
  const version = packageVersion();
  const workloads = new Map<string, WorkloadFile>();
  for (const name of new Set(sweep.grids.flatMap((grid) => grid.workloads))) {
    onReading(name);
    const absolute = resolve(dirname(resolve(path)), name);
    workloads.set(name, { path: absolute, content: await (await openInputFile(absolute)).sha256() });
  }
  await checkWorkloads(sweep, workloads);
  const grids = sweep.grids.map(({ name, kind, workloads: names, cellsOf }): PlannedGrid => {
    const cells = names.flatMap((workload) => {
      const { content } = workloads.get(workload)!;
      return cellsOf(workload).map((cell) => ({ key: keyOf(cell, { version, content }), cell }));
    });
    return { name, kind, cells };
  });
  const cells = new Map<string, KeyedCell>();
  for (const one of grids.flatMap((grid) => grid.cells)) if (!cells.has(one.key)) cells.set(one.key, one);
  return { name: sweep.name, version, grids, cells: [...cells.values()], workloads };
}

/** Each is read once for each kind of cell, and asked whether it can be what the cells take it for. */
async function checkWorkloads(sweep: Sweep, workloads: ReadonlyMap<string, WorkloadFile>): Promise<void> {
  for (const [name, { path }] of workloads)
    for (const kind of new Set(sweep.grids.map((grid) => grid.kind))) {
      const grids = sweep.grids.filter((grid) => grid.kind === kind && grid.workloads.includes(name));
      if (grids.length === 0) continue;
      const read = await readSweepWorkload(kind, path);
      for (const { cellsOf } of grids) await checkGrid(cellsOf(name), read);
    }
}

/** Policies and seeds are of no matter; and to recorded agents no machine is, either. */
async function checkGrid(cells: readonly Cell[], read: ReadWorkload): Promise<void> {
  const seen = new Set<string>();
  for (const cell of cells) {
    const { policy: _policy, seed: _seed, ...rest } = cell;
    const text = read.kind === 'compare' && read.file.kind === 'recorded' ? '' : JSON.stringify(rest);
    if (!seen.has(text)) await checkCell(cell, read);
    seen.add(text);
  }
}
