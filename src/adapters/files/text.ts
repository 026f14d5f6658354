/** Bytes in chunks to text: UTF-8 characters and line ends may lie across the chunks. */
import { fileError, readableText } from './file-error.ts';

/** The lines without their ends. A line is at most `maxChars` long. */
export async function* decodedLines(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxChars: number,
): AsyncGenerator<string> {
  let unfinished = '';
  let lineCount = 0;
  for await (const text of decoded(path, chunks)) {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = unfinished + text.slice(start, end);
      if (line.length > maxChars) throw tooLong(path, lineCount + 1, maxChars);
      yield withoutReturn(line);
      unfinished = '';
      lineCount++;
      start = end + 1;
    }
    unfinished += text.slice(start);
    if (unfinished.length > maxChars) throw tooLong(path, lineCount + 1, maxChars);
  }
  if (unfinished !== '') yield withoutReturn(unfinished);
}

/** The whole text, at most `maxChars` long. */
export async function decodedText(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxChars: number,
): Promise<string> {
  const parts: string[] = [];
  let chars = 0;
  for await (const text of decoded(path, chunks)) {
    chars += text.length;
    if (chars > maxChars) throw textError(path, `is one document of more than ${maxChars} characters`);
    parts.push(text);
  }
  return parts.join('');
}

/** The first `maxChars` characters, or all of a shorter text; no more of the file is read than that needs. */
export async function decodedHead(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxChars: number,
): Promise<string> {
  let head = '';
  for await (const text of decoded(path, chunks)) {
    head += text;
    if (head.length >= maxChars) break;
  }
  return head.slice(0, maxChars);
}

/** Strict: a byte that is not UTF-8 would change the identity of a page without a word. A byte order mark is left out. */
async function* decoded(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw textError(path, 'is not UTF-8 text', cause);
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode(); // a character that the end cut off
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function tooLong(path: string, lineNumber: number, maxChars: number): Error {
  return textError(path, `line ${lineNumber} is longer than ${maxChars} characters`);
}

function textError(path: string, problem: string, cause?: unknown): Error {
  return fileError(path, problem, cause, readableText);
}
