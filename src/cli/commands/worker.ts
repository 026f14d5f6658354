/** `ringzero worker --database URL`: works on what others hand out through a database: cells of sweeps (docs/sweep.md). */
import type { Command as CommanderCommand } from 'commander';

import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseDurationUs } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { CellServer } from '../sweep/cell-server.ts';
import { addDatabaseFlag, openJobs } from '../sweep/job-flags.ts';
import { queueName, waitingElsewhere } from '../sweep/sweep-queue.ts';
import { addThreadsFlag } from '../thread-pool.ts';

interface WorkerOptions extends CommonOptions {
  readonly database?: string;
  readonly threads: number;
  readonly idle?: number;
}

export const workerCommand: Command<WorkerOptions> = {
  name: 'worker',
  summary: 'Work on sweeps that others hand out through a database.',
  register(command: CommanderCommand): void {
    addDatabaseFlag(command, 'where work is handed out: a postgres:// URL');
    addThreadsFlag(command);
    command
      .option(
        '--idle <time>',
        'end when there has been nothing to do for so long, such as 30s (default: go on)',
        (text: string) => parseDurationUs('--idle', text),
      )
      .addHelpText('after', after);
  },
  async run({ options }: Call<WorkerOptions>, io: Io): Promise<number> {
    const database = await openJobs(options, io);
    try {
      const version = packageVersion();
      const started = performance.now();
      const server = new CellServer({
        database,
        queue: await database.queue(queueName(version)),
        threads: options.threads,
        onProgress: (done, failed, underWay) =>
          io.progress(
            `${done} cells done${failed === 0 ? '' : `, ${failed} of them failed`}, ${underWay} under way`,
          ),
        onLost: (problem) =>
          io.err(
            problem === undefined
              ? 'note: the database is there again'
              : `note: ${problem}; it is tried again`,
          ),
      });
      if (server.problem !== undefined) io.err(`note: all cells in one thread: ${server.problem}`);
      for (const [other, count] of await waitingElsewhere(database, version))
        io.err(
          `note: ${count} cells wait for workers of ringzero ${other}; this one is ${version}, whose results may be others`,
        );
      const isStopped = await attended(server, options, io);
      io.progress('');
      const { done, failed } = server;
      const seconds = (performance.now() - started) / 1_000;
      if (options.json)
        io.out(
          JSON.stringify(
            { command: 'worker', ringzero: version, cells: done, failed, wall: { seconds } },
            null,
            1,
          ),
        );
      else io.out(`${done} cells done, ${failed} of them failed`);
      return isStopped ? stoppedStatus : 0;
    } finally {
      await database.close();
    }
  },
};

/** As shells have it. */
const stoppedStatus = 130;

const after = `
Any number of them, on any machines, share the work. Ctrl-C lets it come to the end of the cells that it is in; a second one does not wait: others do them
again within seconds, as of one that dies. What they are in, and the results, are in the database alone.`;

/** Until it has ended. Returns whether somebody wanted it to end at once. */
async function attended(server: CellServer, { idle }: WorkerOptions, io: Io): Promise<boolean> {
  let isStopping = false;
  let close: () => void = () => {};
  const hurried = new Promise<true>((resolve) => {
    close = io.person.onInterrupt(() => {
      if (isStopping) return resolve(true);
      isStopping = true;
      io.err('ends when the cells that run are done; Ctrl-C again does not wait for them');
      server.stop();
    });
  });
  try {
    const ended = server.run(idle === undefined ? Infinity : idle / 1_000).then(() => false as const);
    return await Promise.race([ended, hurried]);
  } finally {
    close();
  }
}
