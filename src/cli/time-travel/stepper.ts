/** Somebody at a terminal who walks in a run: a line is typed, and the screen shows the machine at the new place. */
import { Chalk, type ChalkInstance } from 'chalk';

import { KernelError } from '../../kernel/errors.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Timeline } from '../../sim/timeline/timeline.ts';
import type { Io } from '../command.ts';
import { machineScreen } from './machine-screen.ts';
import { indexOf, timeOf } from './places.ts';

export interface StepperOptions {
  readonly title: string;
  /** What clocks count from, µs. */
  readonly zeroUs: number;
  readonly io: Io;
}

const help = [
  'Enter, n    next event          b          one back',
  'N           ten on              B          ten back',
  '25, -25     so many on, back    g INDEX    to that event (g 0: the start, g: the end)',
  'd           next dispatch       D          dispatch before',
  'p PID       next event of that process     P PID      the one before',
  't TIME      to a time, such as 90s or 2:30',
  '/word       next event of a type with this word, such as /evict; ?word: the one before',
  'h           this help           q          leave',
];
const prompt = 'Enter next, b back, d next dispatch, g INDEX, h help, q leave: ';

export function plainChalk(io: Io): ChalkInstance {
  return new Chalk({ level: io.colours ? 1 : 0 });
}

export class Stepper {
  private readonly timeline: Timeline;
  private readonly title: string;
  private readonly zeroUs: number;
  private readonly io: Io;
  private readonly chalk: ChalkInstance;

  constructor(timeline: Timeline, { title, zeroUs, io }: StepperOptions) {
    this.timeline = timeline;
    this.title = title;
    this.zeroUs = zeroUs;
    this.io = io;
    this.chalk = plainChalk(io);
  }

  /** From the start until somebody leaves. */
  walk(): Promise<void> {
    this.timeline.seek(0);
    this.show();
    return new Promise((resolve) => {
      const leave = (): void => {
        endLines();
        endInterrupts();
        resolve();
      };
      const endLines = this.io.person.onLine((line) => {
        if (line === undefined || line.trim() === 'q') return leave();
        this.show(this.obey(line.trim()));
      });
      const endInterrupts = this.io.person.onInterrupt(() => {
        this.io.out('');
        leave();
      });
    });
  }

  /** Goes where the line says; returns what else is to be said. */
  private obey(line: string): readonly string[] {
    try {
      const target = this.targetOf(line);
      if (typeof target !== 'number') return target;
      this.timeline.seek(target);
      return [];
    } catch (error) {
      if (error instanceof KernelError) return [error.message];
      throw error;
    }
  }

  /** The number of an event to go to, or what to say. */
  private targetOf(line: string): number | readonly string[] {
    const { timeline } = this;
    const [word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line)?.slice(1) ?? [];
    if (line === '' || line === 'n') return this.by(1);
    if (/^[+-]?\d+$/.test(line)) return this.by(Number(line));
    if (line.startsWith('/')) return this.typed('next', line.slice(1));
    if (line.startsWith('?')) return this.typed('previous', line.slice(1));
    switch (word) {
      case 'b':
        return this.by(-1);
      case 'N':
        return this.by(10);
      case 'B':
        return this.by(-10);
      case 'd':
        return this.found('next', 'a dispatch', ({ type }) => type === 'process.dispatched');
      case 'D':
        return this.found('previous', 'a dispatch', ({ type }) => type === 'process.dispatched');
      case 'p':
      case 'P': {
        const pid = Number(rest);
        if (!/^\d+$/.test(rest)) return [`${word}: which process? Its number, such as ${word} 1`];
        return this.found(word === 'p' ? 'next' : 'previous', `an event of process ${pid}`, (event) =>
          concerns(event, pid),
        );
      }
      case 't':
        return timeline.indexAt(timeOf('t', rest, timeline, this.zeroUs));
      case 'g':
        return rest === '' ? timeline.count : indexOf('g', rest, timeline);
      case 'h':
        return help;
      default:
        return [`"${line}" is none of these:`, ...help];
    }
  }

  private by(steps: number): number | readonly string[] {
    const { index, count } = this.timeline;
    const target = Math.min(Math.max(0, index + steps), count);
    if (target !== index) return target;
    return [steps > 0 ? 'this is the last event' : 'this is the start'];
  }

  private typed(direction: 'next' | 'previous', word: string): number | readonly string[] {
    if (word === '') return ['which type of event? A part of its name, such as /evict'];
    return this.found(direction, `an event of a type with "${word}"`, ({ type }) => type.includes(word));
  }

  private found(
    direction: 'next' | 'previous',
    what: string,
    wanted: (event: KernelEvent) => boolean,
  ): number | readonly string[] {
    const index = this.timeline.find(direction, wanted);
    return index ?? [`${what}: none ${direction === 'next' ? 'comes any more' : 'has come before'}`];
  }

  private show(notes: readonly string[] = []): void {
    const { io, timeline, title, zeroUs, chalk } = this;
    // To the upper left corner of an empty screen.
    if (io.colours) io.write('\u001b[2J\u001b[H');
    for (const line of machineScreen(timeline.view(), {
      width: io.columns,
      chalk,
      count: timeline.count,
      title,
      zeroUs,
    }))
      io.out(line);
    io.out('');
    for (const note of notes) io.out(note);
    io.write(chalk.dim(prompt));
  }
}

/** It is its own, or of a message or a deadlock that it is part of. */
function concerns(event: KernelEvent, pid: number): boolean {
  if ('pid' in event && event.pid === pid) return true;
  if (event.type === 'message.sent') return event.to === pid;
  if (event.type === 'message.received') return event.from === pid;
  return event.type === 'deadlock.detected' && event.members.some((member) => member.pid === pid);
}
