/** What a homework program's problem and answer look like on a terminal, and the small parts that the views share. */
import { twoDecimals } from '../../lessons/ostep/two-decimals.ts';
import type { GivenFlags } from '../../lessons/ostep/tools/flags.ts';
import { table } from '../../report/table.ts';
import { wrapped } from '../../report/text-width.ts';

export interface ToolView<Problem, Answer> {
  /** The problem in a line. */
  readonly title: (problem: Problem) => string;
  /** Its figures. */
  readonly problem: (problem: Problem, options: ViewOptions) => string[];
  /** What is asked, in a line. */
  readonly question: string;
  readonly answer: (answer: Answer, problem: Problem, options: ViewOptions) => string[];
}

export interface ViewOptions {
  readonly given: GivenFlags;
  /** Columns of the terminal. */
  readonly width: number;
}

/** A header of numbers, which stand right, or of words, which stand left. */
export type Header = string | { readonly left: string };

export function figures(headers: readonly Header[], rows: readonly (readonly string[])[]): string[] {
  const columns = headers.map((header) =>
    typeof header === 'string' ? ({ header, align: 'right' } as const) : { header: header.left },
  );
  return table({ columns, rows }).map((line) => line.trimEnd());
}

/** `label` and the items behind it. */
export function listed(label: string, items: readonly (string | number)[], { width }: ViewOptions): string[] {
  return wrapped(`${label} ${items.join(', ')}`, width, '  ');
}

/** With two decimals, as the homework prints it. */
export function decimals(value: number): string {
  return twoDecimals(value).toFixed(2);
}

/** `16` → `0x10 (16)`. */
export function address(value: number): string {
  return `0x${value.toString(16)} (${value})`;
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
