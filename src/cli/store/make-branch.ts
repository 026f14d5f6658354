/** What `ringzero rewind` and `ringzero fork` have in common: they make a branch of a kept run, and say what of the world it does not undo. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { loadTokenizer } from '../../adapters/models/tokenizer.ts';
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import { makeBranch, planBranch, type BranchPlan, type BranchRequest } from '../../host/branches.ts';
import { readBranch } from '../../host/stored-branch.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { BranchOrigin } from '../../kernel/records.ts';
import { formatCount } from '../../report/format.ts';
import type { CommonOptions, Io } from '../command.ts';
import { addRedactFlag } from '../live/redaction.ts';
import { parseInteger, parseNumber } from '../options.ts';
import { branchSettings, firstModel, type BranchSettingFlags } from './branch-settings.ts';
import { branchWords, findBranch } from './find-run.ts';
import { openStoreThere } from './open-store.ts';
import { takeRun } from './run-lease.ts';
import { storedRedaction } from './stored-redaction.ts';
import { excerpt, resultText, stepWords } from './step-words.ts';
import { addStoreFlags, storeWords, type StoreFlags, type StorePlace } from './store-place.ts';

export interface BranchFlags extends CommonOptions, StoreFlags, BranchSettingFlags {
  readonly config?: string;
  readonly redact?: readonly string[];
  readonly after: number;
  readonly dryRun: boolean;
  readonly branch?: string;
  readonly edit?: string;
  readonly message?: string;
}

export function addBranchFlags(command: CommanderCommand): void {
  command
    .argument('<run>', 'its name, or how it begins; RUN@BRANCH for one of its branches')
    .requiredOption(
      '--after <step>',
      'the last step to keep, as ringzero show numbers them; 0: none. Inside a batch of tool calls it is the last of them',
      (text) => parseInteger('--after', text, { min: 0 }),
    )
    .option('--message <text>', 'what the agent is told next')
    .option('--branch <name>', 'name of the new branch (default: that of the command with the next number)')
    .option('--dry-run', 'only say what it would do', false)
    .option('--budget-tokens <n>', 'tokens of the whole run, what all branches used included', (text) =>
      parseInteger('--budget-tokens', text, { min: 1 }),
    )
    .option('--budget-usd <n>', 'dollars of the whole run, what all branches used included', (text) =>
      parseNumber('--budget-usd', text, { min: 0.000_001, max: 1_000_000_000 }),
    );
  addRedactFlag(command);
  addStoreFlags(command);
}

/** Returns the exit status. Throws KernelError in one line: there is no such run, branch or step, or somebody drives the run. */
export async function branchRun(
  kind: BranchOrigin['kind'],
  name: string,
  flags: BranchFlags,
  io: Io,
): Promise<number> {
  const { storage, place } = await openStoreThere(flags, io);
  try {
    const { run, branch: from, isCurrent } = await findBranch(storage, name);
    const started = (await storage.branches(run)).find(({ branch }) => branch === from);
    const settings = branchSettings(run, started?.settings, flags, io);
    const edit = flags.edit === undefined ? undefined : editText(flags.edit, io.folder);
    const request: BranchRequest = {
      kind,
      after: flags.after,
      ...(flags.branch === undefined ? {} : { name: flags.branch }),
      ...(edit === undefined ? {} : { edit, countTokens: await loadTokenizer() }),
      ...(flags.message === undefined ? {} : { message: flags.message }),
      ...(settings === undefined ? {} : { settings: settings as unknown as Json }),
      ...(edit === undefined && flags.message === undefined
        ? {}
        : { redactor: storedRedaction(run, started?.settings, flags, io).redactor }),
    };
    const [root] = await storage.processes(run, { branch: from });
    if (flags.message !== undefined && root?.program === 'team')
      throw invalid('--message', flags.message, 'none here: a team takes no messages');
    const clock = new SystemClock();
    const plan = await named(async () =>
      flags.dryRun
        ? planBranch(await readBranch(storage, run, from), request, clock.nowUs())
        : makeBranch(
            {
              storage,
              nowUs: () => clock.nowUs(),
              lease: (one) => takeRun({ storage, run: one, clock, onLost: () => {} }),
            },
            { run, from, ...request },
          ),
    );
    tell(plan, { flags, io, place, isCurrent });
    return 0;
  } finally {
    await storage.close();
  }
}

