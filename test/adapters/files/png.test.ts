import { expect, test } from 'vitest';

import { pngOf } from '../../../src/adapters/files/png.ts';

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20" fill="#123456"/></svg>';
/** Width and height stand in the first chunk. */
const sizeOf = (png: Uint8Array): [number, number] => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return [view.getUint32(16), view.getUint32(20)];
};

test('a PNG of twice the size, or of the scale that is asked for', async () => {
  const same = (drawing: string): string => drawing;
  const png = await pngOf(svg, { withoutFonts: same });
  expect([...png.subarray(1, 4)].map((code) => String.fromCharCode(code)).join('')).toBe('PNG');
  expect(sizeOf(png)).toEqual([60, 40]);
  expect(sizeOf(await pngOf(svg, { scale: 1, withoutFonts: same }))).toEqual([30, 20]);
});
