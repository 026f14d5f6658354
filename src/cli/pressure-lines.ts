/** The pressure of a run, for people: the lines of Linux's /proc/pressure, of the resources that anybody was stalled on. */
import { formatDuration, formatPercent } from '../report/format.ts';
import { table, type Paint } from '../report/table.ts';
import { pressureResources } from '../sim/metrics/pressure-group.ts';
import type { Pressure } from '../sim/metrics/pressure-group.ts';

export function pressureLines(pressure: Pressure, width: number, dim: Paint): string[] {
  const rows = pressureResources.flatMap((resource) =>
    (['some', 'full'] as const).flatMap((kind) => {
      const { avg10, avg60, avg300, total, share } = pressure[resource][kind];
      // Nobody was stalled; or never all at once, as is usual for cores.
      if (total === 0) return [];
      const shares = [share, avg10, avg60, avg300].map(formatPercent);
      return [[kind === 'some' ? resource : '', kind, ...shares, formatDuration(total)]];
    }),
  );
  if (rows.length === 0) return ['none: nobody was stalled on cores, memory or budget'];
  return table({
    columns: [
      { header: 'on' },
      { header: '' },
      ...['of the run', 'avg10', 'avg60', 'avg300', 'total'].map((header) => ({
        header,
        align: 'right' as const,
      })),
    ],
    rows,
    width,
    paintHeader: dim,
  });
}
