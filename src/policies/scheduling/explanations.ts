/** Words that the explanations of scheduling policies have in common. */
import type { ProcessView } from '../../kernel/contracts.ts';
import type { Pid } from '../../kernel/ids.ts';

export function labelOf(processes: ProcessView, pid: Pid): string {
  return `${processes.name(pid)} (pid ${pid})`;
}

/** 2.5 s, 20 ms, 7 µs: the largest unit of which it has at least one, with up to three decimals. */
export function spelledTime(us: number): string {
  const size = Math.abs(us);
  if (size === Infinity) return 'no end';
  if (size >= 1e6) return `${rounded(us / 1e6)} s`;
  if (size >= 1e3) return `${rounded(us / 1e3)} ms`;
  return `${rounded(us)} µs`;
}

/** Up to three decimals. */
export function rounded(value: number): string {
  return String(Number(value.toFixed(3)));
}

export interface Standing {
  readonly pid: Pid;
  readonly isReady: boolean;
  /** The first of those that are ready, and how many these are. */
  readonly first: Pid | undefined;
  readonly size: number;
  /** The key of a ready process, in words; absent where the order is all there is. */
  readonly keyOf?: (pid: Pid) => string;
  /** What orders them. */
  readonly rule: string;
}

/** One line: who stands first and by which rule; of another one, what it has and what the first has. */
export function standing(
  processes: ProcessView,
  { pid, isReady, first, size, keyOf, rule }: Standing,
): string {
  const name = labelOf(processes, pid);
  if (!isReady || first === undefined) return `${name} is not ready; ${rule}`;
  if (keyOf === undefined) {
    const place = first === pid ? 'is the first' : `comes after ${labelOf(processes, first)}, the first`;
    return `${name} ${place} of ${size} ready; ${rule}`;
  }
  if (first === pid) return `${name} is the first of ${size} ready with ${keyOf(pid)}; ${rule}`;
  return `${name} has ${keyOf(pid)}; the first of ${size} ready is ${labelOf(processes, first)} with ${keyOf(first)}; ${rule}`;
}
