/** Lines of `ringzero logs`. */
import type { StoredStep } from '../../agents/traces/stored-steps.ts';
import { printable, truncate } from '../../report/text-width.ts';
import type { Io } from '../command.ts';
import { excerpt, resultText, stepWords } from '../store/step-words.ts';

export type LoggedStep = Pick<StoredStep, 'type' | 'data' | 'name' | 'status'> & { readonly pid: number };

const mostResult = 200;

/** `agent (1)  calculator {"expression":"6*7"} → 42`. */
export function stepLine(step: LoggedStep): string {
  const { name, pid, status } = step;
  const what = stepWords(step);
  const result = excerpt(resultText(step), mostResult);
  const mark = status === 'done' ? '→' : status === 'open' ? '…' : '✗';
  return `${name} (${pid})  ${what} ${status === 'open' ? mark : `${mark} ${result}`}`;
}

/** With its time of day; no wider than the terminal, where there is one. */
export function logLine(
  at: Date,
  words: string,
  { columns, isTerminal }: Pick<Io, 'columns' | 'isTerminal'>,
): string {
  const line = `${at.toISOString().slice(11, 23)}  ${printable(words)}`;
  return isTerminal ? truncate(line, columns) : line;
}
