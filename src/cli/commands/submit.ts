/** `ringzero submit "TASK" --database URL`: a run of an agent, or of a team, for whichever worker takes it (docs/sweep.md). */
import type { Command as CommanderCommand } from 'commander';

import { openPostgresStorage } from '../../adapters/storage/postgres-storage.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { addDatabaseFlag, databaseUrl, openJobs } from '../jobs/job-flags.ts';
import { runQueueName, runQueueOptions } from '../jobs/run-server.ts';
import { openLiveWorld } from '../live/live-world.ts';
import { addLiveFlags, liveSettings, type LiveFlags } from '../live/settings.ts';
import { modelsOfTeam, readTeam } from '../live/team-file.ts';
import { packageVersion } from '../package-version.ts';
import { quoted } from '../run-flags.ts';
import { newRunName } from '../store/run-lease.ts';
import type { Submission } from '../store/submitted-run.ts';
import { programOf } from '../live/task-program.ts';

interface SubmitOptions extends CommonOptions, LiveFlags {
  readonly database?: string;
  readonly team?: string;
}

export const submitCommand: Command<SubmitOptions> = {
  name: 'submit',
  summary: 'Give a task to whichever worker takes it.',
  register(command: CommanderCommand): void {
    command.argument('<task>', 'what is to be done');
    addDatabaseFlag(command, 'where runs are handed out, and kept: a postgres:// URL');
    addLiveFlags(command);
    command
      .option('--team <file>', 'several agents instead of one: topology and members as JSON')
      .addHelpText('after', after);
  },
  async run({ operands: [task = ''], options }: Call<SubmitOptions>, io: Io): Promise<number> {
    if (task.trim() === '') throw invalid('task', task, 'a text that is not empty');
    const url = databaseUrl(options, io);
    const settings = liveSettings(options, io);
    const team = options.team === undefined ? undefined : readTeam(io.folder, options.team);
    const jobs = await openJobs({ database: url }, io);
    try {
      const storage = await openPostgresStorage({ url });
      try {
        // Nothing runs in it: it tells what is wrong here and now, and how the run is to be started.
        const world = await openLiveWorld(settings, {
          storage,
          moreModels: team === undefined ? [] : modelsOfTeam(team),
          seed: options.seed,
          isWatched: false,
          asksPerson: false,
          watcher: {},
        });
        const { program, args } = programOf(world, task, team);
        await world.close();
        const run = newRunName();
        const submission: Submission = {
          run,
          settings: world.settings as unknown as Json,
          program,
          arguments: settings.redactor.value(args),
        };
        const queue = await jobs.queue(runQueueName(packageVersion()), runQueueOptions);
        await queue.put([{ key: run, data: submission }]);
        if (options.json)
          io.out(
            JSON.stringify(
              { command: 'submit', ringzero: packageVersion(), run, seed: options.seed },
              null,
              1,
            ),
          );
        else {
          io.out(run);
          io.err(`handed out; once a worker has taken it: ringzero show ${quoted(run)} --store URL`);
        }
        return 0;
      } finally {
        await storage.close();
      }
    } catch (error) {
      throw jobs.error(error);
    } finally {
      await jobs.close();
    }
  },
};

const after = `
A worker (ringzero worker --database URL) takes it, keeps it in the same database, and drives it with its own keys and folders; one that
dies in it is followed by another, which goes on where it was. Nobody is asked: calls that need a yes are denied, but with --approve always.`;
