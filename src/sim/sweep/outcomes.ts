/** What becomes of cells: one line of JSON for each, the same to the byte whoever computed it; and the lines of a file that a sweep which was cut off has left. */
import { AssertionError } from '../../base/assert.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { KeyedCell } from './cells.ts';
import type { Result } from './run-cell.ts';

/** `result`: JSON of a Result. `error`: why there is none, on one line. */
export type Outcome = { readonly result: string } | { readonly error: string };

export function outcomeOf(result: Result): Outcome {
  return { result: JSON.stringify(result) };
}

export function failedOutcome(error: unknown): Outcome {
  const problem = messageOf(error)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  return { error: error instanceof AssertionError ? `broken assertion: ${problem}` : problem };
}

export const hasFailed = (outcome: Outcome): outcome is { readonly error: string } => 'error' in outcome;

/** Without its end. The members stand in this order. */
export function lineOf({ key, cell }: KeyedCell, outcome: Outcome): string {
  const rest = hasFailed(outcome) ? `"error":${JSON.stringify(outcome.error)}` : `"result":${outcome.result}`;
  return `{"key":"${key}","cell":${JSON.stringify(cell)},${rest}}`;
}

/** The results in a text of such lines, by key. What failed is not among them: it is tried again. A line that is none of them, as the last one of a program that died in it, is as if it weren't there. */
export function resultsIn(lines: Iterable<string>): Map<string, Outcome> {
  const results = new Map<string, Outcome>();
  for (const line of lines) {
    const [, key, rest] = /^\{"key":"([0-9a-f]{64})",(.*)\}$/.exec(line) ?? [];
    if (key === undefined || !isJson(line)) continue;
    // The cell is JSON, in which a quote inside a text has a backslash before it.
    const at = rest!.indexOf(',"result":');
    if (at >= 0) results.set(key, { result: rest!.slice(at + ',"result":'.length) });
  }
  return results;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
