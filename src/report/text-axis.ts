/** The horizontal axis of a chart in a terminal: a line with its ticks, and their labels. */
import type { ChartScale } from './chart-scale.ts';

export function axisLine(scale: ChartScale, columns: number): string {
  const line = Array.from({ length: columns }, () => '─');
  for (const { value } of scale.ticks) line[columnOf(scale, value, columns)] = '┬';
  return line.join('');
}

/** Each under its tick, the first and the last moved inside; one that would touch the label before it is left out. */
export function axisLabels(scale: ChartScale, columns: number): string {
  let line = '';
  for (const { value, label } of scale.ticks) {
    if (label === '') continue;
    const middle = columnOf(scale, value, columns) - (label.length >> 1);
    const start = Math.max(0, Math.min(columns - label.length, middle));
    if (line === '' || start > line.length) line = line.padEnd(start) + label;
  }
  return line;
}

/** The character that a value stands in. */
export function columnOf(scale: ChartScale, value: number, columns: number): number {
  return Math.round(scale.at(value) * (columns * 2 - 1)) >> 1;
}
