/** The results of a comparison as CSV: a row for each policy at each capacity; what wasn't measured is an empty field. */
import { csv, type CsvField } from './csv.ts';
import type { PagingResult, PagingResults } from './paging-results.ts';

export function pagingCsv({ trace, unit, seed, results }: PagingResults): string {
  const header = ['trace', 'unit', 'seed', ...columns.map(([name]) => name)];
  return csv(
    header,
    results.map((result) => [trace, unit, seed, ...columns.map(([, value]) => value(result) ?? null)]),
  );
}

const columns: readonly (readonly [name: string, value: (result: PagingResult) => CsvField | undefined])[] = [
  ['policy', ({ policy }) => policy],
  ['capacity', ({ capacity }) => capacity],
  ['requests', ({ requests }) => requests],
  ['misses', ({ misses }) => misses],
  ['missRatio', ({ missRatio }) => missRatio],
  ['hitRatio', ({ hitRatio }) => hitRatio],
  ['sizeHitRatio', ({ sizeHitRatio }) => sizeHitRatio],
  ['gapToOpt', ({ gapToOpt }) => gapToOpt],
  ['evictions', ({ evictions }) => evictions],
  ['bypasses', ({ bypasses }) => bypasses],
  ['prefillTokens', ({ cost }) => cost?.prefillTokens],
  ['prefillSeconds', ({ cost }) => cost?.prefillSeconds],
  ['microDollars', ({ cost }) => cost?.microDollars],
  ['seconds', ({ seconds }) => seconds],
  ['requestsPerSecond', ({ requestsPerSecond }) => requestsPerSecond],
];
