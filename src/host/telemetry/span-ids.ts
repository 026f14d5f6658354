/**
 * The ids of traces and spans: SHA-256 of what they stand for, so that whoever goes on with a run goes on in its trace, and a recording that is repeated has the ids of the original. A trace is a
 * branch of a run. Format: W3C Trace Context, level 1, section 3.2.2.
 */
import { sha256Hex } from '../../base/sha256.ts';

export interface SpanOwner {
  readonly run: string;
  readonly branch: string;
  readonly pid: number;
}

export function traceIdOf({ run, branch }: Pick<SpanOwner, 'run' | 'branch'>): string {
  return sha256Hex(JSON.stringify(['trace', run, branch])).slice(0, 32);
}

/** Of a process, over its whole life, whichever kernels it lives in. */
export function processSpanId({ run, branch, pid }: SpanOwner): string {
  return sha256Hex(JSON.stringify(['process', run, branch, pid])).slice(0, 16);
}

/** Of a call of its `n`-th syscall. `startUs`: one that a crash broke off and that is made again is another call. */
export function callSpanId(
  { run, branch, pid }: SpanOwner,
  { n, index, startUs }: { readonly n: number; readonly index: number; readonly startUs: number },
): string {
  return sha256Hex(JSON.stringify(['call', run, branch, pid, n, index, startUs])).slice(0, 16);
}