/** What is wrong with a request is told of the flag that says it. */
async function named(plan: () => Promise<BranchPlan>): Promise<BranchPlan> {
  try {
    return await plan();
  } catch (error) {
    if (!(error instanceof KernelError) || !/^(?:after|branch|edit): /.test(error.message)) throw error;
    throw new KernelError(error.code, `--${error.message}`, { detail: error.detail, cause: error });
  }
}

/** A text, or what stands in a file. */
function editText(edit: string, folder: string): string {
  return edit.startsWith('@') ? readFileSync(resolve(folder, edit.slice(1)), 'utf8') : edit;
}

/** Lines of what stays as it is, at most. */
const shownEffects = 20;

function tell(
  plan: BranchPlan,
  {
    flags,
    io,
    place,
    isCurrent,
  }: {
    readonly flags: BranchFlags;
    readonly io: Io;
    readonly place: StorePlace;
    readonly isCurrent: boolean;
  },
): void {
  const { run, name, origin, last, behind, effects, ends, started } = plan;
  const { kind, branch, after, edited } = origin;
  const isDone = !flags.dryRun;
  const shown = branchWords({ run, branch: name, isCurrent: kind === 'rewind' && isCurrent });
  const resume = storeWords(flags, place, 'resume', shown);
  const model = firstModel(started.settings);
  if (flags.json) {
    const document = {
      command: kind,
      run,
      branch: name,
      from: branch,
      after,
      ...(edited === undefined ? {} : { edited }),
      ...(model === '' ? {} : { model }),
      made: isDone,
      behind,
      effects: effects.map(effectOf),
      ends: ends.length,
      resume,
    };
    return io.out(JSON.stringify(document, null, 1));
  }
  const where = last === undefined ? 'from the start' : `from behind step ${after} (${stepWords(last, 60)})`;
  io.out(`${run}@${name} ${isDone ? 'goes' : 'would go'} on ${where} of ${branch}`);
  if (edited !== undefined) io.out(`  with another result of step ${edited}`);
  if (flags.model !== undefined) io.out(`  with model ${model}`);
  if (behind > 0) io.out(`  ${behind === 1 ? '1 step of it is' : `${behind} steps of it are`} left behind`);
  if (effects.length > 0) {
    io.out(`  What has acted on the world stays as it is:`);
    for (const step of effects.slice(0, shownEffects))
      io.out(
        `    ${step.status === 'open' ? 'under way' : `step ${step.sequence}`}  ${stepWords(step, 60)} → ${excerpt(resultText(step), 60)}`,
      );
    const others = effects.length - shownEffects;
    if (others > 0) io.out(`    and ${formatCount(others)} more; --json lists all`);
  }
  if (kind === 'rewind') {
    const over = ends.length === 0 ? '' : ` ${isDone ? 'is' : 'would be'} over, and`;
    io.out(`  ${branch}${over} can still be read: ${run}@${branch}`);
  }
  if (isDone) io.out(`go on with: ${resume}`);
}

/** `step` null: it had not ended. */
function effectOf(step: StoredStep): object {
  const { sequence, pid, name, type, data, status } = step;
  return {
    step: status === 'open' ? null : sequence,
    pid,
    name,
    tool: type === 'tool_call' ? data['tool'] : 'remember',
    arguments:
      type === 'tool_call' ? (data['arguments'] ?? null) : { scope: data['scope'], text: data['text'] },
    status: status === 'open' || data['code'] === 'TOOL_INTERRUPTED' ? 'unknown' : status,
    result: resultText(step),
  };
}
