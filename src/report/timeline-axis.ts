/**
 * The time axis of a timeline: one scale for everything, long idle gaps left out as breaks, ticks at round times.
 */
import type { Span } from './timeline-rows.ts';

export interface TimeAxis {
  /** Horizontal place of a time, px. */
  readonly x: (us: number) => number;
  /** The gaps that are left out: where they stand, and how long they are. */
  readonly breaks: readonly Break[];
  readonly ticks: readonly Tick[];
  /** How the tick labels are to be read: `min:s`. */
  readonly unit: string;
}

export interface Break extends Span {
  readonly left: number;
  readonly right: number;
}

interface Tick {
  readonly x: number;
  readonly label: string;
}

/** Where a drawing has its axis and its rows, px. */
export interface Frame {
  readonly axis: TimeAxis;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface AxisOptions {
  readonly span: Span;
  readonly idle: readonly Span[];
  /** px */
  readonly left: number;
  readonly right: number;
}

/** px that a break takes, and that stay between two tick labels. */
const BREAK_WIDTH = 44;
const TICK_DISTANCE = 44;
const MOST_BREAKS = 6;

/** A part of the time that is drawn, at the scale of all others. */
interface Piece extends Span {
  readonly left: number;
  readonly right: number;
}

export function timeAxis({ span, idle, left, right }: AxisOptions): TimeAxis {
  const gaps = gapsToBreak(span, idle);
  const leftOutUs = sum(gaps);
  const drawnUs = Math.max(1, span.toUs - span.fromUs - leftOutUs);
  const pxPerUs = (right - left - gaps.length * BREAK_WIDTH) / drawnUs;

  const pieces: Piece[] = [];
  const breaks: Break[] = [];
  let x = left;
  let fromUs = span.fromUs;
  for (const gap of [...gaps, { fromUs: span.toUs, toUs: span.toUs }]) {
    const end = x + (gap.fromUs - fromUs) * pxPerUs;
    pieces.push({ fromUs, toUs: gap.fromUs, left: x, right: end });
    if (pieces.length <= gaps.length) breaks.push({ ...gap, left: end, right: end + BREAK_WIDTH });
    x = end + BREAK_WIDTH;
    fromUs = gap.toUs;
  }

  const stepUs = tickStep(TICK_DISTANCE / pxPerUs);
  const form = clockOf(span.toUs, stepUs);
  return {
    x: (us) => place([...pieces, ...breaks], us),
    breaks,
    ticks: ticksOf(pieces, stepUs, form.label),
    unit: form.unit,
  };
}

/**
 * The idle gaps that are longer than half of what is drawn without them and all longer ones, so that none takes more than a third of the
 * width; at most six.
 */
function gapsToBreak({ fromUs, toUs }: Span, idle: readonly Span[]): Span[] {
  const byLength = [...idle].sort((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs) || a.fromUs - b.fromUs);
  let drawnUs = toUs - fromUs;
  let broken = 0;
  for (const [index, gap] of byLength.slice(0, MOST_BREAKS).entries()) {
    drawnUs -= gap.toUs - gap.fromUs;
    if ((gap.toUs - gap.fromUs) * 2 > drawnUs) broken = index + 1;
  }
  // Without anything else there is nothing that the gap would hide.
  if (drawnUs === 0 && broken === byLength.length) return [];
  return byLength.slice(0, broken).sort((a, b) => a.fromUs - b.fromUs);
}

function place(parts: readonly Piece[], us: number): number {
  const part = parts.find(({ fromUs, toUs }) => us >= fromUs && us <= toUs) ?? parts[0]!;
  const lengthUs = part.toUs - part.fromUs;
  return lengthUs === 0 ? part.left : part.left + ((us - part.fromUs) / lengthUs) * (part.right - part.left);
}

/** Where the drawing goes on behind a break always has its time; round times stand wherever they have room. */
function ticksOf(pieces: readonly Piece[], stepUs: number, label: (us: number) => string): Tick[] {
  const ticks: Tick[] = [];
  const add = (us: number, x: number): void => {
    if (ticks.every((tick) => Math.abs(tick.x - x) >= TICK_DISTANCE - 1)) ticks.push({ x, label: label(us) });
  };
  for (const { fromUs, left } of pieces) add(fromUs, left);
  for (const piece of pieces) {
    for (let us = Math.ceil(piece.fromUs / stepUs) * stepUs; us <= piece.toUs; us += stepUs)
      add(us, place([piece], us));
  }
  return ticks.sort((a, b) => a.x - b.x);
}

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/** Steps that people count in, µs. Below a second 1, 2 and 5 of each power of ten; above a day likewise in days. */
const clockSteps = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_US),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_US),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_US),
];

function tickStep(leastUs: number): number {
  if (leastUs <= SECOND_US / 2) return decimalStep(leastUs);
  return clockSteps.find((step) => step >= leastUs) ?? decimalStep(leastUs / DAY_US) * DAY_US;
}

function decimalStep(least: number): number {
  for (let power = 1; ; power *= 10)
    for (const digit of [1, 2, 5]) if (digit * power >= least) return digit * power;
}

interface Clock {
  readonly unit: string;
  readonly label: (us: number) => string;
}

/** How a time is written, so that neighbouring ticks differ and the last one is still short. */
function clockOf(lastUs: number, stepUs: number): Clock {
  if (stepUs >= DAY_US) return { unit: 'days', label: (us) => trimmed(us / DAY_US, 1) };
  if (lastUs >= 2 * HOUR_US)
    return stepUs >= MINUTE_US
      ? { unit: 'h:min', label: (us) => `${Math.floor(us / HOUR_US)}:${two(us / MINUTE_US)}` }
      : {
          unit: 'h:min:s',
          label: (us) => `${Math.floor(us / HOUR_US)}:${two(us / MINUTE_US)}:${two(us / SECOND_US)}`,
        };
  if (stepUs >= SECOND_US)
    return { unit: 'min:s', label: (us) => `${Math.floor(us / MINUTE_US)}:${two(us / SECOND_US)}` };
  if (stepUs >= 1_000) return { unit: 's', label: (us) => trimmed(us / SECOND_US, 3) };
  return { unit: 'ms', label: (us) => trimmed(us / 1_000, 3) };
}

/** Whole units modulo 60, two digits. */
function two(units: number): string {
  return String(Math.floor(units) % 60).padStart(2, '0');
}

function trimmed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/\.?0+$/, '');
}

function sum(spans: readonly Span[]): number {
  return spans.reduce((total, { fromUs, toUs }) => total + toUs - fromUs, 0);
}
