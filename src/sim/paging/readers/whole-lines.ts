/** Bytes in chunks, cut anew where lines end: the readers of text see no line in two parts. */
import { fileError } from '../../workloads/fields.ts';

/** A longer line is no line of a trace. */
const mostLineBytes = 67_108_864;

export const LF = 10;

/**
 * Blocks of whole lines with their ends; the last line of a file may have none. A byte order mark at the start is left out.
 * Throws KernelError INVALID_FILE on a line of more than 64 MiB.
 */
export async function* wholeLines(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let isStart = true;
  let unfinished: Uint8Array[] = [];
  let unfinishedBytes = 0;
  let bytesBefore = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LF) + 1;
    if (end > 0) {
      // The line that began in an earlier chunk goes ahead, alone: the rest need not be copied.
      const start = unfinishedBytes > 0 ? chunk.indexOf(LF) + 1 : 0;
      if (start > 0) {
        yield withoutMark(joined([...unfinished, chunk.subarray(0, start)]), isStart);
        isStart = false;
      }
      if (end > start) {
        yield withoutMark(chunk.subarray(start, end), isStart);
        isStart = false;
      }
      unfinished = [];
      unfinishedBytes = 0;
    }
    if (end < chunk.length) {
      unfinished.push(new Uint8Array(chunk.subarray(end))); // a copy: the chunk may be overwritten
      unfinishedBytes += chunk.length - end;
    }
    bytesBefore += chunk.length;
    if (unfinishedBytes > mostLineBytes) {
      const at = `byte ${bytesBefore - unfinishedBytes}`;
      throw fileError({ file, at }, `a line longer than ${mostLineBytes} bytes`);
    }
  }
  if (unfinishedBytes > 0) yield withoutMark(joined(unfinished), isStart);
}

function withoutMark(bytes: Uint8Array, isStart: boolean): Uint8Array {
  const isMarked = isStart && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return isMarked ? bytes.subarray(3) : bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The end of the line that begins at `start`, without LF, CR and blanks; `next` is where the next line begins. */
export function lineAt(bytes: Uint8Array, start: number): { readonly end: number; readonly next: number } {
  const found = bytes.indexOf(LF, start);
  const lineEnd = found === -1 ? bytes.length : found;
  let end = lineEnd;
  while (end > start && isBlank(bytes[end - 1]!)) end--;
  return { end, next: lineEnd + 1 };
}

/** Space, tab or CR. */
export function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 13;
}

/** For messages and names: a byte above 127 becomes a character of its own. At most 4,096 characters. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 4_096)));
}
