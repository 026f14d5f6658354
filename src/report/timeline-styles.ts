/**
 * How states and moments look in a timeline. Colours are told apart by colour-blind readers (hues after M. Okabe and K. Ito, "Color Universal
 * Design", 2008), and never stand alone: states differ in height and pattern, moments in shape.
 */
import { element } from './svg.ts';
import type { MarkKind, SegmentKind } from './timeline-rows.ts';

export interface SegmentStyle {
  readonly label: string;
  /** Written into a bar that has room for it. */
  readonly short: string;
  readonly fill: string;
  /** px, of a row's 18 */
  readonly height: number;
  readonly text: string;
  /** Drawn over the fill, every 6 px. */
  readonly pattern?: { readonly path: string; readonly stroke: string };
}

const diagonal = 'M-1 1L1 -1M0 6L6 0M5 7L7 5';
const falling = 'M-1 5L1 7M0 0L6 6M5 -1L7 1';
/** Of text on light ground, and of text that matters less. */
export const ink = '#1F2430';
export const faintInk = '#5B6272';
/** px around the drawing. */
export const MARGIN = 16;

const runningStyles: Readonly<Record<Exclude<SegmentKind, `waiting:${string}`>, SegmentStyle>> = {
  switch: {
    label: 'running: switch',
    short: 'switch',
    fill: '#3D4350',
    height: 18,
    text: '#FFFFFF',
    pattern: { path: 'M3 0V6', stroke: '#9AA1B0' },
  },
  load: {
    label: 'running: loading',
    short: 'load',
    fill: '#CC79A7',
    height: 18,
    text: ink,
    pattern: { path: 'M0 3H6', stroke: '#7A2F58' },
  },
  'repeated-prefill': {
    label: 'running: repeated prefill',
    short: 'again',
    fill: '#D55E00',
    height: 18,
    text: '#FFFFFF',
    pattern: { path: diagonal, stroke: '#FFE0C7' },
  },
  'new-prefill': {
    label: 'running: new prefill',
    short: 'prefill',
    fill: '#7CC7F2',
    height: 18,
    text: ink,
    pattern: { path: 'M3 0V6', stroke: '#2F7FB0' },
  },
  decode: { label: 'running: decode', short: 'decode', fill: '#00639C', height: 18, text: '#FFFFFF' },
  running: {
    label: 'running: cut off',
    short: 'cut off',
    fill: '#AFC3D4',
    height: 18,
    text: ink,
    pattern: { path: `${diagonal}${falling}`, stroke: '#6F8CA3' },
  },
  ready: { label: 'ready', short: '', fill: '#B4BAC6', height: 5, text: ink },
  suspended: {
    label: 'suspended',
    short: 'suspended',
    fill: '#FFFFFF',
    height: 10,
    text: ink,
    pattern: { path: 'M1 5H4', stroke: '#5B6272' },
  },
};

const waitingStyles: Readonly<Record<string, SegmentStyle>> = {
  budget: waiting('budget', '#FBE2A9', '#C98A00', diagonal),
  memory: waiting('memory', '#F7CFB3', '#B24E00', falling),
  tool: waiting('tool', '#BFE8DA', '#00785A', 'M2 2H4M5 5H6M0 5H1'),
  person: waiting('person', '#F3D3E3', '#A04A78', 'M3 0V6'),
  message: waiting('message', '#F4EFA6', '#877D00', 'M0 3H6'),
  child: waiting('child', '#DCE6B4', '#61752A', 'M0 4L3 1L6 4'),
  storage: waiting('storage', '#D3E9F7', '#2A6F9B', 'M0 1H6M0 4H6'),
  timer: waiting('timer', '#E6E6E6', '#606060', 'M2 3H4'),
  lock: waiting('lock', '#E3D8F0', '#65468C', 'M0 3H6M3 0V6'),
};

