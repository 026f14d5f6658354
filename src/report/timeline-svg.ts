/**
 * A run as one picture: a row for every process, its life as bars by state, marks where something happened, and below them how full context
 * memory was. One self-contained SVG without scripts and outside fonts, on its own light ground; the same events give the same bytes.
 */
import { assert } from '../base/assert.ts';
import type { KernelEvent } from '../kernel/events.ts';
import { formatCount, formatDuration } from './format.ts';
import { element, escapeXml, px, textElement, type Attributes } from './svg.ts';
import { truncate } from './text-width.ts';
import { timeAxis, type Break, type TimeAxis } from './timeline-axis.ts';
import { timelineLegend } from './timeline-legend.ts';
import { drawMarks, estimatedWidth, LANE_HEIGHT, placeMarks, type PlacedMarks } from './timeline-marks.ts';
import { timelineRows, type MemoryRow, type ProcessRow } from './timeline-rows.ts';
import { faintInk, ink, markStyles, patternFill, patterns, segmentStyle } from './timeline-styles.ts';

export interface TimelineOptions {
  readonly title?: string;
  /** px, at least 480; default 900. */
  readonly width?: number;
  /** By engine number: its name, and its capacity for the line in its memory. Without them the scale ends at the highest level. */
  readonly engines?: readonly EngineLabel[];
}

export interface EngineLabel {
  readonly name: string;
  readonly memoryTokens: number;
}

/** Rows of a drawing; what has no row is counted below the last one. */
const MOST_ROWS = 60;

/** px */
const MARGIN = 16;
const GUTTER = 148;
const BAR_HEIGHT = 18;
const MEMORY_HEIGHT = 56;
const MEMORY_ROW = 94;

/**
 * Events of one run, or of several kernels one after the other: see timelineRows. Within a stretch on a core the parts have their exact
 * lengths, in the order of a call. A crash stands where the next kernel's events begin: the events don't say when the machine failed.
 */
