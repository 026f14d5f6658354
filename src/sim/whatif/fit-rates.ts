/**
 * What recorded calls say of the speed of their model: us = latency + prompt tokens that were prefilled × a + answer tokens × b, by least squares. A coefficient that comes out below 0
 * is no speed: it is left out, and the others are fitted without it.
 */
import type { CallTime } from './recorded-work.ts';

export interface FittedRates {
  readonly latencyUs: number;
  /** µs of a token. */
  readonly prefillUs: number;
  readonly decodeUs: number;
}

type Term = 'latencyUs' | 'prefillUs' | 'decodeUs';
const terms: readonly Term[] = ['latencyUs', 'prefillUs', 'decodeUs'];

export function fitRates(calls: readonly CallTime[]): FittedRates {
  const none: FittedRates = { latencyUs: 0, prefillUs: 0, decodeUs: 0 };
  let open = terms;
  while (open.length > 0 && calls.length > 0) {
    const solved = leastSquares(calls, open);
    if (solved === undefined) open = open.slice(0, -1);
    else {
      const worst = solved.indexOf(Math.min(...solved));
      if (solved[worst]! >= 0)
        return { ...none, ...Object.fromEntries(open.map((term, index) => [term, solved[index]!])) };
      open = open.filter((_, index) => index !== worst);
    }
  }
  return none;
}

export function timeOf({ latencyUs, prefillUs, decodeUs }: FittedRates, call: Omit<CallTime, 'us'>): number {
  return Math.round(
    latencyUs + (call.newTokens + call.repeatedTokens) * prefillUs + call.tokensOut * decodeUs,
  );
}

const valueOf: Readonly<Record<Term, (call: CallTime) => number>> = {
  latencyUs: () => 1,
  prefillUs: ({ newTokens, repeatedTokens }) => newTokens + repeatedTokens,
  decodeUs: ({ tokensOut }) => tokensOut,
};

/** The normal equations; undefined: the calls don't tell the terms apart. */
function leastSquares(calls: readonly CallTime[], open: readonly Term[]): readonly number[] | undefined {
  const rows = open.map((row) => [
    ...open.map((column) => sum(calls, (call) => valueOf[row](call) * valueOf[column](call))),
    sum(calls, (call) => valueOf[row](call) * call.us),
  ]);
  const size = open.length;
  for (let pivot = 0; pivot < size; pivot++) {
    let best = pivot;
    for (let row = pivot + 1; row < size; row++)
      if (Math.abs(rows[row]![pivot]!) > Math.abs(rows[best]![pivot]!)) best = row;
    const swapped = rows[best]!;
    rows[best] = rows[pivot]!;
    rows[pivot] = swapped;
    const scale = sum(calls, (call) => Math.abs(valueOf[open[pivot]!](call)));
    if (Math.abs(swapped[pivot]!) <= 1e-9 * scale * scale) return undefined;
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = rows[row]![pivot]! / swapped[pivot]!;
      for (let column = pivot; column <= size; column++) rows[row]![column]! -= factor * swapped[column]!;
    }
  }
  return rows.map((row, index) => row[size]! / row[index]!);
}

const sum = (calls: readonly CallTime[], of: (call: CallTime) => number): number =>
  calls.reduce((total, call) => total + of(call), 0);
