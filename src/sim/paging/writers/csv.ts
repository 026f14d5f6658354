/** A header and one reference a line: time in seconds with as many decimals as it needs, id, size; columns that the trace doesn't have are left out. */
import type { ReferenceTrace } from '../reference-trace.ts';
import { AsciiWriter } from './ascii-writer.ts';

export function* writeCsv({ ids, sizes, timesUs }: ReferenceTrace): Generator<Uint8Array> {
  const writer = new AsciiWriter();
  writer.text(`${timesUs === undefined ? '' : 'time,'}id${sizes === undefined ? '' : ',size'}\n`);
  for (let index = 0; index < ids.length; index++) {
    if (timesUs !== undefined) {
      seconds(writer, timesUs[index]!);
      writer.text(',');
    }
    writer.integer(ids[index]!);
    if (sizes !== undefined) {
      writer.text(',');
      writer.integer(sizes[index]!);
    }
    writer.text('\n');
    if (writer.isFull) yield writer.take();
  }
  yield writer.take();
}

function seconds(writer: AsciiWriter, timeUs: number): void {
  const whole = Math.floor(timeUs / 1_000_000);
  let fraction = timeUs - whole * 1_000_000;
  writer.integer(whole);
  if (fraction === 0) return;
  let digits = 6;
  while (fraction % 10 === 0) {
    fraction /= 10;
    digits--;
  }
  writer.text('.');
  writer.integer(fraction, digits);
}
