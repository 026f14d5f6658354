/** A run that is kept goes on: with the model, tools, limits and budget that it was started with, from where its records end. */
import type { LiveKernel } from '../../host/live-kernel.ts';
import { readStoredRun, type StoredRun } from '../../host/stored-run.ts';
import { currentBranch } from '../../kernel/branches.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { DrivenRun, type Begun } from '../live/driven-run.ts';
import { openLiveWorld } from '../live/live-world.ts';
import { bareUrl } from '../live/secret-words.ts';
import { quoted } from '../run-flags.ts';
import { branchWords } from './find-run.ts';
import { KeptRun } from './kept-run.ts';
import type { OpenStore } from './open-store.ts';
import { asksPerson, checkRunSettings, shownModel } from './run-settings.ts';
import { storeWords, type StoreFlags } from './store-place.ts';
import { settingsOf, type ResumeFlags } from './stored-world.ts';

export interface ContinueFlags extends ResumeFlags, Omit<StoreFlags, 'config'> {
  readonly json: boolean;
  readonly ndjson: boolean;
  readonly record?: string;
  readonly recording: boolean;
}

/** Returns the exit status. Throws KernelError in one line: somebody else drives it, it is over, its world cannot be built again. */
export async function continueRun(
  store: OpenStore,
  { run, branch: named }: { readonly run: string; readonly branch?: string },
  flags: ContinueFlags,
  io: Io,
): Promise<number> {
  const { storage } = store;
  const keepsRecording = flags.recording && store.place.kind !== 'memory';
  const kept = await KeptRun.take(store, run);
  try {
    const branches = await storage.branches(run);
    const current = currentBranch(branches);
    const branch = named ?? current;
    const shown = branchWords({ run, branch, isCurrent: branch === current });
    const stored = await readStoredRun(storage, run, branch);
    if (stored === undefined) throw await over(store, run, branch, shown);
    const settings = checkRunSettings(shown, branches.find((one) => one.branch === branch)?.settings);
    const here = settingsOf(shown, settings, flags, io);
    const { started } = stored.restore.processes[0]!;
    const driven = new DrivenRun({
      ...flags,
      command: 'resume',
      run,
      io,
      seed: settings.spec.seed,
      task: taskOf(started.arguments),
      isTeam: started.program === 'team',
      approve: here.approve,
      model: settings.chain.map((name) => shownModel(settings, name)).join(','),
      wordsOf: (command) =>
        storeWords(flags, store.place, command, shown) + (command === 'resume' ? saidAnew(flags) : ''),
      again: undefined,
    });
    const world = await openLiveWorld(here, {
      storage,
      goesOn: { run, settings, ledger: stored.ledger },
      moreModels: here.furtherModels,
      seed: settings.spec.seed,
      isWatched: io.isTerminal,
      // Who has been offered it may ask for it again; where nobody is there, it is told so.
      asksPerson: asksPerson(settings),
      watcher: driven.watcher,
      record: flags.record,
      onRecorded: keepsRecording ? kept.record(driven.recordingFailed) : undefined,
      isKept: true,
    });
    return await kept.drive(driven, world, () => restored(world.live, stored));
  } finally {
    await kept.release();
  }
}

/** The words of what is not kept with the run, for who goes on with it once more: ' --approve always'. What may be secret is left out, and asked for. */
function saidAnew({ approve, budgetTokens, budgetUsd, modelUrl }: ResumeFlags): string {
  const words: string[] = [];
  if (approve !== undefined) words.push('--approve', approve);
  if (budgetTokens !== undefined) words.push('--budget-tokens', String(budgetTokens));
  if (budgetUsd !== undefined) words.push('--budget-usd', String(budgetUsd));
  if (modelUrl !== undefined && bareUrl(modelUrl) === modelUrl) words.push('--model-url', quoted(modelUrl));
  return words.map((word) => ` ${word}`).join('');
}

/** What it is about, of the arguments of its first process. */
export function taskOf(args: Json): string {
  const { task } = (args ?? {}) as { readonly task?: Json };
  return typeof task === 'string' ? task : '';
}

/** What was parked goes on. */
function restored(live: LiveKernel, stored: StoredRun): Begun {
  const ends = live.restore(stored);
  const { processes } = stored.restore;
  const pids = new Set(processes.map(({ started }) => started.pid));
  // A process takes its children along.
  for (const { started, signal } of processes)
    if (signal === 'stop' && !pids.has(started.parent as typeof started.pid))
      live.signal(started.pid, 'continue');
  const { pid } = (processes.find(({ started }) => started.parent === 0) ?? processes[0]!).started;
  return { pid, end: ends.get(pid)! };
}

async function over(
  { storage }: OpenStore,
  run: string,
  branch: string,
  shown: string,
): Promise<KernelError> {
  const others = (await storage.processes(run)).filter(({ end }) => end === undefined);
  const [other] = others;
  const [root] = await storage.processes(run, { branch });
  const how = root?.end === undefined ? '' : ` (${root.end.outcome})`;
  const hint =
    other === undefined
      ? `ringzero show ${shown} shows it`
      : `its branch ${other.branch} is not: ringzero resume ${run}@${other.branch}`;
  return new KernelError('INVALID_ARGUMENT', `run ${shown}: is over${how}; ${hint}`);
}
