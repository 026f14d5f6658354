/** Context memory in a timeline: how full it was, with its capacity and its evictions. */
import { formatCount } from './format.ts';
import { element, escapeXml, lineElement, px, textElement, type Attributes } from './svg.ts';
import { truncate } from './text-width.ts';
import type { Frame } from './timeline-axis.ts';
import type { MemoryRow } from './timeline-rows.ts';
import { faintInk, ink, MARGIN } from './timeline-styles.ts';

export interface EngineLabel {
  readonly name: string;
  readonly memoryTokens: number;
}

/** px: of a strip with its ticks and its distance to the next, and of its capacity. */
export const MEMORY_ROW_HEIGHT = 94;
const MEMORY_HEIGHT = 56;

/** `capacity` in tokens; undefined where nobody has told it, or there is no end to it. */
export interface MemoryLabel {
  readonly name: string;
  readonly capacity: number | undefined;
}

export function memoryLabel({ engine }: MemoryRow, of: number, engines: readonly EngineLabel[]): MemoryLabel {
  const known = engines[engine];
  return {
    name: of === 1 ? 'context memory' : `memory of ${known?.name ?? `engine ${engine}`}`,
    capacity: known?.memoryTokens === Infinity ? undefined : known?.memoryTokens,
  };
}

/** Tokens resident as an area, room for answers stacked on it, capacity as a line, evictions as ticks below. */
export function memoryStrip(
  memory: MemoryRow,
  rowTop: number,
  { axis, left, right }: Frame,
  { name, capacity }: MemoryLabel,
): string {
  const top = rowTop + 16;
  const base = top + MEMORY_HEIGHT;
  const most = memory.levels.reduce(
    (peak, { resident, room }) => Math.max(peak, resident + room),
    capacity ?? 1,
  );
  const yOf = (tokens: number): number => base - (tokens / most) * MEMORY_HEIGHT;
  const area = (level: (index: number) => number, attributes: Attributes): string => {
    let d = `M${px(axis.x(memory.levels[0]!.atUs))} ${px(base)}`;
    for (const [index, { atUs }] of memory.levels.entries())
      d += `H${px(axis.x(atUs))}V${px(yOf(level(index)))}`;
    return element('path', { d: `${d}H${px(right)}V${px(base)}Z`, ...attributes });
  };
  const ticks = new Set(memory.evictionsUs.map((us) => px(axis.x(us))));
  const { evictedPages, evictedTokens } = memory;
  return element(
    'g',
    { 'data-memory': memory.engine },
    [
      '',
      textElement(MARGIN, top + 18, truncate(name, 20), { 'font-weight': 600, 'font-size': 12 }),
      textElement(MARGIN, top + 32, 'tokens', { fill: faintInk }),
      textElement(MARGIN, base + 9, `${formatCount(evictedPages)} pages evicted`, { fill: faintInk }),
      element(
        'title',
        {},
        escapeXml(
          `${name}: ${formatCount(evictedPages)} pages evicted, ${formatCount(evictedTokens)} tokens`,
        ),
      ),
      area((index) => memory.levels[index]!.resident + memory.levels[index]!.room, {
        fill: '#E3D8F0',
        stroke: '#65468C',
        'stroke-width': 0.8,
        'stroke-dasharray': '2 2',
      }),
      area((index) => memory.levels[index]!.resident, {
        fill: '#8E74B2',
        stroke: '#65468C',
        'stroke-width': 1,
      }),
      lineElement(left, base, right, base, { stroke: '#8A91A0' }),
      ...(capacity === undefined
        ? []
        : [
            lineElement(left, yOf(capacity), right, yOf(capacity), {
              stroke: ink,
              'stroke-dasharray': '6 3',
            }),
          ]),
      textElement(left - 4, yOf(capacity ?? most) + 4, formatCount(capacity ?? most), {
        'text-anchor': 'end',
        'font-size': 10,
      }),
      textElement(left - 4, base + 1, '0', { 'text-anchor': 'end', 'font-size': 10 }),
      ...[...ticks].map((x) =>
        element('path', { d: `M${x} ${px(base + 3)}V${px(base + 12)}`, stroke: ink, 'stroke-width': 1.4 }),
      ),
      '',
    ].join('\n'),
  );
}
