/** `--database URL`: where work is handed out. */
import type { Command as CommanderCommand } from 'commander';

import type { JobDatabase } from '../../adapters/jobs/job-database.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';

/** The variable of the environment: a URL may hold a password, which others of a machine can read on a command line. */
const variable = 'RINGZERO_DATABASE';

export function addDatabaseFlag(command: CommanderCommand, what: string): void {
  command.option('--database <url>', `${what} (default: ${variable})`);
}

/** Throws KernelError INVALID_ARGUMENT: none is named. */
export function databaseUrl(
  { database }: { readonly database?: string },
  { environment }: Pick<Io, 'environment'>,
): string {
  const url = database ?? environment[variable]?.trim() ?? '';
  if (url !== '') return url;
  throw new KernelError(
    'INVALID_ARGUMENT',
    `--database: missing; allowed: a postgres:// URL, there or in ${variable}`,
  );
}

/** Throws KernelError: none is named, or it cannot be used. */
export async function openJobs(
  given: { readonly database?: string },
  io: Pick<Io, 'environment'>,
): Promise<JobDatabase> {
  const url = databaseUrl(given, io);
  // Who does not need it does without the driver and the queue.
  const { JobDatabase: Jobs } = await import('../../adapters/jobs/job-database.ts');
  return Jobs.open(url);
}
