/**
 * How the series of a chart are told apart: by colour (hues after M. Okabe and K. Ito, "Color Universal Design", 2008, without those too faint for a thin line), by
 * marker, and after seven by dashes.
 */
import { element, px, type Attributes } from './svg.ts';
import { ink } from './timeline-styles.ts';

export interface SeriesStyle {
  readonly colour: string;
  /** '' for a full line. */
  readonly dashes: string;
  /** px */
  readonly lineWidth: number;
  /** Outline around (0, 0), within 4 px; '' for none. */
  readonly marker: string;
}

/** What bounds the others from below. */
export const boundStyle: SeriesStyle = { colour: ink, dashes: '', lineWidth: 1.4, marker: '' };
export const BOUND_GROUND = '#E9ECF2';

const colours = ['#0072B2', '#D55E00', '#007A5A', '#C0568F', '#B07800', '#3D9BD1', '#6B4FA3'];
const dashes = ['', '7 3', '2 2.5', '9 3 2 3'];
const markers = [
  'M3.4 0A3.4 3.4 0 1 1 -3.4 0A3.4 3.4 0 1 1 3.4 0Z',
  'M-3 -3H3V3H-3Z',
  'M0 -4L3.8 3H-3.8Z',
  'M0 -4.2L4.2 0L0 4.2L-4.2 0Z',
  'M0 4L3.8 -3H-3.8Z',
  'M-1.3 -4H1.3V-1.3H4V1.3H1.3V4H-1.3V1.3H-4V-1.3H-1.3Z',
  'M0 -4.2L4 -1.3L2.5 3.4H-2.5L-4 -1.3Z',
];

/** `index` counts from 0; from 28 on styles come again. */
export function seriesStyle(index: number): SeriesStyle {
  const round = Math.floor(index / colours.length);
  return {
    colour: colours[index % colours.length]!,
    dashes: dashes[round % dashes.length]!,
    lineWidth: 1.8,
    // Another marker for the same colour in the next round.
    marker: markers[(index + round) % markers.length]!,
  };
}

export function strokeOf({ colour, dashes, lineWidth }: SeriesStyle): Attributes {
  return {
    fill: 'none',
    stroke: colour,
    'stroke-width': lineWidth,
    'stroke-linejoin': 'round',
    ...(dashes === '' ? {} : { 'stroke-dasharray': dashes }),
  };
}

/** `content` is markup, such as a title. */
export function markerAt(x: number, y: number, { colour, marker }: SeriesStyle, content = ''): string {
  if (marker === '') return '';
  const place = { transform: `translate(${px(x)} ${px(y)})`, fill: colour, stroke: '#FFFFFF' };
  return element('path', { d: marker, ...place, 'stroke-width': 0.7 }, content);
}