/** Reasons are an open union: one that is not in the table looks like the others, with its own name. */
export function segmentStyle(kind: SegmentKind): SegmentStyle {
  if (!isWaiting(kind)) return runningStyles[kind];
  const reason = kind.slice('waiting:'.length);
  return Object.hasOwn(waitingStyles, reason)
    ? waitingStyles[reason]!
    : waiting(reason, '#ECECEC', '#7A7A7A', `${diagonal}${falling}`);
}

/** The order of the legend; reasons outside the table come last. */
export function segmentOrder(kind: SegmentKind): number {
  const known: readonly string[] = [
    ...Object.keys(runningStyles),
    ...Object.keys(waitingStyles).map((reason) => `waiting:${reason}`),
  ];
  const index = known.indexOf(kind);
  return index === -1 ? known.length : index;
}

/** The definitions that patternFill refers to. */
export function patterns(kinds: ReadonlySet<SegmentKind>): string {
  const drawn = [...kinds]
    .sort((a, b) => segmentOrder(a) - segmentOrder(b))
    .map((kind) => {
      const { fill, pattern } = segmentStyle(kind);
      if (pattern === undefined) return '';
      const ground = element('rect', { width: 6, height: 6, fill });
      const lines = element('path', { d: pattern.path, stroke: pattern.stroke, fill: 'none' });
      return element(
        'pattern',
        { id: patternId(kind), width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
        ground + lines,
      );
    });
  // Reasons without a style of their own share one.
  return [...new Set(drawn)].join('');
}

/** The fill of a kind that has a pattern. */
export function patternFill(kind: SegmentKind): string {
  return `url(#${patternId(kind)})`;
}

/** No reason gets into an id: reasons are an open union. */
function patternId(kind: SegmentKind): string {
  const known = !isWaiting(kind) || Object.hasOwn(waitingStyles, kind.slice('waiting:'.length));
  return `ringzero-${known ? kind.replace(':', '-') : 'waiting-other'}`;
}

function isWaiting(kind: SegmentKind): kind is `waiting:${string}` {
  return kind.startsWith('waiting:');
}

function waiting(reason: string, fill: string, stroke: string, path: string): SegmentStyle {
  return {
    label: `waiting: ${reason}`,
    short: reason,
    fill,
    height: 12,
    text: ink,
    pattern: { path, stroke },
  };
}

export interface MarkStyle {
  readonly label: string;
  /** Outline around (0, 0), within 5 px. */
  readonly path: string;
  readonly fill: string;
  readonly stroke: string;
}

/** In the order of the legend. */
export const markStyles: Readonly<Record<MarkKind, MarkStyle>> = {
  preempted: { label: 'preempted', path: 'M-4.5 -4H4.5L0 4.5Z', fill: '#D55E00', stroke: '#8A3B00' },
  fault: {
    label: 'capacity fault: evicted tokens are needed',
    path: 'M-4.5 4H4.5L0 -4.5Z',
    fill: '#A3195B',
    stroke: '#6B0F3B',
  },
  budget: { label: 'budget wait begins', path: 'M0 -5L5 0L0 5L-5 0Z', fill: '#E69F00', stroke: '#8F6300' },
  saved: { label: 'checkpoint saved', path: 'M-4 -4H4V4H-4Z', fill: '#00785A', stroke: '#00503C' },
  restored: {
    label: 'checkpoint restored',
    path: 'M-4 -4H4V4H-4ZM-1.5 -4V-1.5H1.5V-4',
    fill: '#FFFFFF',
    stroke: '#00503C',
  },
  replayed: {
    label: 'replayed from the start',
    path: 'M4.5 0A4.5 4.5 0 1 1 -4.5 0A4.5 4.5 0 1 1 4.5 0Z',
    fill: '#FFFFFF',
    stroke: '#00503C',
  },
  completed: {
    label: 'completed',
    path: 'M4.5 0A4.5 4.5 0 1 1 -4.5 0A4.5 4.5 0 1 1 4.5 0Z',
    fill: '#1F2430',
    stroke: '#1F2430',
  },
  ended: { label: 'ended otherwise', path: 'M-4 -4L4 4M-4 4L4 -4', fill: 'none', stroke: '#1F2430' },
};
