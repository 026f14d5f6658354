/** Arithmetic of the why-waiting split. */
import type { RunningSplit, Split } from './run-metrics.ts';

/** µs on cores. */
export function runningSum(running: RunningSplit): number {
  const { switchUs, newPrefillUs, repeatedPrefillUs, loadUs, decodeUs, unfinishedUs } = running;
  return switchUs + newPrefillUs + repeatedPrefillUs + loadUs + decodeUs + unfinishedUs;
}

/** All parts of a split together, µs. */
export function splitSum(split: Split): number {
  let sum = runningSum(split.running) + split.readyUs + split.suspendedUs;
  for (const us of Object.values(split.waiting)) sum += us;
  return sum;
}

/** Part by part; `reasons`: the kinds of waiting that it names. */
export function sumOfSplits(splits: readonly Split[], reasons: readonly string[]): Split {
  const sum = (part: (split: Split) => number): number =>
    splits.reduce((total, split) => total + part(split), 0);
  return {
    running: {
      switchUs: sum(({ running }) => running.switchUs),
      newPrefillUs: sum(({ running }) => running.newPrefillUs),
      repeatedPrefillUs: sum(({ running }) => running.repeatedPrefillUs),
      loadUs: sum(({ running }) => running.loadUs),
      decodeUs: sum(({ running }) => running.decodeUs),
      unfinishedUs: sum(({ running }) => running.unfinishedUs),
    },
    readyUs: sum(({ readyUs }) => readyUs),
    waiting: Object.fromEntries(
      reasons.map((reason) => [reason, sum(({ waiting }) => waiting[reason] ?? 0)]),
    ),
    suspendedUs: sum(({ suspendedUs }) => suspendedUs),
  };
}
