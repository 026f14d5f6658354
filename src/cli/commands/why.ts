/** `ringzero why RUN PID`: where the time of one process went, and whose doing it was (docs/time-travel.md). */
import { Chalk } from 'chalk';
import type { Command as CommanderCommand } from 'commander';

import { assert } from '../../base/assert.ts';
import { invalid } from '../../kernel/errors.ts';
import { bar } from '../../report/bars.ts';
import { formatClock, formatCount, formatDuration, formatPercent } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import { printable, truncate } from '../../report/text-width.ts';
import { AccountReader } from '../../sim/why/account-reader.ts';
import type { ProcessAccount, Stretch } from '../../sim/why/account.ts';
import type { Call, Command, Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import { causeWords, type CauseNames } from '../time-travel/cause-words.ts';
import {
  addSourceFlags,
  readRun,
  runFile,
  titleOf,
  type ReadRun,
  type SourceFlags,
} from '../time-travel/read-run.ts';

interface WhyOptions extends SourceFlags {
  readonly all: boolean;
}

/** Stretches that are told without --all. */
const longest = 10;

export const whyCommand: Command<WhyOptions> = {
  name: 'why',
  summary: 'Account for the time of one process of a run: every wait, and whose doing it was.',
  register(command: CommanderCommand): void {
    command
      .argument('<run>', runFile)
      .argument('<pid>', 'the process, by its number: ringzero step shows who is there')
      .option('--all', `each stretch in its order, instead of the ${longest} longest`, false);
    addSourceFlags(command);
  },
  async run({ operands: [file = '', pidText = ''], options }: Call<WhyOptions>, io: Io): Promise<number> {
    const pid = /^[1-9]\d{0,14}$/.test(pidText) ? Number(pidText) : undefined;
    if (pid === undefined) throw invalid('PID', pidText, 'the number of a process, from 1 up');
    let reader: AccountReader | undefined;
    const names = new Map<number, string>();
    const run = await readRun(file, options, io, (machine) => {
      const one = (reader = new AccountReader(machine, pid));
      return (event) => {
        if (event.type === 'process.spawned') names.set(event.pid, event.name);
        one.read(event);
      };
    });
    assert(reader !== undefined, 'a run without a kernel');
    const account = reader.account(run.endUs);
    if (account === undefined) throw invalid('PID', pid, allowedPids([...names.keys()]));
    const words: CauseNames = {
      name: (other) => `${printable(names.get(other) ?? 'process')} (${other})`,
      clock: (us) => formatClock(us - run.zeroUs),
    };
    if (options.json) io.out(JSON.stringify(documentOf(run, account, words), null, 1));
    else for (const line of linesOf({ run, account, words, all: options.all, io })) io.out(line);
    return 0;
  },
};

function allowedPids(pids: readonly number[]): string {
  if (pids.length === 0) return 'none: no process is in this run';
  const most = pids.reduce((a, b) => Math.max(a, b));
  return most === pids.length ? `1 to ${most}` : pids.slice(0, 20).join(', ');
}

function documentOf(
  { name: source, kind, seed, endUs }: ReadRun,
  account: ProcessAccount,
  words: CauseNames,
): object {
  const { stretches, ...about } = account;
  return {
    command: 'why',
    ringzero: packageVersion(),
    source,
    kind,
    seed,
    runEndUs: endUs,
    ...about,
    stretches: stretches.map((stretch) => ({ ...stretch, words: causeWords(stretch, words) })),
  };
}

interface Told {
  readonly run: ReadRun;
  readonly account: ProcessAccount;
  readonly words: CauseNames;
  readonly all: boolean;
  readonly io: Io;
}

function linesOf({ run, account, words, all, io }: Told): string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const { pid, priority, outcome, spawnedUs, endUs, turnaroundUs, stretches } = account;
  const told = stretches.filter(({ fromUs, toUs }) => toUs > fromUs);
  const shown = all ? stretches : told.toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, longest);
  const head =
    all || told.length <= longest
      ? `its ${counted(shown.length, 'stretch', 'es')}${all ? '' : ', the longest first'}`
      : `the ${longest} longest of its ${counted(told.length, 'stretch', 'es')}`;
  const [first] = shown;
  const clockWidth = Math.max(0, ...shown.map(({ fromUs }) => words.clock(fromUs).length));
  return [
    chalk.dim(printable(titleOf(run))),
    `${chalk.bold(words.name(pid))}, priority ${priority}`,
    `${outcome} after ${exact(turnaroundUs)}, from ${words.clock(spawnedUs)} to ${words.clock(endUs)}`,
    '',
    ...splitLines(account),
    '',
    chalk.bold(head),
    ...shown.flatMap((stretch) => stretchLines(stretch, { words, clockWidth, width: io.columns })),
    ...(first === undefined
      ? []
      : [
          '',
          chalk.dim(
            `see the first of them begin: ringzero step ${printable(run.name)} --at ${first.fromIndex}`,
          ),
        ]),
  ];
}

const lengthOf = ({ fromUs, toUs }: Stretch): number => toUs - fromUs;
const counted = (count: number, what: string, plural: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : plural}`;

/** To the microsecond: `851.050754 s`. */
const exact = (us: number): string => `${(us / 1_000_000).toFixed(6)} s`;

function splitLines({ split, downUs, turnaroundUs }: ProcessAccount): string[] {
  const { running, readyUs, waiting, suspendedUs } = split;
  const parts: readonly (readonly [label: string, us: number])[] = [
    ['running: new prefill', running.newPrefillUs],
    ['running: repeated prefill', running.repeatedPrefillUs],
    ['running: loading', running.loadUs],
    ['running: decode', running.decodeUs],
    ['running: switching', running.switchUs],
    ['running: not ended', running.unfinishedUs],
    ['ready', readyUs],
    ...Object.entries(waiting).map(([reason, us]) => [`waiting: ${reason}`, us] as const),
    ['suspended', suspendedUs],
    ['kernel down', downUs],
  ];
  const row = (label: string, us: number): string[] => {
    const share = turnaroundUs === 0 ? 0 : us / turnaroundUs;
    return [label, exact(us), formatPercent(share), bar(share, 20)];
  };
  return table({
    columns: [
      { header: 'its time' },
      { header: '', align: 'right' },
      { header: '', align: 'right' },
      { header: '' },
    ],
    rows: [
      ...parts.filter(([, us]) => us > 0).map(([label, us]) => row(label, us)),
      row('all', turnaroundUs),
    ],
    width: 80,
  }).map((line) => line.trimEnd());
}

interface StretchLayout {
  readonly words: CauseNames;
  readonly clockWidth: number;
  readonly width: number;
}

/** `0:03.200   14 min 17 s  waited for tool shell`, and what does not fit below. */
function stretchLines(stretch: Stretch, { words: names, clockWidth, width }: StretchLayout): string[] {
  const clock = names.clock(stretch.fromUs).padStart(clockWidth + 1);
  const begin = `${clock}  ${formatDuration(lengthOf(stretch)).padStart(11)}  `;
  const words = printable(causeWords(stretch, names));
  const room = Math.max(20, width - begin.length);
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(truncate(word, room));
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, index) => (index === 0 ? begin : ' '.repeat(begin.length)) + line);
}