export function timelineSvg(events: Iterable<KernelEvent>, options: TimelineOptions = {}): string {
  const { title = 'A run in virtual time', width = 900, engines = [] } = options;
  assert(width >= 480, () => `a timeline ${width} px wide; at least 480`);
  const { span, processes, memories, idle, crashesUs } = timelineRows(events);
  const left = MARGIN + GUTTER;
  const right = width - MARGIN - 8;
  const axis = timeAxis({ span, idle, left, right });
  const top = crashesUs.length > 0 ? 58 : 42;
  const shown = layOut(processes.slice(0, MOST_ROWS), axis, top, right);
  const memoryTop = (shown.at(-1)?.bottom ?? top) + (shown.length === processes.length && processes.length > 0 ? 8 : 28);
  const bottom = memoryTop + memories.length * MEMORY_ROW;
  const frame: Frame = { axis, left, right, top, bottom };
  const isEmpty = processes.length === 0;
  const kinds = processes.flatMap(({ segments }) => segments.map(({ kind }) => kind));
  const legend = timelineLegend({
    kinds: new Set(kinds),
    marks: new Set(processes.flatMap(({ marks }) => marks.map(({ kind }) => kind))),
    hasMemory: memories.length > 0,
    left: MARGIN,
    right,
    top: isEmpty ? bottom : bottom + 44,
  });
  const height = legend.bottom + MARGIN;

  const parts = [
    element('title', {}, escapeXml(title)),
    element('desc', {}, escapeXml(description(processes))),
    element('defs', {}, patterns(new Set(kinds))),
    element('rect', { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6, fill: '#FFFFFF', stroke: '#C9CED8' }),
    textElement(MARGIN, 27, title, { 'font-size': 15, 'font-weight': 600 }),
    ...(isEmpty ? [textElement(MARGIN, top + 16, 'No events.', { fill: faintInk })] : grid(frame)),
    ...shown.map((row) => element('g', { 'data-pid': row.process.pid }, bars(row, frame).join('\n'))),
    ...omitted(processes.length - shown.length, memoryTop),
    ...memories.map((memory, index) => memoryStrip(memory, memoryTop + index * MEMORY_ROW, frame, memoryLabel(memory, memories.length, engines))),
    ...axis.breaks.map((part) => breakBand(part, frame)),
    ...crashesUs.map((us) => crashLine(axis.x(us), frame)),
    ...shown.flatMap(({ process, placed, barTop }) =>
      drawMarks(placed, barTop, (marks) => `${process.name}: ${markStyles[marks[0]!.kind].label}, ${marks.map(({ atUs }) => at(atUs)).join('; ')}`),
    ),
    ...(isEmpty ? [] : timeLabels(frame)),
    legend.svg,
  ];
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${px(width)} ${px(height)}`,
    role: 'img',
    'font-family': 'system-ui, -apple-system, Segoe UI, DejaVu Sans, Arial, sans-serif',
    'font-size': 11,
    fill: ink,
  };
  return `${element('svg', attributes, `\n${parts.filter((part) => part !== '').join('\n')}\n`)}\n`;
}

interface Frame {
  readonly axis: TimeAxis;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface PlacedRow {
  readonly process: ProcessRow;
  readonly placed: PlacedMarks;
  readonly barTop: number;
  readonly bottom: number;
}

/** A row is as high as the lanes of its marks need. */
function layOut(processes: readonly ProcessRow[], axis: TimeAxis, top: number, right: number): PlacedRow[] {
  let y = top;
  return processes.map((process) => {
    const placed = placeMarks(process.marks, axis.x, right);
    const barTop = y + 8 + Math.max(1, placed.lanes) * LANE_HEIGHT;
    y = barTop + BAR_HEIGHT + 10;
    return { process, placed, barTop, bottom: y };
  });
}

function bars({ process, barTop, bottom }: PlacedRow, { axis, right }: Frame): string[] {
  const { pid, name, priority, segments } = process;
  const label = truncate(name, 20);
  const drawn = [
    element('g', {}, element('title', {}, escapeXml(name)) + textElement(MARGIN, barTop + 6, label, { 'font-weight': 600, 'font-size': 12 })),
    textElement(MARGIN, barTop + 20, `pid ${pid} · priority ${priority}`, { fill: faintInk }),
    line(MARGIN, bottom, right, bottom, { stroke: '#E6E9EF' }),
  ];
  for (const { kind, fromUs, toUs } of segments) {
    const x = axis.x(fromUs);
    const width = axis.x(toUs) - x;
    const { label: state, short, fill, height, text, pattern } = segmentStyle(kind);
    // Shorter than a twentieth of a px.
    if (px(width) === '0') continue;
    const y = barTop + (BAR_HEIGHT - height) / 2;
    const box = { x, y, width, height };
    const title = element('title', {}, escapeXml(`${name}: ${state}, ${at(fromUs)} to ${at(toUs)} (${formatDuration(toUs - fromUs)})`));
    drawn.push(element('rect', { ...box, fill: pattern === undefined ? fill : patternFill(kind), 'data-state': kind }, title));
    if (short === '' || width < estimatedWidth(short, 10) + 12) continue;
    // At the start of the bar: its middle may be left out. On its own ground, as patterns are hard to read on.
    if (pattern !== undefined) drawn.push(element('rect', { x: x + 3, y: y + 1, width: estimatedWidth(short, 10) + 6, height: height - 2, rx: 2, fill }));
    drawn.push(textElement(x + 6, barTop + 12.5, short, { fill: text, 'font-size': 10 }));
  }
  return drawn;
}

function omitted(count: number, memoryTop: number): string[] {
  return count === 0 ? [] : [textElement(MARGIN, memoryTop - 10, `… and ${formatCount(count)} more processes`, { fill: faintInk })];
}

interface MemoryLabel {
  readonly name: string;
  readonly capacity: number | undefined;
}

function memoryLabel({ engine }: MemoryRow, of: number, engines: readonly EngineLabel[]): MemoryLabel {
  const known = engines[engine];
  return { name: of === 1 ? 'context memory' : `memory of ${known?.name ?? `engine ${engine}`}`, capacity: known?.memoryTokens };
}

/** Tokens resident as an area, room for answers stacked on it, capacity as a line, evictions as ticks below. */
function memoryStrip(memory: MemoryRow, rowTop: number, { axis, left, right }: Frame, { name, capacity }: MemoryLabel): string {
  const top = rowTop + 16;
  const base = top + MEMORY_HEIGHT;
  const most = memory.levels.reduce((peak, { resident, room }) => Math.max(peak, resident + room), capacity ?? 1);
  const yOf = (tokens: number): number => base - (tokens / most) * MEMORY_HEIGHT;
  const area = (level: (index: number) => number, attributes: Attributes): string => {
    let d = `M${px(axis.x(memory.levels[0]!.atUs))} ${px(base)}`;
    for (const [index, { atUs }] of memory.levels.entries()) d += `H${px(axis.x(atUs))}V${px(yOf(level(index)))}`;
    return element('path', { d: `${d}H${px(right)}V${px(base)}Z`, ...attributes });
  };
  const ticks = new Set(memory.evictionsUs.map((us) => px(axis.x(us))));
  const { evictedPages, evictedTokens } = memory;
  return element('g', { 'data-memory': memory.engine }, [
    '',
    textElement(MARGIN, top + 10, truncate(name, 20), { 'font-weight': 600, 'font-size': 12 }),
    textElement(MARGIN, top + 25, 'tokens resident', { fill: faintInk }),
    textElement(MARGIN, base + 9, `${formatCount(evictedPages)} evictions`, { fill: faintInk }),
    element('title', {}, escapeXml(`${name}: ${formatCount(evictedPages)} pages evicted, ${formatCount(evictedTokens)} tokens`)),
    area((index) => memory.levels[index]!.resident + memory.levels[index]!.room, { fill: '#E3D8F0', stroke: '#65468C', 'stroke-width': 0.8, 'stroke-dasharray': '2 2' }),
    area((index) => memory.levels[index]!.resident, { fill: '#8E74B2', stroke: '#65468C', 'stroke-width': 1 }),
    line(left, base, right, base, { stroke: '#8A91A0' }),
    ...(capacity === undefined
      ? []
      : [line(left, yOf(capacity), right, yOf(capacity), { stroke: ink, 'stroke-dasharray': '6 3' })]),
    textElement(left - 4, yOf(capacity ?? most) + 4, formatCount(capacity ?? most), { 'text-anchor': 'end', 'font-size': 10 }),
    textElement(left - 4, base + 1, '0', { 'text-anchor': 'end', 'font-size': 10 }),
    element('path', { d: [...ticks].map((x) => `M${x} ${px(base + 3)}V${px(base + 12)}`).join('') || 'M0 0', stroke: ink, 'stroke-width': 1.4 }),
    '',
  ].join('\n'));
}

function grid({ axis, top, bottom }: Frame): string[] {
  return axis.ticks.map(({ x }) => line(x, top, x, bottom, { stroke: '#E6E9EF' }));
}

function timeLabels({ axis, left, right, bottom }: Frame): string[] {
  return [
    line(left, bottom, right, bottom, { stroke: '#8A91A0' }),
    ...axis.ticks.flatMap(({ x, label }) => [
      line(x, bottom, x, bottom + 4, { stroke: '#8A91A0' }),
      textElement(x, bottom + 15, label, { 'text-anchor': 'middle' }),
    ]),
    textElement(MARGIN, bottom + 15, `time, ${axis.unit}`, { fill: faintInk }),
    ...axis.breaks.map(({ left: from, right: to, fromUs, toUs }) =>
      textElement((from + to) / 2, bottom + 29, `${formatDuration(toUs - fromUs)} left out`, { 'text-anchor': from > right - 90 ? 'end' : 'middle', 'font-size': 10, 'font-style': 'italic' }),
    ),
  ];
}

/** Two torn edges with nothing between them, through everything: here the axis doesn't run on. */
function breakBand({ left, right }: Break, { top, bottom }: Frame): string {
  const edge = (x: number, from: number, to: number): string => {
    const step = from < to ? 6 : -6;
    let d = `${px(x)} ${px(from)}`;
    let turn = 1;
    for (let y = from + step; step > 0 ? y < to : y > to; y += step) d += `L${px(x + 3 * turn)} ${px(y)}`, (turn = -turn);
    return `${d}L${px(x)} ${px(to)}`;
  };
  const [from, to, low] = [left + 10, right - 10, bottom + 4];
  return [
    element('path', { d: `M${edge(from, top, low)}L${edge(to, low, top)}Z`, fill: '#FFFFFF' }),
    element('path', { d: `M${edge(from, top, low)}M${edge(to, low, top)}`, fill: 'none', stroke: '#8A91A0', 'data-break': '' }),
  ].join('');
}

function crashLine(x: number, { top, bottom }: Frame): string {
  return element('g', { 'data-crash': '' }, [
    line(x, top - 4, x, bottom, { stroke: '#B3001B', 'stroke-width': 1.6, 'stroke-dasharray': '7 3 2 3' }),
    textElement(x, top - 8, 'crash: another kernel goes on', { 'text-anchor': 'middle', fill: '#B3001B', 'font-weight': 600 }),
  ].join(''));
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

function line(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string {
  return element('line', { x1, y1, x2, y2, ...attributes });
}
