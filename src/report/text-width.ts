/**
 * How many columns of a terminal a text takes, and how to cut it there. By code point: East Asian wide characters and emoji take two,
 * marks that join the character before take none. Enough for names and messages; not a full Unicode segmentation.
 */

/** Replaces what would move the cursor, change colours or turn the direction of a terminal: names come from outside. */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => (/[\t\n\r]/.test(character) ? ' ' : '\u{FFFD}'));
}

// Controls (C0, DEL, C1) and the directional formatting characters.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** Columns of a printable text. */
export function textWidth(text: string): number {
  let width = 0;
  for (const [, columns] of widths(text)) width += columns;
  return width;
}

/** The longest beginning of `text` that fits into `width` columns with `…` at its end; the text itself when it fits. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return '';
  let used = 0;
  let kept = '';
  for (const [character, columns] of widths(text)) {
    used += columns;
    if (used > width) return `${kept}…`;
    // What uses the last column is kept only if it ends the text.
    if (used < width) kept += character;
  }
  return text;
}

/** The same, but with its last word kept where there is room for it: names often differ in that alone. */
export function truncateName(name: string, width: number): string {
  const [last] = /\S+$/.exec(name) ?? [''];
  const room = width - textWidth(last);
  return textWidth(name) <= width || last === name || room < 3
    ? truncate(name, width)
    : truncate(name.slice(0, name.length - last.length), room) + last;
}

/** The words of `text` in lines of at most `width` columns, all but the first behind `indent`. A longer word stays whole, on a line of its own. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : indent + word);
  }
  return lines;
}

/** Fills with spaces to `width` columns, cutting what is too long. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = truncate(text, width);
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return align === 'left' ? cut + space : space + cut;
}

/** Each code point with the columns that it adds. What follows a zero-width joiner melts into the picture before it. */
function* widths(text: string): Generator<readonly [character: string, columns: number]> {
  let isJoined = false;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    yield [character, isJoined ? 0 : widthOf(code)];
    isJoined = code === ZERO_WIDTH_JOINER;
  }
}

const ZERO_WIDTH_JOINER = 0x200d;

function widthOf(code: number): 0 | 1 | 2 {
  if (code < 0x300) return 1;
  if (isIn(code, zeroWidth)) return 0;
  return isIn(code, doubleWidth) ? 2 : 1;
}

/** Ranges ascend, ends included. */
type Ranges = readonly (readonly [from: number, to: number])[];

function isIn(code: number, ranges: Ranges): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle]!;
    if (code < from) high = middle;
    else if (code > to) low = middle + 1;
    else return true;
  }
  return false;
}

/** Combining marks of the common scripts, joiners, variation selectors, skin tones. */
const zeroWidth: Ranges = [
  [0x0300, 0x036f],
  [0x0483, 0x0489],
  [0x0591, 0x05bd],
  [0x05bf, 0x05c7],
  [0x0610, 0x061a],
  [0x064b, 0x065f],
  [0x0670, 0x0670],
  [0x06d6, 0x06dc],
  [0x06df, 0x06e4],
  [0x0900, 0x0902],
  [0x093c, 0x093c],
  [0x0941, 0x0948],
  [0x094d, 0x094d],
  [0x0e31, 0x0e31],
  [0x0e34, 0x0e3a],
  [0x0e47, 0x0e4e],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x200b, 0x200d],
  [0x2060, 0x2064],
  [0x20d0, 0x20ff],
  [0x302a, 0x302d],
  [0x3099, 0x309a],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
  [0xfeff, 0xfeff],
  [0x1f3fb, 0x1f3ff],
  [0xe0100, 0xe01ef],
];

/** Hangul, CJK, kana, fullwidth forms, and the emoji that terminals draw wide. */
const doubleWidth: Ranges = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x23f0, 0x23f0],
  [0x23f3, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x267f, 0x267f],
  [0x2693, 0x2693],
  [0x26a1, 0x26a1],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x26c4, 0x26c5],
  [0x26ce, 0x26ce],
  [0x26d4, 0x26d4],
  [0x26ea, 0x26ea],
  [0x26f2, 0x26f3],
  [0x26f5, 0x26f5],
  [0x26fa, 0x26fa],
  [0x26fd, 0x26fd],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x274e, 0x274e],
  [0x2753, 0x2755],
  [0x2757, 0x2757],
  [0x2795, 0x2797],
  [0x27b0, 0x27b0],
  [0x27bf, 0x27bf],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2b55, 0x2b55],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f18e],
  [0x1f191, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f335],
  [0x1f337, 0x1f37c],
  [0x1f37e, 0x1f393],
  [0x1f3a0, 0x1f3ca],
  [0x1f3cf, 0x1f3d3],
  [0x1f3e0, 0x1f3f0],
  [0x1f3f4, 0x1f3f4],
  [0x1f3f8, 0x1f43e],
  [0x1f440, 0x1f440],
  [0x1f442, 0x1f4fc],
  [0x1f4ff, 0x1f53d],
  [0x1f54b, 0x1f54e],
  [0x1f550, 0x1f567],
  [0x1f57a, 0x1f57a],
  [0x1f595, 0x1f596],
  [0x1f5a4, 0x1f5a4],
  [0x1f5fb, 0x1f64f],
  [0x1f680, 0x1f6c5],
  [0x1f6cc, 0x1f6cc],
  [0x1f6d0, 0x1f6d2],
  [0x1f6d5, 0x1f6df],
  [0x1f6eb, 0x1f6ec],
  [0x1f6f4, 0x1f6fc],
  [0x1f7e0, 0x1f7eb],
  [0x1f90c, 0x1f93a],
  [0x1f93c, 0x1f945],
  [0x1f947, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];
