/** `ringzero diff RUN RUN`: where two kept runs, or branches of one, part first, and what they did behind that (docs/time-travel.md). */
import type { Command as CommanderCommand } from 'commander';

import { diffBranches, type Behind, type BranchDiff, type Difference } from '../../host/branch-diff.ts';
import { readBranch, type StoredBranch } from '../../host/stored-branch.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import { formatCount, formatMoney } from '../../report/format.ts';
import { textDiff } from '../../report/text-diff.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { visible } from '../live/visible-text.ts';
import { firstModel } from '../store/branch-settings.ts';
import { findBranch } from '../store/find-run.ts';
import { openStoreToRead } from '../store/open-store.ts';
import { callWords, excerpt, resultText, stepWords, textOf } from '../store/step-words.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

type DiffOptions = CommonOptions & Omit<StoreFlags, 'config'>;

export const diffCommand: Command<DiffOptions> = {
  name: 'diff',
  summary: 'Compare two kept runs, or branches of one, step by step.',
  register(command: CommanderCommand): void {
    command
      .argument('<run>', 'its name, or how it begins; RUN@BRANCH for one of its branches')
      .argument('[other]', 'another run or branch (default: the branch that the first was made from)');
    addStoreFlag(command);
    command.addHelpText('after', after);
  },
  async run({ operands: [a = '', b], options }: Call<DiffOptions>, io: Io): Promise<number> {
    const { storage } = await openStoreToRead(options, io);
    try {
      const [left, right] = await both(storage, a, b);
      const diff = diffBranches(left, right);
      if (options.json) io.out(JSON.stringify(documentOf(left, right, diff), null, 1));
      else for (const line of linesOf(left, right, diff)) io.out(visible(line));
      return diff.first === undefined ? 0 : 1;
    } finally {
      await storage.close();
    }
  },
};

const after = `
Exit status, as diff has it: 0 they did the same, 1 they did not, 2 they could not be compared.`;

/** In the order in which they are named; of a branch alone, what it was made from comes first. */
async function both(
  storage: StorageManager,
  a: string,
  b: string | undefined,
): Promise<readonly [StoredBranch, StoredBranch]> {
  const found = await findBranch(storage, a);
  const left = await readBranch(storage, found.run, found.branch);
  if (b !== undefined) {
    const other = await findBranch(storage, b);
    return [left, await readBranch(storage, other.run, other.branch)];
  }
  const { origin } = left.started;
  if (origin === undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `run ${nameOf(left)}: was made from no other branch; allowed: a second run to compare it with`,
    );
  return [await readBranch(storage, found.run, origin.branch), left];
}

const nameOf = ({ run, branch }: StoredBranch): string => `${run}@${branch}`;

function documentOf(
  a: StoredBranch,
  b: StoredBranch,
  { common, first, a: left, b: right }: BranchDiff,
): object {
  const side = (stored: StoredBranch, behind: Behind): object => ({
    run: stored.run,
    branch: stored.branch,
    model: firstModel(stored.started.settings),
    steps: stored.steps.length,
    behind,
  });
  return {
    command: 'diff',
    same: first === undefined,
    common,
    first:
      first === undefined
        ? null
        : {
            a: first.a ?? null,
            b: first.b ?? null,
            differences: first.differences.map(({ field, a: one = null, b: other = null }) => ({
              field,
              a: one,
              b: other,
            })),
          },
    a: side(a, left),
    b: side(b, right),
  };
}

function* linesOf(
  a: StoredBranch,
  b: StoredBranch,
  { common, first, a: left, b: right }: BranchDiff,
): Generator<string> {
  yield `- ${nameOf(a)}`;
  yield `+ ${nameOf(b)}`;
  const models = [firstModel(a.started.settings), firstModel(b.started.settings)] as const;
  if (models[0] !== models[1]) yield* indented(textDiff(`model ${models[0]}`, `model ${models[1]}`));
  const tasks = [taskWords(a), taskWords(b)] as const;
  if (tasks[0] !== tasks[1]) yield* textDiff(tasks[0], tasks[1]);
  if (first === undefined) {
    yield `the same: ${counted(common, 'step')}`;
    return;
  }
  const isTeam = a.records.filter(({ type }) => type === 'process.started').length > 1;
  yield `${common === 0 ? 'no step' : counted(common, 'step')} in common; the first that differ:`;
  const isSameKind = first.a?.type === first.b?.type;
  const [one, other] = [first.a, first.b].map((step) => {
    if (step === undefined) return 'nothing';
    const whose = isTeam ? ` of ${step.name}` : '';
    const result = isSameKind ? '' : ` → ${excerpt(resultText(step), 60)}`;
    return `step ${step.sequence}${whose}: ${stepWords(step)}${result}`;
  }) as [string, string];
  if (one === other) yield `  ${one}`;
  else yield* [`- ${one}`, `+ ${other}`];
  if (isSameKind) for (const difference of first.differences) yield* differenceLines(difference);
  yield 'behind that:';
  yield `- ${behindWords(left)}`;
  yield `+ ${behindWords(right)}`;
  const answers = [endWords(left), endWords(right)] as const;
  if (answers[0] === answers[1]) yield `  both: ${excerpt(answers[0], 100)}`;
  else yield* textDiff(answers[0], answers[1]);
}

function* differenceLines({ field, a, b }: Difference): Generator<string> {
  yield `  ${field}:`;
  const shown = (value: Json | undefined): string =>
    (field === 'toolCalls' ? callWords(value) : textOf(value)) || '(none)';
  yield* indented(textDiff(shown(a), shown(b)));
}

function* indented(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `  ${line}`;
}

function behindWords({ steps, modelCalls, toolCalls, usage }: Behind): string {
  const { tokensIn, tokensOut, microDollars } = usage;
  return `${counted(steps, 'step')}: ${counted(modelCalls, 'model call')}, ${counted(toolCalls, 'tool call')}; ${formatCount(tokensIn)} tokens in, ${formatCount(tokensOut)} out; ${formatMoney(microDollars)}`;
}

/** What the root process was started with. */
function taskWords({ records: [root] }: StoredBranch): string {
  if (root?.type !== 'process.started') return '';
  const { task, ...rest } = (root.arguments ?? {}) as { readonly [field: string]: Json };
  return `task: ${textOf(task)}\n${Object.entries(rest)
    .map(([field, value]) => `${field}: ${textOf(value)}`)
    .join('\n')}`;
}

function endWords({ outcome, value }: Behind): string {
  if (outcome === '') return 'not over';
  const { answer } = (value ?? {}) as { readonly answer?: string };
  return typeof answer === 'string' && answer !== '' ? `${outcome}: ${answer}` : outcome;
}

const counted = (count: number, what: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
