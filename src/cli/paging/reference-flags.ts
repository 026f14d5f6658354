/** Flags that `page` and `curve` have in common: how page references are read, counted and replayed. */
import type { Command as CommanderCommand } from 'commander';

import { KernelError } from '../../kernel/errors.ts';
import { pageReplayDefaults } from '../../sim/paging/page-replay.ts';
import type { Io } from '../command.ts';
import { parseDurationUs } from '../options.ts';
import { readReferences, type ReadReferences } from '../read-references.ts';
import { choice } from '../run-flags.ts';
import { addThreadsFlag } from '../thread-pool.ts';
import { addReadFlags, type ReadFlags } from '../trace-flags.ts';

/** What `--plot` and `--report` of both show. */
export const missRatioPlot = { drawn: 'the miss ratios against the capacities', input: 'the trace' };

export interface ReferenceFlags extends ReadFlags {
  readonly trace: string;
  readonly unit: 'pages' | 'size';
  readonly tick: number;
  readonly threads: number;
}

/** All but `--trace`, which stands before the others. */
export function addReferenceFlags(command: CommanderCommand): void {
  command.option(
    '--unit <unit>',
    'pages (every page counts 1) or size (sizes as recorded)',
    choice('--unit', ['pages', 'size']),
    pageReplayDefaults.unit,
  );
  addReadFlags(command);
  command.option(
    '--tick <time>',
    'time between references where the trace has none (default: 1ms)',
    (text: string) => parseDurationUs('--tick', text),
    pageReplayDefaults.tickUs,
  );
  addThreadsFlag(command);
}

/** Throws KernelError INVALID_FILE also for a trace without sizes where these count. */
export async function readTrace(
  { trace: path, unit, ...how }: ReferenceFlags,
  io: Io,
): Promise<ReadReferences> {
  io.progress(`reading ${path}`);
  const read = await readReferences(path, how);
  if (unit === 'size' && read.trace.sizes === undefined)
    throw new KernelError(
      'INVALID_FILE',
      `${path}: has no sizes (read as ${read.trace.format}); allowed with --unit size: a trace with a size for each reference`,
    );
  return read;
}

export function noteAboveFootprint(capacities: readonly number[], footprint: number, io: Io): void {
  for (const capacity of capacities)
    if (capacity > footprint)
      io.err(
        `note: capacity ${capacity} is above the footprint of ${footprint}: every policy misses each page once`,
      );
}
