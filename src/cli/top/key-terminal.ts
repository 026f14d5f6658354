/** The terminal of this process, key by key. */
import { emitKeypressEvents } from 'node:readline';
import type { ReadStream } from 'node:tty';

import type { KeyTerminal } from './top-loop.ts';

const names: Readonly<Record<string, string>> = {
  up: 'up',
  down: 'down',
  pageup: 'page-up',
  pagedown: 'page-down',
  home: 'home',
  end: 'end',
  return: 'enter',
  enter: 'enter',
  escape: 'escape',
  backspace: 'backspace',
};

export function keyTerminal(): KeyTerminal {
  const { stdin, stdout } = process;
  return {
    get columns() {
      return stdout.columns || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    write: (text) => void stdout.write(text),
    onKey(listener) {
      const input = stdin as ReadStream;
      emitKeypressEvents(input);
      const told = (
        text: string | undefined,
        { name = '', ctrl }: { readonly name?: string; readonly ctrl: boolean },
      ): void => {
        if (ctrl) return name === 'c' ? listener('ctrl-c') : undefined;
        const key = Object.hasOwn(names, name) ? names[name]! : text;
        if (key !== undefined) listener(key);
      };
      input.setRawMode(true);
      input.on('keypress', told);
      input.resume();
      return () => {
        input.off('keypress', told);
        input.setRawMode(false);
        input.pause();
      };
    },
    onResize(listener) {
      stdout.on('resize', listener);
      return () => stdout.off('resize', listener);
    },
  };
}
