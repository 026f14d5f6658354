import type { Rng } from '../../../../src/base/rng.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** Draws one of the first `rest` of a row and moves it behind the others of these. */
export function drawFrom(row: PageId[], rest: number, rng: Rng): PageId {
  const place = rng.integer(rest);
  [row[place], row[rest - 1]] = [row[rest - 1]!, row[place]!];
  return row[rest - 1]!;
}

/** The last takes the place of one that leaves. */
export function leaveRow(row: PageId[], page: PageId): void {
  const place = row.indexOf(page);
  row[place] = row.at(-1)!;
  row.pop();
}
