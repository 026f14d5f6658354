/** `ringzero resume [RUN]`: a run goes on whose program died, or that was parked (docs/run.md). */
import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { currentBranch, firstBranch } from '../../kernel/branches.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { RunSummary } from '../../kernel/storage.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs } from '../line-file.ts';
import { approvalModes } from '../live/approval.ts';
import { addRedactFlag } from '../live/redaction.ts';
import { addTelemetryFlags } from '../live/world-telemetry.ts';
import { parseChoice, parseInteger, parseNumber } from '../options.ts';
import { continueRun, type ContinueFlags } from '../store/continue-run.ts';
import { findBranch } from '../store/find-run.ts';
import { openStoreThere, type OpenStore } from '../store/open-store.ts';
import { isDriven } from '../store/run-state.ts';
import { addRecordingFlag, addStoreFlags } from '../store/store-place.ts';

interface ResumeOptions extends CommonOptions, ContinueFlags {
  readonly json: boolean;
  readonly all: boolean;
}

export const resumeCommand: Command<ResumeOptions> = {
  name: 'resume',
  summary: 'Go on with a run that was parked, or whose program died.',
  register(command: CommanderCommand): void {
    command.argument(
      '[run]',
      'its name, or how it begins; RUN@BRANCH for one of its branches (default: the latest that is not over)',
    );
    command.option('--all', 'all that are not over, one after the other', false);
    addStoreFlags(command);
    addContinueFlags(command);
    command.addHelpText('after', after);
  },
  async run({ operands: [name], options }: Call<ResumeOptions>, io: Io): Promise<number> {
    if (options.json && options.ndjson) throw invalid('--ndjson', true, 'not together with --json');
    if (options.all && name !== undefined) throw invalid('run', name, 'none together with --all');
    for (const flag of ['json', 'record'] as const)
      if (options.all && options[flag]) throw invalid(`--${flag}`, options[flag], 'not together with --all');
    checkOutputs({ '--record': options.record }, []);
    const store = await openStoreThere(options, io);
    try {
      if (options.all) return await resumeAll(store, options, io);
      const found = name === undefined ? await latest(store) : await findBranch(store.storage, name);
      return await continueRun(store, found, options, io);
    } finally {
      await store.storage.close();
    }
  },
};

const after = `
It has the model, the tools, the limits and the budget that it was started with; keys come from the environment. What was answered
is not asked again, and no tool call that had ended is repeated. A write that was cut off may have acted or not: the model is told.
What is said anew is not kept: it holds until the run ends or is parked.`;

/** Of whatever lets a kept run go on. */
export function addContinueFlags(command: CommanderCommand): void {
  addRecordingFlag(command);
  addRedactFlag(command);
  addTelemetryFlags(command);
  const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  command
    .option(
      '--config <file>',
      'settings, for what is not kept because it may be secret (default: ringzero.json)',
    )
    .option('--model-url <url>', 'endpoint, in place of the one that it was started with')
    .option(
      '--mcp <command>',
      'the whole command or URL of an MCP server, where some of it is not kept because it may be secret; can be repeated',
      repeated,
      [],
    )
    .option('--approve <who>', 'ask, never or always, in place of what it was started with', (text) =>
      parseChoice('--approve', text, approvalModes),
    )
    .option('--budget-tokens <n>', 'tokens of the whole run, what was used before included', (text) =>
      parseInteger('--budget-tokens', text, { min: 1 }),
    )
    .option('--budget-usd <n>', 'dollars of the whole run, what was used before included', (text) =>
      parseNumber('--budget-usd', text, { min: 0.000_001, max: 1_000_000_000 }),
    )
    .option('--record <file>', 'keep all that the kernel is told, for ringzero rerun')
    .option('--ndjson', 'print the trace as it happens, an event a line as JSON, and the result', false);
}

interface Unfinished {
  readonly summary: RunSummary;
  readonly run: string;
  readonly branch: string;
}

/** The latest run, of its branches the one with which it goes on, if that is not over. */
async function latest({ storage, place }: OpenStore): Promise<Unfinished> {
  const found = await unfinished({ storage });
  const nowUs = new SystemClock().nowUs();
  // Where somebody drives all of them, that is what is to be told.
  const last = found.findLast(({ summary }) => !isDriven(summary, nowUs)) ?? found.at(-1);
  if (last === undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `no run of ${place.shown} is left to go on with; ringzero runs lists them`,
    );
  return last;
}

/** All branches that are not over, of each run the current one last. Also those that another worker drives: who goes on with all of them is told why not with these. */
async function unfinished({ storage }: Pick<OpenStore, 'storage'>): Promise<readonly Unfinished[]> {
  const found: Unfinished[] = [];
  for (const summary of await storage.runs()) {
    if (summary.unfinished === 0) continue;
    const { run } = summary;
    const processes = await storage.processes(run);
    const open = new Set(processes.flatMap(({ branch, end }) => (end === undefined ? [branch] : [])));
    const current = currentBranch(await storage.branches(run));
    const last = open.delete(current) ? [current] : [];
    for (const branch of [...open, ...last]) found.push({ summary, run, branch });
  }
  return found;
}

/** The highest of their statuses; one that cannot go on keeps none of the others from it. */
async function resumeAll(store: OpenStore, options: ResumeOptions, io: Io): Promise<number> {
  const runs = await unfinished(store);
  if (runs.length === 0) io.err(`no run of ${store.place.shown} is left to go on with`);
  let highest = 0;
  for (const { run, branch } of runs) {
    io.err(`${run}${branch === firstBranch ? '' : `@${branch}`}:`);
    let status: number;
    try {
      status = await continueRun(store, { run, branch }, options, io);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      io.err(`error: ${error.message}`);
      status = 2;
    }
    // Whoever stops one means all of them.
    if (status > 2) return status;
    highest = Math.max(highest, status);
  }
  return highest;
}
