/** The marks of one row: those that would hide each other become one with a count, labels go to the first lane with room. */
import { element, escapeXml, textElement } from './svg.ts';
import { textWidth } from './text-width.ts';
import type { Mark } from './timeline-rows.ts';
import { markStyles } from './timeline-styles.ts';

/** px: of a lane, and the largest number of lanes. */
export const LANE_HEIGHT = 14;
const MOST_LANES = 3;
/** px that a symbol takes from its middle; nearer symbols of one kind are drawn as one. */
const RADIUS = 6;
const LABEL_SIZE = 10.5;

export interface PlacedMarks {
  readonly lanes: number;
  readonly pins: readonly Pin[];
}

interface Pin {
  readonly x: number;
  /** From the bar upwards. */
  readonly lane: number;
  readonly marks: readonly Mark[];
  /** '' where no lane has room for it: the symbol says enough. */
  readonly label: string;
  readonly side: 'left' | 'right';
}

/** Where labels may stand, px: up to `right`, and not across a break if they can stand before it. */
export interface LabelSpace {
  readonly right: number;
  readonly breaks: readonly { readonly left: number; readonly right: number }[];
}

/** `x`: where a time stands. */
export function placeMarks(
  marks: readonly Mark[],
  x: (us: number) => number,
  space: LabelSpace,
): PlacedMarks {
  const taken: [from: number, to: number][][] = [];
  // From the right to the left: the stem of a mark in an upper lane then passes before the labels below it, not through them.
  const groups = joined(marks, x).sort((a, b) => b[0]!.atUs - a[0]!.atUs);
  const pins = groups.map((group): Pin => {
    const at = x(group[0]!.atUs);
    const label = group.length === 1 ? group[0]!.label : `${group[0]!.label} ×${group.length}`;
    const width = estimatedWidth(label, LABEL_SIZE);
    const side = labelSide(at, RADIUS + 2 + width, space);
    const labelled =
      side === 'left'
        ? ([at - RADIUS - 2 - width, at + RADIUS] as const)
        : ([at - RADIUS, at + RADIUS + 4 + width] as const);
    let lane = freeLane(taken, labelled);
    if (lane !== undefined) return { x: at, lane, marks: group, label, side };
    // A symbol stands in any case, if need be on another one.
    lane = freeLane(taken, [at - RADIUS, at + RADIUS]) ?? MOST_LANES - 1;
    return { x: at, lane, marks: group, label: '', side };
  });
  return { lanes: taken.length, pins: pins.reverse() };
}

/** `describe`: the tooltip. */
export function drawMarks(
  { pins }: PlacedMarks,
  barTop: number,
  describe: (marks: readonly Mark[]) => string,
): string[] {
  return pins.map(({ x, lane, marks, label, side }) => {
    const y = barTop - 8 - lane * LANE_HEIGHT;
    const { path, fill, stroke } = markStyles[marks[0]!.kind];
    const text = textElement(side === 'right' ? x + RADIUS + 2 : x - RADIUS - 2, y + 3.5, label, {
      'font-size': LABEL_SIZE,
      ...(side === 'left' ? { 'text-anchor': 'end' } : {}),
    });
    return element(
      'g',
      { 'data-mark': marks[0]!.kind },
      [
        element('title', {}, escapeXml(describe(marks))),
        element('path', {
          d: `M${x.toFixed(1)} ${y.toFixed(1)}V${barTop.toFixed(1)}`,
          stroke,
          'stroke-width': 1,
        }),
        element('path', {
          d: path,
          transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
          fill,
          stroke,
          'stroke-width': 1.2,
        }),
        label === '' ? '' : text,
      ].join(''),
    );
  });
}

/** px that a text takes at most in a common sans-serif font; there is no font to ask. */
export function estimatedWidth(text: string, size: number): number {
  return textWidth(text) * size * 0.56;
}

/** Marks of one kind that stand nearer than a symbol is wide, as one group each, in the order of time. */
function joined(marks: readonly Mark[], x: (us: number) => number): Mark[][] {
  const groups: Mark[][] = [];
  const latest = new Map<string, Mark[]>();
  for (const mark of marks) {
    const group = latest.get(mark.label);
    if (group !== undefined && x(mark.atUs) - x(group[0]!.atUs) < 2 * RADIUS) {
      group.push(mark);
      continue;
    }
    const started = [mark];
    latest.set(mark.label, started);
    groups.push(started);
  }
  return groups;
}

/** To the right of the symbol, where it doesn't run off the drawing or into a break that is not also on the left. */
function labelSide(at: number, reach: number, { right, breaks }: LabelSpace): 'left' | 'right' {
  if (at + reach > right) return 'left';
  const isCrossed = (from: number, to: number): boolean =>
    breaks.some((part) => from < part.right && to > part.left);
  return isCrossed(at, at + reach) && !isCrossed(at - reach, at - RADIUS) ? 'left' : 'right';
}

/** Takes the range in the lowest lane where nothing stands. */
function freeLane(
  taken: [from: number, to: number][][],
  [from, to]: readonly [from: number, to: number],
): number | undefined {
  for (let lane = 0; lane < MOST_LANES; lane++) {
    const ranges = (taken[lane] ??= []);
    if (ranges.some((range) => from < range[1] && to > range[0])) continue;
    ranges.push([from, to]);
    return lane;
  }
  return undefined;
}
