/** The results of `ringzero page --residency prefix` as files: chart, HTML page, CSV. */
import { formatCount, formatMoney } from '../../report/format.ts';
import {
  htmlDrawing,
  htmlPage,
  htmlTable,
  noteSections,
  repeatSection,
  type HtmlCell,
} from '../../report/html.ts';
import { lineChartSvg } from '../../report/line-chart.ts';
import type { LineChart } from '../../report/line-chart-model.ts';
import { fileName } from '../../report/miss-ratio-chart.ts';
import { packageVersion } from '../package-version.ts';
import type { ResultFiles } from '../result-files.ts';
import { halfWidth, sessionCsv, type SessionHeading, type SessionResult } from './session-report.ts';

export function sessionFiles(heading: SessionHeading, results: readonly SessionResult[]): ResultFiles {
  return {
    plot: () => lineChartSvg(chartOf(heading, results)),
    html: () => pageOf(heading, results),
    csv: () => sessionCsv(heading.trace, heading.seed, results),
  };
}

/** What had to be prefilled against the memory, a line for each policy and number of sessions. */
function chartOf({ trace, seed }: SessionHeading, results: readonly SessionResult[]): LineChart {
  const counts = new Set(results.map(({ sessions }) => sessions));
  const labelOf = ({ policy, sessions }: SessionResult): string =>
    counts.size === 1 ? policy : `${policy}, ${sessions}`;
  const labels = [...new Set(results.map(labelOf))];
  const seeds = results[0]!.seeds;
  return {
    title: `Prefilled share of contexts against memory: ${fileName(trace)}`,
    subtitle: `${[...counts].join(', ')} sessions; means over ${seeds} draw${seeds === 1 ? '' : 's'}, seed ${seed}`,
    x: { label: 'context memory in tokens', scale: 'log', format: 'count' },
    y: { label: '1 − token hit rate', scale: 'linear', format: 'percent' },
    series: labels.map((label) => ({
      label,
      points: results
        .filter((result) => labelOf(result) === label)
        .map(({ capacity, tokenHitRate, tokenHitRateInterval: interval }) => ({
          x: capacity,
          y: 1 - tokenHitRate,
          ...(interval === undefined ? {} : { halfWidth: halfWidth(interval) }),
        }))
        .sort((a, b) => a.x - b.x),
    })),
  };
}

function pageOf(heading: SessionHeading, results: readonly SessionResult[]): string {
  const { trace, recorded, seed, repeat, notes } = heading;
  const counts = [...new Set(results.map(({ sessions }) => sessions))];
  const chart = (sessions: number): string =>
    lineChartSvg(
      chartOf(
        heading,
        results.filter((result) => result.sessions === sessions),
      ),
      { width: 960, height: 520 },
    );
  return htmlPage(
    `Paging laboratory: ${fileName(trace)}`,
    `${formatCount(recorded)} recorded sessions, prefix residency; ringzero ${packageVersion()}, seed ${seed}`,
    [
      ...counts.map((sessions) => ({
        heading: `${sessions} sessions`,
        content: htmlDrawing(chart(sessions)),
      })),
      { heading: 'Results', content: resultTable(results) },
      ...noteSections(notes),
      repeatSection(repeat, packageVersion(), seed),
    ],
  );
}

function resultTable(results: readonly SessionResult[]): string {
  const percent = (value: number | undefined): HtmlCell =>
    value === undefined ? { text: '–', value: -1 } : { text: `${(100 * value).toFixed(2)} %`, value };
  const count = (value: number): HtmlCell => ({ text: formatCount(value), value });
  const right = (header: string): { header: string; align: 'right' } => ({ header, align: 'right' });
  return htmlTable(
    [
      { header: 'policy' },
      ...['sessions', 'memory', 'token hit rate', '± (95 %)', 'above lru', 'gap closed'].map(right),
      ...['prefill tokens', 'repeated', 'cost a session'].map(right),
    ],
    results.map((result) => [
      { text: result.policy },
      count(result.sessions),
      count(result.capacity),
      percent(result.tokenHitRate),
      percent(result.tokenHitRateInterval && halfWidth(result.tokenHitRateInterval)),
      percent(result.aboveLru),
      percent(result.gapClosed),
      count(result.prefillTokens),
      count(result.repeatedTokens),
      {
        text: formatMoney(Math.round(result.microDollarsPerSession)),
        value: result.microDollarsPerSession,
      },
    ]),
  );
}
