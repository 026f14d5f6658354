/** `ringzero worker --database URL`: works on what others hand out through a database: cells of sweeps, and runs of agents (docs/sweep.md). */
import type { Command as CommanderCommand } from 'commander';

import type { JobDatabase } from '../../adapters/jobs/job-database.ts';
import { openPostgresStorage, shownDatabaseUrl } from '../../adapters/storage/postgres-storage.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { IdleClock } from '../jobs/idle-clock.ts';
import { addDatabaseFlag, databaseUrl, openJobs } from '../jobs/job-flags.ts';
import { RunServer, runQueueName, runQueueOptions } from '../jobs/run-server.ts';
import { parseDurationUs, parseInteger } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { CellServer } from '../sweep/cell-server.ts';
import { queueName, waitingElsewhere } from '../sweep/sweep-queue.ts';
import { addThreadsFlag } from '../thread-pool.ts';

interface WorkerOptions extends CommonOptions {
  readonly database?: string;
  readonly threads: number;
  readonly runs: number;
  readonly idle?: number;
}

export const workerCommand: Command<WorkerOptions> = {
  name: 'worker',
  summary: 'Work on sweeps and runs that others hand out through a database.',
  register(command: CommanderCommand): void {
    addDatabaseFlag(command, 'where work is handed out: a postgres:// URL');
    addThreadsFlag(command);
    command
      .option(
        '--runs <n>',
        'runs of agents at once; 0: none',
        (text: string) => parseInteger('--runs', text, { min: 0, max: 1_000 }),
        4,
      )
      .option(
        '--idle <time>',
        'end when there has been nothing to do for so long, such as 30s (default: go on)',
        (text: string) => parseDurationUs('--idle', text),
      )
      .addHelpText('after', after);
  },
  async run({ options }: Call<WorkerOptions>, io: Io): Promise<number> {
    const url = databaseUrl(options, io);
    const database = await openJobs({ database: url }, io);
    let storage: StorageManager | undefined;
    try {
      storage = options.runs === 0 ? undefined : await openPostgresStorage({ url });
      return await serve({ database, storage, url, options, io });
    } finally {
      await storage?.close();
      await database.close();
    }
  },
};

/** As shells have it. */
const stoppedStatus = 130;

const after = `
Any number of them, on any machines, share the work. Ctrl-C lets it come to the end of the cells that it is in, and parks its runs; a second one does not wait.
What a worker was in that dies is taken by others within seconds. Results are in the database alone.`;

interface Serving {
  readonly database: JobDatabase;
  readonly storage: StorageManager | undefined;
  readonly url: string;
  readonly options: WorkerOptions;
  readonly io: Io;
}

async function serve({ database, storage, url, options, io }: Serving): Promise<number> {
  const version = packageVersion();
  const started = performance.now();
  const used = process.cpuUsage();
  const idle = new IdleClock();
  const cells = new CellServer({
    database,
    queue: await database.queue(queueName(version)),
    threads: options.threads,
    idle,
    onProgress: (done, failed, underWay) =>
      io.progress(
        `${done} cells done${failed === 0 ? '' : `, ${failed} of them failed`}, ${underWay} under way`,
      ),
    onLost: (problem) =>
      io.err(
        problem === undefined ? 'note: the database is there again' : `note: ${problem}; it is tried again`,
      ),
  });
  const shown = shownDatabaseUrl(url)!;
  const runs =
    storage === undefined
      ? undefined
      : new RunServer({
          database,
          queue: await database.queue(runQueueName(version), runQueueOptions),
          store: { storage, place: { kind: 'postgres', url, sync: 'normal', shown }, unkept: undefined },
          most: options.runs,
          idle,
          io,
          onEnd: (line) => (options.json ? undefined : io.out(line)),
        });
  if (cells.problem !== undefined) io.err(`note: all cells in one thread: ${cells.problem}`);
  for (const [other, count] of await waitingElsewhere(database, version))
    io.err(
      `note: ${count} cells wait for workers of ringzero ${other}; this one is ${version}, whose results may be others`,
    );
  const isHurried = await attended([cells, ...(runs === undefined ? [] : [runs])], options, io);
  io.progress('');
  const { done, failed } = cells;
  const { user, system } = process.cpuUsage(used);
  const wall = {
    seconds: (performance.now() - started) / 1_000,
    processorSeconds: (user + system) / 1_000_000,
  };
  const document = { command: 'worker', ringzero: version, cells: done, failed, runs: runs?.done ?? 0 };
  if (options.json) io.out(JSON.stringify({ ...document, wall }, null, 1));
  else io.out(`cells: ${done} done, ${failed} of them failed; runs: ${document.runs} done`);
  return isHurried ? stoppedStatus : 0;
}

/** Until all have ended. Returns whether somebody did not want to wait. */
async function attended(
  servers: readonly (CellServer | RunServer)[],
  { idle }: WorkerOptions,
  io: Io,
): Promise<boolean> {
  let isStopping = false;
  let isHurried = false;
  const close = io.person.onInterrupt(() => {
    if (isStopping) {
      isHurried = true;
      for (const server of servers) server.hurry();
      return;
    }
    isStopping = true;
    io.err('ends when the cells that run are done and the runs are parked; Ctrl-C again does not wait');
    for (const server of servers) server.stop();
  });
  try {
    const idleMs = idle === undefined ? Infinity : idle / 1_000;
    await Promise.all(servers.map((server) => server.run(idleMs)));
    return isHurried;
  } finally {
    close();
  }
}
