/** The screen of `ringzero top`: drawn again twice a second and at each key, until somebody leaves. */
import { Chalk } from 'chalk';

import { messageOf } from '../../kernel/errors.ts';
import type { KernelSnapshot } from '../../kernel/snapshot.ts';
import { topProcess, topScreen, type TopPaints } from '../../report/top-screen.ts';
import { fit } from '../../report/text-width.ts';
import type { Io } from '../command.ts';
import { firstState, footerOf, helpLines, press, type TopEffect, type TopState } from './top-keys.ts';
import type { TopSource } from './top-source.ts';

/** A terminal whose keys come one by one. */
export interface KeyTerminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Returns what gives the terminal back. */
  onKey(listener: (key: string) => void): () => void;
  onResize(listener: () => void): () => void;
}

const lookMs = 500;

/** To a screen of its own without a cursor, and back. */
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

export async function topLoop(
  source: TopSource,
  terminal: KeyTerminal,
  io: Io,
  started: TopState = firstState,
): Promise<void> {
  const paints = topPaints(io.colours);
  let state = started;
  let machine: KernelSnapshot | undefined;
  let trouble = '';
  const draw = (): void => {
    if (machine === undefined && trouble === '') return;
    terminal.write(frame(linesOf(machine, source.title, state, trouble, terminal, paints)));
  };
  const tell = async ({ pid, signal }: NonNullable<TopEffect['signal']>): Promise<void> => {
    state = { ...state, note: await source.signal(pid, signal) };
    draw();
  };
  terminal.write(enter);
  let end: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    end = resolve;
  });
  const endKeys = terminal.onKey((key) => {
    if (machine === undefined) {
      if (key === 'q' || key === 'ctrl-c') end();
      return;
    }
    const pressed = press(state, key, machine);
    ({ state } = pressed);
    const { signal, leaves, pace } = pressed.effect;
    if (leaves === true) return end();
    if (pace !== undefined) source.pace?.(pace);
    if (signal !== undefined) void tell(signal);
    draw();
  });
  const endResizes = terminal.onResize(draw);
  const endInterrupts = io.person.onInterrupt(end);
  try {
    let lastMs = performance.now();
    do {
      const nowMs = performance.now();
      try {
        machine = await source.look((nowMs - lastMs) * 1_000);
        trouble = '';
      } catch (error) {
        trouble = messageOf(error);
      }
      lastMs = nowMs;
      draw();
    } while (!(await isOver(left)));
  } finally {
    endKeys();
    endResizes();
    endInterrupts();
    terminal.write(leave);
  }
}

/** Whether somebody leaves before the next look. */
function isOver(left: Promise<void>): Promise<boolean> {
  const next = new Promise<boolean>((resolve) => setTimeout(resolve, lookMs, false));
  return Promise.race([left.then(() => true), next]);
}

function linesOf(
  machine: KernelSnapshot | undefined,
  title: string,
  state: TopState,
  trouble: string,
  { columns: width, rows: height }: KeyTerminal,
  paints: TopPaints,
): readonly string[] {
  const footer = trouble === '' ? footerOf(state) : `! ${trouble}; asked again`;
  if (machine === undefined) return [footer];
  if (state.mode === 'help') return [...helpLines.map((line) => fit(line, width)), footer];
  return state.mode === 'process'
    ? topProcess(machine, state.marked, { width, height, footer, paints })
    : topScreen(machine, { width, height, title, view: state.view, marked: state.marked, footer, paints });
}

/** In one write: what was there is overwritten, not wiped, so that nothing flickers. */
const frame = (lines: readonly string[]): string =>
  `\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\n')}\u001b[J`;

export function topPaints(colours: boolean): TopPaints {
  const chalk = new Chalk({ level: colours ? 1 : 0 });
  return {
    bold: chalk.bold,
    dim: chalk.dim,
    marked: chalk.inverse,
    alarm: chalk.red,
    state: {
      running: chalk.green,
      ready: chalk.yellow,
      waiting: chalk.cyan,
      suspended: chalk.magenta,
      terminated: chalk.dim,
    },
  };
}
