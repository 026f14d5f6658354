/**
 * The life of a process as the events tell it. The table here is written from the design, not taken from the kernel's: it is the second
 * opinion. `fresh` is the zero time in which a program may go on: just spawned, restored, continued, or off its core.
 */
import { checkOf, type Check, type Checker } from './checker.ts';

type Phase = 'fresh' | 'ready' | 'running' | 'waiting' | 'suspended' | 'terminated' | 'released';
type Change =
  | 'ready'
  | 'dispatched'
  | 'off its core'
  | 'waiting'
  | 'suspended'
  | 'continued'
  | 'terminated'
  | 'released';

/** Rows: the phase before; a change that is missing is illegal. Whoever runs leaves its core before anything else. */
const legal: Readonly<Record<Phase, Partial<Record<Change, Phase>>>> = {
  fresh: {
    ready: 'ready',
    dispatched: 'running',
    waiting: 'waiting',
    suspended: 'suspended',
    terminated: 'terminated',
  },
  ready: { dispatched: 'running', waiting: 'waiting', suspended: 'suspended', terminated: 'terminated' },
  running: { 'off its core': 'fresh' },
  waiting: { ready: 'ready', waiting: 'waiting', suspended: 'suspended', terminated: 'terminated' },
  suspended: { continued: 'fresh', terminated: 'terminated', released: 'released' },
  terminated: {},
  released: {},
};

/** Legal transitions only; a pid is spawned once; nothing is heard of a process before its start or after its end. */
export function transitions(): Checker {
  const check: Check = checkOf('transitions');
  const phases: (Phase | undefined)[] = [];

  function change(event: Parameters<Check>[1] & { readonly pid: number }, to: Change): void {
    const from = phases[event.pid]!;
    const next = legal[from][to];
    check(next !== undefined, event, () => `process ${event.pid} was ${from}: it can't be ${to}`);
    phases[event.pid] = next;
  }

  return {
    name: 'transitions',
    promise: 'States are five; an illegal transition is an assertion; a terminated process never runs again.',
    every(event) {
      if (!('pid' in event) || event.type === 'process.spawned') return;
      // The world's own message.
      if (event.type === 'message.sent' && event.pid === 0) return;
      const phase = phases[event.pid];
      check(phase !== undefined, event, () => `process ${event.pid} was never spawned`);
      check(phase !== 'terminated' && phase !== 'released', event, () => `process ${event.pid} has ${phase}`);
    },
    on: {
      'process.spawned': (event) => {
        check(
          Number.isSafeInteger(event.pid) && event.pid >= 1,
          event,
          () => `pid ${event.pid} is not an integer from 1`,
        );
        check(phases[event.pid] === undefined, event, () => `pid ${event.pid} is used a second time`);
        check(phases[event.parent] !== 'terminated', event, () => `parent ${event.parent} has terminated`);
        phases[event.pid] = 'fresh';
      },
      'process.restored': (event) => {
        check(
          phases[event.pid] === 'fresh',
          event,
          () => `process ${event.pid} is ${phases[event.pid]}: it is restored before it does anything`,
        );
      },
      'process.ready': (event) => change(event, 'ready'),
      'process.dispatched': (event) => change(event, 'dispatched'),
      'call.stopped': (event) => change(event, 'off its core'),
      'call.ended': (event) => change(event, 'off its core'),
      'process.waiting': (event) => change(event, 'waiting'),
      'process.suspended': (event) => change(event, 'suspended'),
      'process.continued': (event) => change(event, 'continued'),
      'process.released': (event) => change(event, 'released'),
      'process.terminated': (event) => {
        const { pid, outcome, code } = event;
        check(
          (outcome === 'failed') === (code !== ''),
          event,
          () => `process ${pid} ends as ${outcome} with code "${code}"`,
        );
        change(event, 'terminated');
      },
    },
  };
}
