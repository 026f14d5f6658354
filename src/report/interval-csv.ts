/** The intervals of a run as comma-separated values: one line for each, in the order of their ends. */
import { csvLine } from './csv.ts';
import type { Interval } from './intervals.ts';

const columns = [
  'pid',
  'name',
  'state',
  'reason',
  'detail',
  'core',
  'fromUs',
  'toUs',
  'durationUs',
  'n',
  'switchUs',
  'loadUs',
  'repeatedPrefillUs',
  'newPrefillUs',
  'decodeUs',
  'newTokens',
  'repeatedTokens',
  'loadTokens',
  'cachedTokens',
  'tokensOut',
] as const;

export const intervalCsvHeader = csvLine(columns);

/** `reason` is that of a wait, who caused a suspension, and of a stretch how it ended. What a state has not is empty. */
export function intervalCsvLine(interval: Interval): string {
  const { process, fromUs, toUs, state } = interval;
  const who = [process.pid, process.name, state] as const;
  const when = [fromUs, toUs, toUs - fromUs] as const;
  switch (state) {
    case 'running': {
      const { core, n, end, phases, newTokens, repeatedTokens, loadTokens, cachedTokens, tokensOut } =
        interval.stretch;
      const parts =
        phases === undefined
          ? noPhases
          : [phases.switchUs, phases.loadUs, phases.repeatedPrefillUs, phases.newPrefillUs, phases.decodeUs];
      const tokens = [newTokens, repeatedTokens, loadTokens, cachedTokens, tokensOut];
      return csvLine([...who, end, null, core, ...when, n, ...parts, ...tokens]);
    }
    case 'waiting':
      return csvLine([...who, interval.on, interval.detail, null, ...when, ...noStretch]);
    case 'suspended':
      return csvLine([...who, interval.by, null, null, ...when, ...noStretch]);
    case 'ready':
      return csvLine([...who, null, null, null, ...when, ...noStretch]);
  }
}

const noPhases = [null, null, null, null, null];
/** All from `n` on. */
const noStretch = Array.from({ length: columns.length - columns.indexOf('n') }, () => null);
