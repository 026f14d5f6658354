/** The legend of a timeline: only what is drawn, in rows as wide as the drawing. */
import { element, textElement } from './svg.ts';
import { estimatedWidth } from './timeline-marks.ts';
import type { MarkKind, SegmentKind } from './timeline-rows.ts';
import { markStyles, patternFill, segmentOrder, segmentStyle } from './timeline-styles.ts';

export interface LegendContent {
  readonly kinds: ReadonlySet<SegmentKind>;
  readonly marks: ReadonlySet<MarkKind>;
  readonly hasMemory: boolean;
  /** px */
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

const ROW_HEIGHT = 18;
const SWATCH = 16;
const SIZE = 10.5;

export function timelineLegend({ kinds, marks, hasMemory, left, right, top }: LegendContent): {
  readonly svg: string;
  readonly bottom: number;
} {
  const states = [...kinds]
    .sort((a, b) => segmentOrder(a) - segmentOrder(b) || (a < b ? -1 : 1))
    .map(segmentEntry);
  const others = [
    ...(Object.keys(markStyles) as MarkKind[]).filter((kind) => marks.has(kind)).map(markEntry),
    ...(hasMemory ? memoryEntries : []),
  ];
  let x = left;
  let y = top + ROW_HEIGHT / 2;
  const drawn: string[] = [];
  for (const entry of [...states, ...others]) {
    const { label, symbol } = entry;
    const width = SWATCH + 6 + estimatedWidth(label, SIZE) + 9;
    // What isn't a state begins a row.
    if (x > left && (x + width > right || entry === others[0])) {
      x = left;
      y += ROW_HEIGHT;
    }
    drawn.push(
      element(
        'g',
        { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
        symbol + textElement(SWATCH + 5, 3.5, label, { 'font-size': SIZE }),
      ),
    );
    x += width;
  }
  if (drawn.length === 0) return { svg: '', bottom: top };
  return { svg: element('g', { 'data-legend': '' }, `\n${drawn.join('\n')}\n`), bottom: y + ROW_HEIGHT / 2 };
}

/** `symbol` stands around y = 0, from x = 0 to SWATCH. */
interface Entry {
  readonly label: string;
  readonly symbol: string;
}

function segmentEntry(kind: SegmentKind): Entry {
  const { label, fill, height, pattern } = segmentStyle(kind);
  const shown = Math.min(height, 13);
  const box = { x: 0, y: -shown / 2, width: SWATCH, height: shown };
  return {
    label,
    symbol: element('rect', { ...box, fill: pattern === undefined ? fill : patternFill(kind) }),
  };
}

function markEntry(kind: MarkKind): Entry {
  const { label, path, fill, stroke } = markStyles[kind];
  return {
    label,
    symbol: element('path', {
      d: path,
      transform: `translate(${SWATCH / 2} 0)`,
      fill,
      stroke,
      'stroke-width': 1.2,
    }),
  };
}

const memoryEntries: readonly Entry[] = [
  {
    label: 'tokens resident',
    symbol: element('rect', { x: 0, y: -5, width: SWATCH, height: 10, fill: '#8E74B2' }),
  },
  {
    label: 'room kept for answers',
    symbol: element('rect', {
      x: 0.5,
      y: -5,
      width: SWATCH - 1,
      height: 10,
      fill: '#E3D8F0',
      stroke: '#65468C',
      'stroke-width': 0.8,
      'stroke-dasharray': '2 2',
    }),
  },
  {
    label: 'eviction',
    symbol: element('path', { d: `M${SWATCH / 2} -5V5`, stroke: '#1F2430', 'stroke-width': 1.4 }),
  },
];
