/** `ringzero show RUN`: what a run did, step by step, and with `--step` all of one step. */
import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import { readBranch, type StoredBranch } from '../../host/stored-branch.ts';
import { storedPrompt, type AskedModel } from '../../host/stored-prompt.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import { formatMoney } from '../../report/format.ts';
import { liveKernelOptions } from '../../sim/live-spec.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { visible } from '../live/visible-text.ts';
import { parseInteger } from '../options.ts';
import { taskOf } from '../store/continue-run.ts';
import { branchWords, findBranch, findRun } from '../store/find-run.ts';
import { openStoreToRead } from '../store/open-store.ts';
import { checkRunSettings, shownModel, type RunSettings } from '../store/run-settings.ts';
import { standingOf } from '../store/run-state.ts';
import { processTree, totalsLine, totalsOf, treeLines, type ShownProcess } from '../store/shown-run.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

interface ShowOptions extends CommonOptions, Pick<StoreFlags, 'store'> {
  readonly step?: number;
}

export const showCommand: Command<ShowOptions> = {
  name: 'show',
  summary: 'Show what a run did: its processes, their steps and what they cost.',
  register(command: CommanderCommand): void {
    command.argument('<run>', 'its name, or how it begins; RUN@BRANCH for one of its branches');
    command.option('--step <n>', 'all of one step: what the model was asked, what came of it', (text) =>
      parseInteger('--step', text, { min: 1 }),
    );
    addStoreFlag(command);
  },
  async run({ operands: [name = ''], options }: Call<ShowOptions>, io: Io): Promise<number> {
    const { storage } = await openStoreToRead(options, io);
    try {
      const found = await findBranch(storage, name);
      const stored = await readBranch(storage, found.run, found.branch);
      if (options.step === undefined) await showRun(storage, stored, options, io);
      else await showStep(storage, stored, options.step, options, io);
      return 0;
    } finally {
      await storage.close();
    }
  },
};

async function showRun(
  storage: StorageManager,
  stored: StoredBranch,
  { json }: ShowOptions,
  io: Io,
): Promise<void> {
  const { run, branch, branches, current, started, steps } = stored;
  const settings = settingsOf(stored);
  const summary = await findRun(storage, run);
  const { state, by } = await standingOf(storage, summary, new SystemClock().nowUs());
  const tree = processTree(stored);
  const task = taskOf(tree[0]?.started.arguments ?? null);
  const models = settings?.chain.map((name) => shownModel(settings, name)) ?? [];
  const totals = totalsOf(steps);
  const origins = branches.map(({ branch: one, origin }) => ({
    branch: one,
    ...(origin === undefined ? {} : { origin }),
  }));
  if (json)
    return io.out(
      JSON.stringify(
        {
          command: 'show',
          run,
          branch,
          branches: origins,
          current,
          state,
          ...(by === undefined ? {} : { by }),
          started: new Date(started.atUs / 1_000).toISOString(),
          task,
          models,
          processes: tree.map(document),
          totals,
        },
        null,
        1,
      ),
    );
  const shown = branchWords({ run, branch, isCurrent: branch === current });
  io.out(
    `${shown}  ${by === undefined ? state : `${state} (${by})`}  ${dateOf(started.atUs)}${models.length === 0 ? '' : `  ${models.join(', ')}`}`,
  );
  if (task !== '') io.out(`task: ${visible(task)}`);
  if (branches.length > 1)
    for (const { branch: one, origin } of branches)
      io.out(
        `branch ${one}${one === current ? ' (goes on)' : ''}${origin === undefined ? '' : `: ${origin.kind} of ${origin.branch} after step ${origin.after}`}`,
      );
  io.out('');
  const digits = String(steps.length).length;
  for (const line of treeLines(tree, digits, io.isTerminal ? io.columns : 200)) io.out(line);
  io.out('');
  io.out(totalsLine(totals));
}

async function showStep(
  storage: StorageManager,
  stored: StoredBranch,
  number: number,
  { json }: ShowOptions,
  io: Io,
): Promise<void> {
  const step = stored.steps[number - 1];
  if (step === undefined)
    throw invalid(
      '--step',
      number,
      stored.steps.length === 0 ? 'none: it has no step yet' : `1 to ${stored.steps.length}`,
    );
  const asked = await askedAt(storage, stored, number);
  if (json) {
    const input = 'problem' in asked ? { inputProblem: asked.problem } : { input: asked.model };
    return io.out(
      JSON.stringify({ command: 'show', run: stored.run, branch: stored.branch, step, ...input }, null, 1),
    );
  }
  const { type, status, name, pid, startedUs, endedUs, usage, parents } = step;
  io.out(`step ${number} of ${stored.run}: ${type} of ${name} (process ${pid}), ${status}`);
  io.out(
    `${dateOf(startedUs)}, ${(Math.max(0, endedUs - startedUs) / 1e6).toFixed(3)} s; follows ${parents.length === 0 ? 'the start' : `step ${parents.join(', ')}`}`,
  );
  if (type === 'llm_call' || type === 'reflection')
    io.out(
      `tokens: ${usage.tokensIn} in (${usage.tokensCached} cached), ${usage.tokensOut} out; ${formatMoney(usage.microDollars)}`,
    );
  if ('problem' in asked) section(io, 'asked', `not known: ${asked.problem}`);
  else if (asked.model !== undefined) {
    for (const message of asked.model.messages) section(io, `asked: ${message.role}`, messageText(message));
    section(io, 'tools on offer', asked.model.tools.map((tool) => tool.name).join(', ') || 'none');
  }
  for (const [field, value] of Object.entries(step.data)) section(io, field, fieldText(value));
}

/** A world of another version cannot be built again: all else of the step is known all the same. */
async function askedAt(
  storage: StorageManager,
  stored: StoredBranch,
  step: number,
): Promise<{ readonly model: AskedModel | undefined } | { readonly problem: string }> {
  try {
    const { spec } = checkRunSettings(stored.run, stored.started.settings);
    return { model: await storedPrompt(storage, stored, step, liveKernelOptions(spec)) };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { problem: error.message };
  }
}

function section(io: Io, title: string, text: string): void {
  io.out('');
  io.out(`── ${title}`);
  io.out(visible(text));
}

function messageText(message: AskedModel['messages'][number]): string {
  const { role: _, ...rest } = message;
  if ('toolCalls' in rest || !('text' in rest)) return fieldText(rest);
  return fieldText(Object.keys(rest).length === 1 ? rest.text : rest);
}

const fieldText = (value: Json): string =>
  typeof value === 'string' ? value : JSON.stringify(value, null, 1);

function settingsOf({ run, started }: StoredBranch): RunSettings | undefined {
  try {
    return checkRunSettings(run, started.settings);
  } catch {
    return undefined;
  }
}

/** To the second, in UTC. */
const dateOf = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 19).replace('T', ' ');

interface ProcessDocument {
  readonly pid: number;
  readonly name: string;
  readonly program: string;
  readonly outcome: string | null;
  readonly steps: readonly StoredStep[];
  readonly children: readonly ProcessDocument[];
}

function document({ started, end, steps, children }: ShownProcess): ProcessDocument {
  const { pid, name, program } = started;
  return { pid, name, program, outcome: end?.outcome ?? null, steps, children: children.map(document) };
}
