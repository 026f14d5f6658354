/** A Gantt chart in plain text: a row for each core that says whose slice it is, and a row for each job that says what it does. */
import { fit, textWidth, truncate, truncateName } from './text-width.ts';
import type { Paint } from './table.ts';

/** Times are in any unit, whole or not; `job` is an index into the jobs' names. */
export interface GanttSlice {
  readonly core: number;
  readonly job: number;
  readonly from: number;
  readonly to: number;
}
interface GanttJob {
  readonly name: string;
  readonly arrival: number;
  readonly finish: number;
  /** When it was neither on a core nor ready: its I/O. */
  readonly io: readonly { readonly from: number; readonly to: number }[];
}
export interface GanttChart {
  readonly jobs: readonly GanttJob[];
  readonly slices: readonly GanttSlice[];
  readonly cores: number;
  readonly end: number;
}

export interface GanttTextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Colour of job number `job`. */
  readonly paint?: (job: number) => Paint;
}

const RUNNING = '█';
const READY = '░';
const IO = '·';

/** The lines of the chart, the last of them its legend. A cell that several states share shows the one that fills most of it. */
export function ganttText(chart: GanttChart, { width, paint = () => identity }: GanttTextOptions): string[] {
  const { jobs, cores, end } = chart;
  const labels = [...jobs.map(({ name }) => name), ...coreNames(cores)];
  const longest = labels.reduce((most, label) => Math.max(most, textWidth(label)), 0);
  const gutter = Math.min(24, Math.max(10, Math.floor(width / 4)), longest) + 1;
  const cells = cellsFor(end, width - gutter - 1);
  const cell = end === 0 ? 1 : end / cells;
  const rows = coreNames(cores).map(
    (label, core) => fit(label, gutter) + coreRow(chart, core, cells, cell, paint),
  );
  const slicesOf = slicesByJob(chart);
  for (const [index, job] of jobs.entries())
    rows.push(
      fit(truncateName(job.name, gutter - 1), gutter) +
        paint(index)(jobRow(slicesOf[index]!, job, cells, cell).trimEnd()),
    );
  return [
    ...rows,
    ' '.repeat(gutter) + axis(end, cells),
    `${' '.repeat(gutter)}${RUNNING} running  ${READY} ready  ${IO} I/O`,
  ];
}

/** As many cells for each unit of time as fit; less than one when there is more time than room. */
function cellsFor(end: number, room: number): number {
  const most = Math.max(10, room);
  if (end === 0) return 1;
  const perUnit = Math.floor(most / end);
  return perUnit >= 1 && Number.isInteger(end) ? end * Math.min(perUnit, 4) : most;
}

const coreNames = (cores: number): string[] =>
  cores === 1 ? ['core'] : Array.from({ length: cores }, (_, core) => `core ${core}`);

/** Each slice begins with a bar and the name of its job, as far as there is room. */
function coreRow(
  { slices, jobs }: GanttChart,
  core: number,
  cells: number,
  cell: number,
  paint: (job: number) => Paint,
): string {
  const mine = slices.filter((slice) => slice.core === core && slice.to > slice.from);
  let row = '';
  let at = 0;
  for (const { job, from, to } of mine) {
    const start = Math.max(at, Math.round(from / cell));
    const stop = Math.min(cells, Math.round(to / cell));
    if (stop <= start) continue;
    row += ' '.repeat(start - at);
    row += paint(job)(fit(`│${inBox(jobs[job]!.name, stop - start - 1)}`, stop - start));
    at = stop;
  }
  return `${row}│`;
}

/** The whole name, or its last word where that alone fits. */
function inBox(name: string, room: number): string {
  const [last] = /\S+$/.exec(name) ?? [name];
  return textWidth(name) > room && textWidth(last) <= room ? last : truncate(name, room);
}

function jobRow(slices: readonly GanttSlice[], job: GanttJob, cells: number, cell: number): string {
  const running = new Float64Array(cells);
  const io = new Float64Array(cells);
  const present = new Float64Array(cells);
  for (const { from, to } of slices) cover(running, from, to, cell);
  for (const { from, to } of job.io) cover(io, from, to, cell);
  cover(present, job.arrival, job.finish, cell);
  let row = '';
  for (let at = 0; at < cells; at++) {
    const ready = present[at]! - running[at]! - io[at]!;
    const absent = cell - present[at]!;
    const most = Math.max(running[at]!, io[at]!, ready, absent);
    row += most === running[at]! ? RUNNING : most === ready ? READY : most === io[at]! ? IO : ' ';
  }
  return row;
}

/** [job] its slices, in their order. */
export function slicesByJob({ jobs, slices }: GanttChart): readonly (readonly GanttSlice[])[] {
  const byJob: GanttSlice[][] = jobs.map(() => []);
  for (const slice of slices) byJob[slice.job]!.push(slice);
  return byJob;
}

/** Adds to each cell how much of it lies between the two times. */
function cover(sums: Float64Array, from: number, to: number, cell: number): void {
  for (let at = Math.floor(from / cell); at < sums.length && at * cell < to; at++)
    sums[at]! += Math.max(0, Math.min(to, (at + 1) * cell) - Math.max(from, at * cell));
}

/** Times at about every tenth column, at round numbers. */
function axis(end: number, cells: number): string {
  const step = roundStep((end * 8) / cells);
  let line = '';
  for (let time = 0; time <= end + step * 1e-9; time += step) {
    const at = Math.round((time / Math.max(end, 1e-12)) * cells);
    if (at < line.length + (line === '' ? 0 : 1)) continue;
    line = line.padEnd(at) + shortNumber(time);
  }
  return line;
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function roundStep(least: number): number {
  let step = 1e-6;
  for (const factor of steps()) {
    step = factor;
    if (step >= least) break;
  }
  return step;
}

function* steps(): Generator<number> {
  for (let power = 1e-6; power <= 1e12; power *= 10) {
    yield power;
    yield 2 * power;
    yield 5 * power;
  }
}

/** Up to six decimals, without zeros at the end. */
export function shortNumber(value: number): string {
  return String(Math.round(value * 1e6) / 1e6);
}

const identity: Paint = (text) => text;
