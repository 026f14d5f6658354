/** PNG images from SVG drawings, on white ground. What draws them is loaded when it is needed. */
import type * as Renderer from '@resvg/resvg-js';

import { KernelError, messageOf } from '../../kernel/errors.ts';

export interface PngOptions {
  /** Pixels for each px of the drawing; default 2, so that lines are fine on paper, too. */
  readonly scale?: number;
  /**
   * Makes another drawing of it in which text is lines, for machines without fonts: containers often have none, and text would be
   * missing. The first drawing is used where there are fonts.
   */
  readonly withoutFonts: (svg: string) => string;
}

/** Throws KernelError INVALID_ARGUMENT where the renderer has no binary for this machine. */
export async function pngOf(svg: string, { scale = 2, withoutFonts }: PngOptions): Promise<Uint8Array> {
  const { Resvg } = await renderer();
  const drawing = hasFonts(Resvg) ? svg : withoutFonts(svg);
  return new Resvg(drawing, { background: 'white', fitTo: { mode: 'zoom', value: scale } }).render().asPng();
}

async function renderer(): Promise<typeof Renderer> {
  try {
    return await import('@resvg/resvg-js');
  } catch (cause) {
    throw new KernelError(
      'INVALID_ARGUMENT',
      `PNG images cannot be drawn on this machine (${messageOf(cause)}); allowed: an SVG file`,
      { cause },
    );
  }
}

/** Whether a letter leaves a trace. */
function hasFonts(Resvg: typeof Renderer.Resvg): boolean {
  const letter =
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text x="2" y="16">M</text></svg>';
  return new Resvg(letter).getBBox() !== undefined;
}
