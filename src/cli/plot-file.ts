/** `--plot FILE`: a drawing as SVG, or as PNG made from it. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';

import { pngOf } from '../adapters/files/png.ts';
import { invalid, messageOf } from '../kernel/errors.ts';
import { withStrokedText } from '../report/stroked-text.ts';

/** Throws KernelError INVALID_ARGUMENT. */
export function checkPlotName(path: string): void {
  if (!/^\.(svg|png)$/i.test(extname(path)))
    throw invalid('--plot', path, 'a file name that ends in .svg or .png');
}

export async function writePlot(path: string, svg: string): Promise<void> {
  const isPng = /\.png$/i.test(path);
  const content = isPng ? await pngOf(svg, { withoutFonts: withStrokedText }) : svg;
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw invalid('--plot', path, `a file that can be written (${messageOf(error)})`);
  }
}
