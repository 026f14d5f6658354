/** Whether a run went well; if not, what a person must know about it. */
import { formatCount } from '../report/format.ts';
import { printable } from '../report/text-width.ts';
import type { ProcessMetrics, RunMetrics } from '../sim/metrics/run-metrics.ts';
import type { WorkloadResult } from '../sim/run-workload.ts';

/** Different reasons that are told before the rest is only counted. */
const shownReasons = 8;

/**
 * What went wrong, one line each; none when the run went well: agents that failed, agents that nothing can wake any more, or not one answer to all
 * model calls. An agent that goes on after a refused call (as recorded ones do) has not failed; one that the end of time cut off isn't stuck.
 */
export function troubleLines({ metrics, isCut }: WorkloadResult): string[] {
  const lines = byReason(metrics, 'failed').map(([reason, count]) => `${count} failed: ${reason}`);
  if (!isCut)
    for (const [reason, count] of byReason(metrics, 'unfinished'))
      lines.push(`${count} stuck: ${reason}, and nothing is left to happen`);
  if (!isCut && metrics.modelCalls > 0 && metrics.modelCallsCompleted === 0)
    lines.push('not one model call was answered');
  return lines;
}

/** What unfinished processes are doing, most frequent first. */
export function standingLines(metrics: RunMetrics): string[] {
  return byReason(metrics, 'unfinished').map(([reason, count]) => `${count} ${reason}`);
}

/** The processes that ended so, counted by what they say of it; most frequent first. */
function byReason({ perProcess }: RunMetrics, outcome: ProcessMetrics['outcome']): [string, string][] {
  const counts = new Map<string, number>();
  for (const process of perProcess) {
    if (process.outcome !== outcome) continue;
    const reason = printable(process.message === '' ? process.code : process.message);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const all = [...counts].toSorted(([, a], [, b]) => b - a);
  const rest = all.slice(shownReasons).reduce((sum, [, count]) => sum + count, 0);
  if (rest > 0) all.splice(shownReasons, Infinity, ['for other reasons (--json has them all)', rest]);
  return all.map(([reason, count]) => [reason, formatCount(count)]);
}
