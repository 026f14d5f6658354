/**
 * A run as one picture: a row for every process, its life as bars by state, marks where something happened, and below them how full context
 * memory was. One self-contained SVG without scripts and outside fonts, on its own light ground; the same events give the same bytes.
 */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import { formatCount, formatDuration } from './format.ts';
import { element, escapeXml, lineElement, px, svgDocument, textElement } from './svg.ts';
import { truncate } from './text-width.ts';
import { timeAxis, type Break, type Frame, type TimeAxis } from './timeline-axis.ts';
import { timelineLegend } from './timeline-legend.ts';
import {
  drawMarks,
  estimatedWidth,
  LANE_HEIGHT,
  placeMarks,
  type LabelSpace,
  type PlacedMarks,
} from './timeline-marks.ts';
import { memoryLabel, memoryStrip, MEMORY_ROW_HEIGHT, type EngineLabel } from './timeline-memory.ts';
import { timelineRows, type ProcessRow } from './timeline-rows.ts';
import { faintInk, ink, MARGIN, markStyles, patternFill, patterns, segmentStyle } from './timeline-styles.ts';

export interface TimelineOptions {
  readonly title?: string;
  /** px, at least 480; default 900. */
  readonly width?: number;
  /** By engine number: its name, and its capacity for the line in its memory. Without them the scale ends at the highest level. */
  readonly engines?: readonly EngineLabel[];
}

/** Rows of a drawing; what has no row is counted below the last one. */
const MOST_ROWS = 60;

/** px */
const GUTTER = 148;
/** For the label of a mark at the very end. */
const END_LABEL = 68;
const BAR_HEIGHT = 18;

/**
 * Events of one run, or of several kernels one after the other: see timelineRows. Within a stretch on a core the parts have their exact
 * lengths, in the order of a call. A crash stands where the next kernel's events begin: the events don't say when the machine failed.
 */
export function timelineSvg(events: Iterable<KernelEvent>, options: TimelineOptions = {}): string {
  const { title = 'A run in virtual time', width = 900, engines = [] } = options;
  assert(width >= 480, () => `a timeline ${width} px wide; at least 480`);
  const { span, processes, memories, idle, crashesUs } = timelineRows(events);
  const left = MARGIN + GUTTER;
  const right = width - MARGIN - END_LABEL;
  const axis = timeAxis({ span, idle, left, right });
  const top = crashesUs.length > 0 ? 58 : 42;
  const shown = layOut(processes.slice(0, MOST_ROWS), axis, top, {
    right: width - MARGIN,
    breaks: axis.breaks,
  });
  const memoryTop =
    (shown.at(-1)?.bottom ?? top) + (shown.length === processes.length && processes.length > 0 ? 8 : 28);
  const bottom = memoryTop + memories.length * MEMORY_ROW_HEIGHT;
  const frame: Frame = { axis, left, right, top, bottom };
  const isEmpty = processes.length === 0;
  const kinds = processes.flatMap(({ segments }) => segments.map(({ kind }) => kind));
  const legend = timelineLegend({
    kinds: new Set(kinds),
    marks: new Set(processes.flatMap(({ marks }) => marks.map(({ kind }) => kind))),
    hasMemory: memories.length > 0,
    left: MARGIN,
    right: width - MARGIN,
    top: isEmpty ? bottom : bottom + 44,
  });
  const height = legend.bottom + MARGIN;

  return svgDocument({ width, height, title, description: description(processes), ink }, [
    patterns(new Set(kinds)),
    textElement(MARGIN, 27, title, { 'font-size': 15, 'font-weight': 600 }),
    ...(isEmpty ? [textElement(MARGIN, top + 16, 'No events.', { fill: faintInk })] : grid(frame)),
    ...shown.map((row) => element('g', { 'data-pid': row.process.pid }, bars(row, frame).join('\n'))),
    ...omitted(processes.length - shown.length, memoryTop),
    ...memories.map((memory, index) =>
      memoryStrip(
        memory,
        memoryTop + index * MEMORY_ROW_HEIGHT,
        frame,
        memoryLabel(memory, memories.length, engines),
      ),
    ),
    ...axis.breaks.map((part) => breakBand(part, frame)),
    ...crashLines(
      crashesUs.map((us) => axis.x(us)),
      frame,
    ),
    ...shown.flatMap(({ process, placed, barTop }) =>
      drawMarks(
        placed,
        barTop,
        (marks) =>
          `${process.name}: ${markStyles[marks[0]!.kind].label}, ${marks.map(({ atUs }) => at(atUs)).join('; ')}`,
      ),
    ),
    ...(isEmpty ? [] : timeLabels(frame)),
    legend.svg,
  ]);
}

interface PlacedRow {
  readonly process: ProcessRow;
  readonly placed: PlacedMarks;
  readonly barTop: number;
  readonly bottom: number;
}

/** A row is as high as the lanes of its marks need. */
function layOut(
  processes: readonly ProcessRow[],
  axis: TimeAxis,
  top: number,
  space: LabelSpace,
): PlacedRow[] {
  let y = top;
  return processes.map((process) => {
    const placed = placeMarks(process.marks, axis.x, space);
    const barTop = y + 8 + Math.max(1, placed.lanes) * LANE_HEIGHT;
    y = barTop + BAR_HEIGHT + 10;
    return { process, placed, barTop, bottom: y };
  });
}

