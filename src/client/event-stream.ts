/** An event stream (the HTML standard's server-sent events) as it comes in over fetch. */
import { utf8Text } from '../base/utf8.ts';
import type { FetchReader } from './transport.ts';

export interface ServerEvent {
  /** The last that the stream named; '': none. */
  readonly id: string;
  /** `message` where the stream names none. */
  readonly type: string;
  readonly data: string;
}

/** The events of one answer, until it ends or breaks off; a break rejects. */
export async function* eventsOf(reader: FetchReader): AsyncGenerator<ServerEvent, void> {
  let id = '';
  let type = '';
  let data: string[] = [];
  for await (const line of linesOf(reader)) {
    if (line === '') {
      if (data.length > 0) yield { id, type: type === '' ? 'message' : type, data: data.join('\n') };
      type = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}

const lineFeed = 10;
const carriageReturn = 13;

/** Lines that ended in LF, CR or both; one that the stream ends within is no line. */
async function* linesOf(reader: FetchReader): AsyncGenerator<string, void> {
  let pending: Uint8Array[] = [];
  let afterReturn = false;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const bytes = next.value ?? new Uint8Array();
      let from = 0;
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at];
        const isEnd = byte === lineFeed || byte === carriageReturn;
        const isSecond = byte === lineFeed && afterReturn;
        afterReturn = byte === carriageReturn;
        if (!isEnd) continue;
        if (!isSecond) yield utf8Text(joined([...pending, bytes.subarray(from, at)]));
        pending = [];
        from = at + 1;
      }
      if (from < bytes.length) pending.push(bytes.slice(from));
    }
  } finally {
    // Who stops reading early lets the server know.
    await reader.cancel().catch(() => {});
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
