/** Flags of every command that runs a workload, and the command line that repeats such a run. */
import type { Command as CommanderCommand } from 'commander';

import { isDatabaseUrl, shownDatabaseUrl } from '../adapters/storage/postgres-storage.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Arrivals } from '../sim/workloads/arrivals.ts';
import { parseChoice } from './options.ts';
import { addRunFileFlags, type RunFileFlags } from './run-files.ts';

export interface RunFlags extends RunFileFlags {
  readonly check: boolean;
  readonly record?: string;
  readonly events?: string;
  /** The options that stand on the command line, also those with their default as value, with what they mean. */
  readonly given: readonly GivenOption[];
}

interface GivenOption {
  /** As typed: `--cores`. */
  readonly flag: string;
  readonly value: unknown;
}

export function addRunFlags(command: CommanderCommand): void {
  command
    .option('--check', 'watch every promise of the design while it runs', false)
    .option('--record <file>', 'keep all inputs, for ringzero rerun')
    .option('--events <file>', 'write every event, one JSON document a line');
  addRunFileFlags(command);
  keepGiven(command);
}

/** Fills `given` when the command runs: options that are added later, such as --seed, are known only then. */
export function keepGiven(command: CommanderCommand): void {
  command.hook('preAction', (self) => void self.setOptionValue('given', givenOptions(self)));
}

/** A parser for commander: one of `choices`. */
export function choice(option: string, choices: readonly string[]): (text: string) => string {
  return (text) => parseChoice(option, text, choices);
}

/** Throws KernelError INVALID_ARGUMENT: a latency of loads says nothing where nothing is loaded. */
export function checkLoadLatency(flags: Pick<RunFlags, 'given'>): void {
  if (isGiven(flags, '--load-latency') && !isGiven(flags, '--load-rate'))
    throw new KernelError(
      'INVALID_ARGUMENT',
      '--load-latency: means nothing without a slower tier; allowed with --load-rate',
    );
}

export function isGiven({ given }: Pick<RunFlags, 'given'>, flag: string): boolean {
  return given.some((option) => option.flag === flag);
}

/** The words of `ringzero replay FILE --cores 2 --seed 1`: all that decides what happens, and nothing that only says where to print. `seed`: undefined where the file has it. */
export function repeatWords(
  command: string,
  operands: readonly string[],
  { given, seed }: { readonly given: RunFlags['given']; readonly seed: number | undefined },
): readonly string[] {
  const decisive = given.filter(({ flag }) => !notDecisive.has(flag));
  const options = decisive.flatMap(({ flag, value }) => {
    if (value === true) return [flag];
    const values = repeatable.has(flag) ? (value as readonly string[]) : [value];
    return values.flatMap((one) => [flag, quoted(spelled(command, flag, one))]);
  });
  const seeded = seed === undefined ? [] : ['--seed', String(seed)];
  return ['ringzero', command, ...operands.map(quoted), ...options, ...seeded];
}

/** Where to print, and how fast to get there. */
const notDecisive = new Set(
  '--json --ndjson --otlp --otlp-content --record --no-recording --events --perfetto --plot --report --csv --output --database --check --seed --threads --no-cache --bound --no-bound'.split(
    ' ',
  ),
);

function givenOptions(command: CommanderCommand): readonly GivenOption[] {
  return command.options
    .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map((option) => ({
      flag: option.long!,
      value: command.getOptionValue(option.attributeName()) as unknown,
    }));
}

/** Each of their values stands behind the flag anew. */
const repeatable = new Set(['--mcp', '--allow-host']);

const timeFlags = new Set(['--slice', '--until', '--tick', '--load-latency', '--switch-cost']);

/** The text that is read as this value. `sched` counts in ticks. */
function spelled(command: string, flag: string, value: unknown): string {
  if (timeFlags.has(flag) && command !== 'sched') return spelledUs(value as number);
  // A password is nobody's to read.
  if (flag === '--store')
    return isDatabaseUrl(String(value)) ? shownDatabaseUrl(String(value))! : String(value);
  if (flag !== '--arrivals') return String(value);
  const arrivals = value as Arrivals;
  return arrivals.kind === 'poisson' ? `poisson:${arrivals.ratePerHour}` : arrivals.kind;
}

export function spelledUs(us: number): string {
  if (us % 1_000_000 === 0) return `${us / 1_000_000}s`;
  return us % 1_000 === 0 ? `${us / 1_000}ms` : `${us}us`;
}

/** As a shell reads it as one word. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
