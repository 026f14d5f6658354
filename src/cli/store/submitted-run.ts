/** A run that somebody has handed out to workers: what is in its submission, and one worker that starts it, or goes on with it where another one was cut off. */
import type { Json } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { DrivenRun } from '../live/driven-run.ts';
import { budgetName, openLiveWorld } from '../live/live-world.ts';
import { continueRun, taskOf, type ContinueFlags } from './continue-run.ts';
import { KeptRun } from './kept-run.ts';
import type { OpenStore } from './open-store.ts';
import { checkRunSettings } from './run-settings.ts';
import { storeWords } from './store-place.ts';
import { settingsOf } from './stored-world.ts';

/** A type, as it is JSON. Without secrets: keys come from the environment of the worker. */
export type Submission = {
  readonly run: string;
  /** As they are kept with a run: RunSettings. */
  readonly settings: Json;
  readonly program: string;
  readonly arguments: Json;
};

const flags: ContinueFlags = { mcp: [], json: true, ndjson: false, recording: true };

/**
 * Returns the exit status of `ringzero run`; 130: it was parked. Throws KernelError LEASE_LOST while somebody else drives it, INVALID_ARGUMENT or INVALID_FILE where its world cannot be
 * built here.
 */
export async function driveSubmitted(store: OpenStore, submission: Submission, io: Io): Promise<number> {
  const { run } = submission;
  const kept = await KeptRun.take(store, run);
  try {
    const [root] = await store.storage.processes(run);
    if (root === undefined) return await start(store, submission, kept, io);
    if (root.end !== undefined) return root.end.outcome === 'completed' ? 0 : 1;
  } finally {
    await kept.release();
  }
  return continueRun(store, { run }, flags, io);
}

async function start(store: OpenStore, submission: Submission, kept: KeptRun, io: Io): Promise<number> {
  const { run, program, arguments: args } = submission;
  const settings = checkRunSettings(run, submission.settings);
  const here = settingsOf(run, settings, flags, io);
  const driven = new DrivenRun({
    ...flags,
    command: 'run',
    run,
    io,
    seed: settings.spec.seed,
    task: taskOf(args),
    isTeam: program === 'team',
    approve: here.approve,
    model: settings.chain.join(','),
    wordsOf: (command) => storeWords({}, store.place, command, run),
    again: undefined,
  });
  const world = await openLiveWorld(here, {
    storage: store.storage,
    moreModels: here.furtherModels,
    seed: settings.spec.seed,
    isWatched: false,
    asksPerson: false,
    watcher: driven.watcher,
    onRecorded: kept.record(driven.recordingFailed),
  });
  return kept.drive(driven, world, () =>
    world.live.spawn({
      program,
      name: program,
      arguments: args,
      run,
      budget: budgetName,
      settings: world.settings as unknown as Json,
    }),
  );
}
