/** The Io of a real process. */
import { isatty } from 'node:tty';

import type { Io } from './command.ts';

export function processIo(): Io {
  const { stdout, stderr, env } = process;
  const isOutTerminal = isatty(stdout.fd);
  const isErrTerminal = isatty(stderr.fd);
  let isLineShown = false;
  /** What is printed must not land in the middle of the passing line. */
  const clear = (): void => {
    if (isLineShown) stderr.write(clearLine);
    isLineShown = false;
  };
  return {
    out(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    err(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!isErrTerminal) return;
      clear();
      if (text === '') return;
      stderr.write(`${clearLine}${text.slice(0, stderr.columns - 1)}`);
      isLineShown = true;
    },
    isTerminal: isOutTerminal,
    colours: isOutTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    columns: isOutTerminal ? stdout.columns : 80,
  };
}

/** To the start of the line, and delete to its end. */
const clearLine = '\r\x1b[K';
