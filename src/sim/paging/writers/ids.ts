/** One page id a line. Sizes and times are not written. */
import type { ReferenceTrace } from '../reference-trace.ts';
import { AsciiWriter } from './ascii-writer.ts';

export function* writeIds({ ids }: ReferenceTrace): Generator<Uint8Array> {
  const writer = new AsciiWriter();
  for (let index = 0; index < ids.length; index++) {
    writer.integer(ids[index]!);
    writer.text('\n');
    if (writer.isFull) yield writer.take();
  }
  yield writer.take();
}
