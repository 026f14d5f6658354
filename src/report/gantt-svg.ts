/**
 * Gantt charts one above the other, one for each policy, on one scale of time: a row for each core with a box for each slice, and below them a thin row for each job
 * that says when it was ready and when it did I/O. One self-contained SVG; the same charts give the same bytes.
 */
import type { GanttChart, GanttSlice } from './gantt-text.ts';
import { shortNumber, slicesByJob } from './gantt-text.ts';
import { seriesStyle } from './series-styles.ts';
import { element, escapeXml, lineElement, svgDocument, textElement } from './svg.ts';
import { truncateName } from './text-width.ts';
import { estimatedWidth } from './timeline-marks.ts';
import { faintInk, ink, MARGIN } from './timeline-styles.ts';

export interface TitledGantt extends GanttChart {
  readonly title: string;
  /** Beside the title: the averages. */
  readonly note: string;
}

/** px */
const GUTTER = 110;
const CORE_HEIGHT = 26;
const JOB_HEIGHT = 11;
const AXIS_HEIGHT = 26;
const TITLE_HEIGHT = 26;
/** Rows of jobs in a drawing; what has no row is counted below the last one. */
const MOST_JOBS = 30;

export interface GanttSvgOptions {
  readonly title: string;
  /** What the axis counts, such as `ticks`. */
  readonly unit: string;
  /** px; default 900. */
  readonly width?: number;
}

export function ganttSvg(
  charts: readonly TitledGantt[],
  { title, unit, width = 900 }: GanttSvgOptions,
): string {
  const left = MARGIN + GUTTER;
  const right = width - MARGIN - 12;
  const end = Math.max(0, ...charts.map((chart) => chart.end));
  const x = (time: number): number => (end === 0 ? left : left + (time / end) * (right - left));
  const parts: string[] = [textElement(MARGIN, 27, title, { 'font-size': 15, 'font-weight': 600 })];
  let top = 42;
  for (const chart of charts) {
    const drawn = oneChart(chart, { top, left, right, end, x, unit });
    parts.push(element('g', { 'data-policy': chart.title }, drawn.svg));
    top = drawn.bottom;
  }
  const height = top + MARGIN;
  const description = charts.map((chart) => `${chart.title}: ${chart.note}`).join('; ');
  return svgDocument({ width, height, title, description, ink }, ['', ...parts]);
}

interface Place {
  readonly top: number;
  readonly left: number;
  readonly right: number;
  readonly end: number;
  readonly x: (time: number) => number;
  readonly unit: string;
}

function oneChart(chart: TitledGantt, place: Place): { readonly svg: string; readonly bottom: number } {
  const { top, left, right, x, unit, end } = place;
  const { jobs, slices, cores } = chart;
  const coresTop = top + TITLE_HEIGHT;
  const jobsTop = coresTop + cores * CORE_HEIGHT + 6;
  const shown = jobs.slice(0, MOST_JOBS);
  const axisTop = jobsTop + shown.length * JOB_HEIGHT + 4;
  const slicesOf = slicesByJob(chart);
  const times = ticks(end, (right - left) / 56);
  // Bold letters are wider.
  const titleEnd = MARGIN + 1.1 * estimatedWidth(chart.title, 12.5) + 12;
  const parts = [
    textElement(MARGIN, top + 16, chart.title, { 'font-weight': 600, 'font-size': 12.5 }),
    textElement(Math.max(left, titleEnd), top + 16, chart.note, { fill: faintInk }),
    ...times.map((time) => lineElement(x(time), coresTop, x(time), axisTop, { stroke: '#E6E9EF' })),
    ...Array.from({ length: cores }, (_, core) =>
      textElement(MARGIN, coresTop + core * CORE_HEIGHT + 16, cores === 1 ? 'core' : `core ${core}`),
    ),
    ...slices.map((slice) => box(slice, chart, coresTop + slice.core * CORE_HEIGHT, x)),
    ...shown.flatMap((_, index) => jobRow(chart, index, slicesOf[index]!, jobsTop + index * JOB_HEIGHT, x)),
    lineElement(left, axisTop, right, axisTop, { stroke: '#8A91A0' }),
    ...times.map((time) =>
      textElement(x(time), axisTop + 14, shortNumber(time), { 'text-anchor': 'middle' }),
    ),
    textElement(MARGIN, axisTop + 14, `time, ${unit}`, { fill: faintInk }),
  ];
  const more = jobs.length - shown.length;
  if (more > 0)
    parts.push(
      textElement(right, top + 16, `… and ${more} more jobs`, { fill: faintInk, 'text-anchor': 'end' }),
    );
  return { svg: parts.filter((part) => part !== '').join('\n'), bottom: axisTop + AXIS_HEIGHT + 8 };
}

function box(
  { job, from, to }: GanttSlice,
  { jobs }: TitledGantt,
  y: number,
  x: (time: number) => number,
): string {
  const { name } = jobs[job]!;
  const width = x(to) - x(from);
  const label = `${name}: ${shortNumber(from)} to ${shortNumber(to)}`;
  const rect = element(
    'rect',
    {
      x: x(from),
      y: y + 2,
      width: Math.max(width, 0.6),
      height: CORE_HEIGHT - 4,
      fill: seriesStyle(job).colour,
      stroke: '#FFFFFF',
      'stroke-width': width > 4 ? 1 : 0.3,
      'data-job': job,
    },
    element('title', {}, escapeXml(label)),
  );
  const text = fitting(name, width - 6);
  if (text === '') return rect;
  return rect + textElement(x(from) + width / 2, y + 17, text, { fill: '#FFFFFF', 'text-anchor': 'middle' });
}

/** The whole name, or its end where names end in what tells them apart; '' when not even two characters fit. */
function fitting(name: string, room: number): string {
  if (estimatedWidth(name, 11) <= room) return name;
  const [last] = /\S+$/.exec(name) ?? [name];
  return estimatedWidth(last, 11) <= room ? last : '';
}

/** Ready: a grey line; I/O: a dotted one; on a core: the job's colour. */
function jobRow(
  { jobs }: TitledGantt,
  index: number,
  slices: readonly GanttSlice[],
  top: number,
  x: (time: number) => number,
): string[] {
  const job = jobs[index]!;
  const middle = top + JOB_HEIGHT / 2;
  const { colour } = seriesStyle(index);
  const line = (from: number, to: number, stroke: string, width: number, dashes = ''): string =>
    to <= from
      ? ''
      : lineElement(x(from), middle, x(to), middle, {
          stroke,
          'stroke-width': width,
          ...(dashes === '' ? {} : { 'stroke-dasharray': dashes }),
        });
  return [
    textElement(MARGIN + GUTTER - 8, middle + 3.5, truncateName(job.name, 16), {
      'text-anchor': 'end',
      'font-size': 9.5,
      fill: faintInk,
    }),
    line(job.arrival, job.finish, '#B4BAC6', 2),
    // On a ground of its own, so that the line of being ready does not show through.
    ...job.io.flatMap(({ from, to }) => [line(from, to, '#FFFFFF', 4), line(from, to, ink, 1.4, '1.5 3')]),
    ...slices.map(({ from, to }) => line(from, to, colour, 6)),
  ];
}

/** Round times, at most `most` of them. */
function ticks(end: number, most: number): number[] {
  if (end === 0) return [0];
  let step = 1e-6;
  for (let unit = 1e-6, turn = 0; end / step > most; turn++) {
    step = unit * [1, 2, 5][turn % 3]!;
    if (turn % 3 === 2) unit *= 10;
  }
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, index) => index * step);
}
