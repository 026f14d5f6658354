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

export interface DrawingFrame {
  /** px */
  readonly width: number;
  readonly height: number;
  /** For readers who don't see the drawing: its name, and what it says. */
  readonly title: string;
  readonly description: string;
  /** Of text that names no other. */
  readonly ink: string;
}

/** A whole file: the parts on a light ground of their own, in the fonts of the system. Without scripts and anything from outside. */
export function svgDocument(
  { width, height, title, description, ink }: DrawingFrame,
  [definitions, ...parts]: readonly [definitions: string, ...parts: string[]],
): string {
  const ground = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6, fill: '#FFFFFF' };
  const all = [
    element('title', {}, escapeXml(title)),
    element('desc', {}, escapeXml(description)),
    element('defs', {}, definitions),
    element('rect', { ...ground, stroke: '#C9CED8' }),
    ...parts,
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
  return `${element('svg', attributes, `\n${all.filter((part) => part !== '').join('\n')}\n`)}\n`;
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
