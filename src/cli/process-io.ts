/** The Io of a real process. */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import { isatty } from 'node:tty';

import type { Io, Person } from './command.ts';

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
    write(text) {
      clear();
      stdout.write(text);
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
    // Some terminals say that they have none.
    columns: (isOutTerminal && stdout.columns) || 80,
    environment: env,
    folder: process.cwd(),
    person: processPerson(isErrTerminal),
  };
}

/** An account may have none, as in a container. */
function accountName(): Pick<Person, 'name'> {
  try {
    return { name: userInfo().username };
  } catch {
    return {};
  }
}

function processPerson(isErrTerminal: boolean): Person {
  const { stdin } = process;
  return {
    isThere: isErrTerminal && isatty(0),
    ...accountName(),
    onLine(listener) {
      // The terminal itself echoes and edits the line.
      const lines = createInterface({ input: stdin, terminal: false });
      lines.on('line', listener);
      lines.on('close', () => listener(undefined));
      return () => {
        lines.removeAllListeners();
        lines.close();
        stdin.pause();
        stdin.unref?.();
      };
    },
    onInterrupt(listener) {
      // The last one: the terminal is gone.
      const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
  };
}

/** To the start of the line, and delete to its end. */
const clearLine = '\r\x1b[K';
