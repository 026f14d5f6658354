/** `ringzero run "TASK"`: an agent, or a team, at work with a real model, its tools, and whoever sits at the terminal (docs/run.md). */
import type { Command as CommanderCommand } from 'commander';

import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs } from '../line-file.ts';
import { DrivenRun } from '../live/driven-run.ts';
import { budgetName, openLiveWorld } from '../live/live-world.ts';
import { addLiveFlags, liveSettings, type LiveFlags, type LiveSettings } from '../live/settings.ts';
import { programOf } from '../live/task-program.ts';
import { modelsOfTeam, readTeam, type TeamFile } from '../live/team-file.ts';
import { keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';
import { KeptRun } from '../store/kept-run.ts';
import { openStore, type OpenStore } from '../store/open-store.ts';
import { newRunName } from '../store/run-lease.ts';
import { addRecordingFlag, addStoreFlags, storeWords, type StoreFlags } from '../store/store-place.ts';

interface RunOptions extends CommonOptions, LiveFlags, Omit<StoreFlags, 'config'> {
  readonly given: RunFlags['given'];
  readonly team?: string;
  readonly record?: string;
  readonly recording: boolean;
  readonly ndjson: boolean;
}

export const runCommand: Command<RunOptions> = {
  name: 'run',
  summary: 'Give a task to an agent with a real model and tools.',
  register(command: CommanderCommand): void {
    command.argument('<task>', 'what is to be done');
    addLiveFlags(command);
    addStoreFlags(command);
    addRecordingFlag(command);
    command
      .option('--team <file>', 'several agents instead of one: topology and members as JSON')
      .option('--record <file>', 'keep all that the kernel is told, for ringzero rerun')
      .option('--ndjson', 'print the trace as it happens, an event a line as JSON, and the result', false)
      .addHelpText('after', after);
    keepGiven(command);
  },
  async run({ operands: [task = ''], options }: Call<RunOptions>, io: Io): Promise<number> {
    if (task.trim() === '') throw invalid('task', task, 'a text that is not empty');
    if (options.json && options.ndjson) throw invalid('--ndjson', true, 'not together with --json');
    checkOutputs({ '--record': options.record }, options.team === undefined ? [] : [options.team]);
    const settings = liveSettings(options, io);
    const team = options.team === undefined ? undefined : readTeam(io.folder, options.team);
    const store = await openStore(options, io);
    try {
      return await start({ task, options, settings, team, store, io });
    } finally {
      await store.storage.close();
    }
  },
};

const after = `
While it runs: a line that you type is a message for the agent, taken up at its next turn. Where it asks for a yes: y, n REASON,
or e {"argument": …} to let it go on with other arguments. Ctrl-C parks it, to go on with ringzero resume; a second one does not
wait for what runs. The key comes from RINGZERO_MODEL_KEY alone. Exit status: 0 completed, 1 failed, 2 bad input before anything
ran, 130 parked or stopped.`;

interface Given {
  readonly task: string;
  readonly options: RunOptions;
  readonly settings: LiveSettings;
  readonly team: TeamFile | undefined;
  readonly store: OpenStore;
  readonly io: Io;
}

async function start({ task, options, settings, team, store, io }: Given): Promise<number> {
  const run = newRunName();
  const { place, storage, unkept } = store;
  const driven = new DrivenRun({
    ...options,
    command: 'run',
    run,
    io,
    task,
    isTeam: team !== undefined,
    approve: settings.approve,
    model: settings.models.chain.join(','),
    wordsOf: place.kind === 'memory' ? undefined : (command) => storeWords(options, place, command, run),
    again: repeatWords('run', [task], options).join(' '),
  });
  if (unkept !== undefined) driven.note(`not kept: ${unkept}`);
  const keepsRecording = options.recording && store.place.kind !== 'memory';
  const kept = await KeptRun.take(store, run);
  try {
    const world = await openLiveWorld(settings, {
      storage,
      moreModels: team === undefined ? [] : modelsOfTeam(team),
      seed: options.seed,
      isWatched: io.isTerminal,
      // Whoever wants nobody to be asked is not to be asked by the model, either.
      asksPerson: io.person.isThere && settings.approve !== 'never',
      watcher: driven.watcher,
      record: options.record,
      onRecorded: keepsRecording ? kept.record(driven.recordingFailed) : undefined,
      isKept: place.kind !== 'memory',
    });
    return await kept.drive(driven, world, () => {
      const { program, args } = programOf(world, task, team);
      return world.live.spawn({
        program,
        name: program,
        arguments: args,
        run,
        budget: budgetName,
        settings: world.settings as unknown as Json,
      });
    });
  } finally {
    await kept.release();
  }
}
