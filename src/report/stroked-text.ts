/** A drawing of ours with its text as lines: the same picture on machines without fonts. Reads only what svg.ts writes. */
import { strokedPath, strokedWidth } from './stroke-font.ts';
import { element } from './svg.ts';
import { ink } from './timeline-styles.ts';

/** px, where a text names none: as in the frame of our drawings. */
const DEFAULT_SIZE = 11;

export function withStrokedText(svg: string): string {
  return svg.replace(
    /<text((?: [\w-]+="[^"]*")*)>([^<]*)<\/text>/g,
    (_, written: string, content: string) => {
      const attributes = new Map(
        [...written.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
      );
      const text = content.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]!);
      const size = Number(attributes.get('font-size') ?? DEFAULT_SIZE);
      const anchor = attributes.get('text-anchor');
      const share = anchor === 'end' ? 1 : anchor === 'middle' ? 0.5 : 0;
      const x = Number(attributes.get('x')) - share * strokedWidth(text, size);
      const transform = attributes.get('transform');
      return element('path', {
        d: strokedPath(text, x, Number(attributes.get('y')), size),
        ...(transform === undefined ? {} : { transform }),
        fill: 'none',
        stroke: attributes.get('fill') ?? ink,
        'stroke-width': attributes.has('font-weight') ? 1.7 : 1.1,
        'stroke-linecap': 'round',
        'stroke-linejoin': 'round',
      });
    },
  );
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
