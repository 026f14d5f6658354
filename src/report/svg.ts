/** The little of SVG that drawings need: elements, escaped text, short numbers. */
import { printable } from './text-width.ts';

export type Attributes = Readonly<Record<string, string | number>>;

/** `<name a="1">content</name>`; `content` is markup. Numbers are rounded to a tenth of a px. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? px(value) : escapeXml(value)}"`,
  );
  const opening = `<${name}${written.join('')}`;
  return content === '' ? `${opening}/>` : `${opening}>${content}</${name}>`;
}

/** A line of text at its baseline; `text` is plain. */
export function textElement(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(text));
}

export function lineElement(x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string {
  return element('line', { x1, y1, x2, y2, ...attributes });
}

/** Only + - * / and rounding: the same digits in every engine. */
export function px(value: number): string {
  const tenths = Math.round(value * 10);
  return String(tenths === 0 ? 0 : tenths / 10);
}

/** Plain text as content or as the value of an attribute: names come from outside. What XML can't hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return printable(text)
    .replace(
      /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uFFFE\uFFFF]/g,
      '\u{FFFD}',
    )
    .replace(/[&<>"']/g, (character) => entities[character]!);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
