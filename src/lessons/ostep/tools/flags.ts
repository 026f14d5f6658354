/** The flags of a homework program: what it has, and their values as numbers, lists and choices, each mistake told in one line that names the flag. */
import { invalid, KernelError } from '../../../kernel/errors.ts';

export interface HomeworkFlag {
  /** As typed: `-p`. */
  readonly flag: string;
  /** Another spelling: `--seed`. */
  readonly long?: string;
  /** Stands for the value in the help; absent: a switch. */
  readonly value?: string;
  readonly help: string;
  /** The value where it is not given. */
  readonly default?: string;
}

/** Bounds are part of the range. */
interface Range {
  readonly min: number;
  readonly max: number;
}

/** Largest number of ticks, jobs' run times and the like that a flag takes. */
export const mostTicks = 1_000_000;
/** Most jobs, queues, CPUs, frames, draws. */
export const mostThings = 1_000;

export class GivenFlags {
  private readonly flags: readonly HomeworkFlag[];
  private readonly given: ReadonlyMap<string, string>;

  /** `given`: the flags on the command line with their values; '' for a switch. */
  constructor(flags: readonly HomeworkFlag[], given: ReadonlyMap<string, string>) {
    this.flags = flags;
    this.given = given;
  }

  has(flag: string): boolean {
    return this.given.has(flag);
  }

  /** The value, or the default. Throws KernelError where there is neither. */
  text(flag: string): string {
    const declared = this.flags.find((one) => one.flag === flag);
    const text = this.given.get(flag) ?? declared?.default;
    if (text !== undefined) return text;
    throw new KernelError('INVALID_ARGUMENT', `${flag}: missing; allowed: ${declared?.help ?? 'a value'}`);
  }

  integer(flag: string, range: Range): number {
    return parseNumber(flag, this.text(flag), range);
  }

  /** One of `choices`, exactly as written. */
  choice<Choice extends string>(flag: string, choices: readonly Choice[]): Choice {
    const text = this.text(flag);
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw invalid(flag, text, choices.join(', '));
    return found;
  }

  /** The items between commas, each read by `parse`. */
  list<Item>(flag: string, parse: (item: string) => Item): Item[] {
    return this.text(flag).split(',').map(parse);
  }

  /** The numbers between colons of one item of a list: `8:75`. `form` shows what an item looks like. */
  numbers(flag: string, item: string, form: string, ranges: readonly Range[]): number[] {
    const parts = item.split(':');
    if (parts.length !== ranges.length) throw invalid(flag, item, `items like ${form}`);
    return parts.map((part, index) => parseNumber(flag, part, ranges[index]!));
  }
}

/** What `action` returns; bad input that it finds is told as that of `flag`, where all of it stands. */
export function blaming<Value>(flag: string, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError(error.code, `${flag}: ${error.message}`, { cause: error });
  }
}

/** The words of a command line. Throws KernelError for a flag that the program doesn't have. */
export function parseFlags(flags: readonly HomeworkFlag[], words: readonly string[]): GivenFlags {
  const given = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const declared = flags.find(({ flag, long }) => flag === word || long === word);
    if (declared === undefined) throw invalid('flag', word, flags.map(({ flag }) => flag).join(', '));
    const value = declared.value === undefined ? '' : words[++at];
    if (value === undefined)
      throw new KernelError('INVALID_ARGUMENT', `${word}: missing; allowed: ${declared.help}`);
    given.set(declared.flag, value);
  }
  return new GivenFlags(flags, given);
}

/** An integer in decimal or, after 0x, hexadecimal digits; `k`, `m` and `g` stand for 1024, 1024² and 1024³. */
export function parseNumber(flag: string, text: string, { min, max }: Range): number {
  const [, digits = '', unit = ''] = /^(-?\d+|0x[\da-f]+)([kmg]?)$/i.exec(text) ?? [];
  const value = digits === '' ? Number.NaN : Number(digits) * unitSizes[unit.toLowerCase()]!;
  if (value >= min && value <= max) return value;
  throw invalid(flag, text, `an integer from ${min} to ${max}`);
}

const unitSizes: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