function bars({ process, barTop, bottom }: PlacedRow, { axis, right }: Frame): string[] {
  const { pid, name, priority, segments } = process;
  const label = truncate(name, 20);
  const drawn = [
    element(
      'g',
      {},
      element('title', {}, escapeXml(name)) +
        textElement(MARGIN, barTop + 6, label, { 'font-weight': 600, 'font-size': 12 }),
    ),
    textElement(MARGIN, barTop + 20, `pid ${pid} · priority ${priority}`, { fill: faintInk }),
    lineElement(MARGIN, bottom, right, bottom, { stroke: '#E6E9EF' }),
  ];
  for (const { kind, fromUs, toUs } of segments) {
    const x = axis.x(fromUs);
    const width = axis.x(toUs) - x;
    const { label: state, short, fill, height, text, pattern } = segmentStyle(kind);
    // Shorter than a twentieth of a px.
    if (px(width) === '0') continue;
    const y = barTop + (BAR_HEIGHT - height) / 2;
    const box = { x, y, width, height };
    const title = element(
      'title',
      {},
      escapeXml(`${name}: ${state}, ${at(fromUs)} to ${at(toUs)} (${formatDuration(toUs - fromUs)})`),
    );
    drawn.push(
      element(
        'rect',
        { ...box, fill: pattern === undefined ? fill : patternFill(kind), 'data-state': kind },
        title,
      ),
    );
    if (short === '' || width < estimatedWidth(short, 10) + 12) continue;
    // At the start of the bar: its middle may be left out. On its own ground, as patterns are hard to read on.
    if (pattern !== undefined)
      drawn.push(
        element('rect', {
          x: x + 3,
          y: y + 1,
          width: estimatedWidth(short, 10) + 6,
          height: height - 2,
          rx: 2,
          fill,
        }),
      );
    drawn.push(textElement(x + 6, barTop + 12.5, short, { fill: text, 'font-size': 10 }));
  }
  return drawn;
}

function omitted(count: number, memoryTop: number): string[] {
  return count === 0
    ? []
    : [textElement(MARGIN, memoryTop - 10, `… and ${formatCount(count)} more processes`, { fill: faintInk })];
}

function grid({ axis, top, bottom }: Frame): string[] {
  return axis.ticks.map(({ x }) => lineElement(x, top, x, bottom, { stroke: '#E6E9EF' }));
}

function timeLabels({ axis, left, right, bottom }: Frame): string[] {
  return [
    lineElement(left, bottom, right, bottom, { stroke: '#8A91A0' }),
    ...axis.ticks.flatMap(({ x, label }) => [
      lineElement(x, bottom, x, bottom + 4, { stroke: '#8A91A0' }),
      textElement(x, bottom + 15, label, { 'text-anchor': 'middle' }),
    ]),
    textElement(MARGIN, bottom + 15, `time, ${axis.unit}`, { fill: faintInk }),
    ...axis.breaks.map(({ left: from, right: to, fromUs, toUs }) =>
      textElement((from + to) / 2, bottom + 29, `${formatDuration(toUs - fromUs)} left out`, {
        'text-anchor': from > right - 90 ? 'end' : 'middle',
        'font-size': 10,
        'font-style': 'italic',
      }),
    ),
  ];
}

/** Two torn edges with nothing between them, through everything: here the axis doesn't run on. */
function breakBand({ left, right }: Break, { top, bottom }: Frame): string {
  const edge = (x: number, from: number, to: number): string => {
    const step = from < to ? 6 : -6;
    let d = `${px(x)} ${px(from)}`;
    let turn = 1;
    for (let y = from + step; step > 0 ? y < to : y > to; y += step) {
      d += `L${px(x + 3 * turn)} ${px(y)}`;
      turn = -turn;
    }
    return `${d}L${px(x)} ${px(to)}`;
  };
  const [from, to, low] = [left + 10, right - 10, bottom + 4];
  return [
    element('path', { d: `M${edge(from, top, low)}L${edge(to, low, top)}Z`, fill: '#FFFFFF' }),
    element('path', {
      d: `M${edge(from, top, low)}M${edge(to, low, top)}`,
      fill: 'none',
      stroke: '#8A91A0',
      'data-break': '',
    }),
  ].join('');
}

/** The first one says what it means, the others where there is room. */
function crashLines(places: readonly number[], { top, bottom, right }: Frame): string[] {
  const label = 'crash: another kernel goes on';
  const half = estimatedWidth(label, 11.5) / 2;
  let labelledTo = 0;
  return places.map((x) => {
    const middle = Math.min(x, right + END_LABEL - half);
    const isLabelled = middle - half >= labelledTo;
    if (isLabelled) labelledTo = middle + half;
    const text = textElement(middle, top - 8, label, {
      'text-anchor': 'middle',
      fill: '#B3001B',
      'font-weight': 600,
    });
    const drawn = lineElement(x, top - 4, x, bottom, {
      stroke: '#B3001B',
      'stroke-width': 1.6,
      'stroke-dasharray': '7 3 2 3',
    });
    return element('g', { 'data-crash': '' }, drawn + (isLabelled ? text : ''));
  });
}

function description(processes: readonly ProcessRow[]): string {
  const ends = processes.map(({ name, pid, marks }) => {
    const end = marks.findLast(({ kind }) => kind === 'completed' || kind === 'ended');
    return `${name} (pid ${pid}) ${end === undefined ? 'does not end' : `${end.label} at ${at(end.atUs)}`}`;
  });
  return ends.length === 0 ? 'No events.' : `${ends.slice(0, MOST_ROWS).join('; ')}.`;
}

/** A time as a duration since 0. */
function at(us: number): string {
  return formatDuration(us);
}
