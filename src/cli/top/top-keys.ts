/** What a key does in `ringzero top`: pure, so that it can be tested without a terminal. */
import { topColumns, topRows, type TopColumn, type TopView } from '../../report/top-rows.ts';
import type { SignalName } from '../../kernel/inputs.ts';
import type { KernelSnapshot } from '../../kernel/snapshot.ts';

export interface TopState {
  readonly view: TopView;
  /** The marked process; 0: none. */
  readonly marked: number;
  readonly mode: 'list' | 'process' | 'filter' | 'signal' | 'sort' | 'help';
  /** What was typed of a filter. */
  readonly typed: string;
  /** What came of the last signal. */
  readonly note: string;
}

export const firstState: TopState = {
  view: { sort: 'core', isReversed: false, filter: '', showsEnded: false },
  marked: 0,
  mode: 'list',
  typed: '',
  note: '',
};

export interface TopEffect {
  readonly signal?: { readonly pid: number; readonly signal: SignalName };
  readonly leaves?: true;
  /** Of a simulation. */
  readonly pace?: 'faster' | 'slower' | 'pause';
}

/** `key`: a character, or `up`, `down`, `page-up`, `page-down`, `home`, `end`, `enter`, `escape`, `backspace`, `ctrl-c`. */
export function press(
  state: TopState,
  key: string,
  machine: KernelSnapshot,
): { readonly state: TopState; readonly effect: TopEffect } {
  if (key === 'ctrl-c') return { state, effect: { leaves: true } };
  switch (state.mode) {
    case 'filter':
      return { state: typed(state, key), effect: {} };
    case 'signal':
      return signalled(state, key);
    case 'sort':
      return { state: sorted(state, key), effect: {} };
    case 'help':
      return { state: { ...state, mode: 'list' }, effect: {} };
    default:
      return pressed({ ...state, note: '' }, key, machine);
  }
}

const pageRows = 10;

function pressed(
  state: TopState,
  key: string,
  machine: KernelSnapshot,
): { readonly state: TopState; readonly effect: TopEffect } {
  const to = (changes: Partial<TopState>, effect: TopEffect = {}) => ({
    state: { ...state, ...changes },
    effect,
  });
  const { view } = state;
  switch (key) {
    case 'q':
      return state.mode === 'process' ? to({ mode: 'list' }) : to({}, { leaves: true });
    case 'escape':
    case 'backspace':
      return state.mode === 'process' ? to({ mode: 'list' }) : to({ view: { ...view, filter: '' } });
    case 'up':
    case 'k':
      return to({ marked: neighbour(state, machine, -1) });
    case 'down':
    case 'j':
      return to({ marked: neighbour(state, machine, 1) });
    case 'page-up':
      return to({ marked: neighbour(state, machine, -pageRows) });
    case 'page-down':
      return to({ marked: neighbour(state, machine, pageRows) });
    case 'home':
      return to({ marked: neighbour(state, machine, -Infinity) });
    case 'end':
      return to({ marked: neighbour(state, machine, Infinity) });
    case 'enter':
      return state.marked === 0 ? to({}) : to({ mode: 'process' });
    case '/':
      return to({ mode: 'filter', typed: view.filter });
    case 's':
      return to({ mode: 'sort' });
    case 'r':
      return to({ view: { ...view, isReversed: !view.isReversed } });
    case 'e':
      return to({ view: { ...view, showsEnded: !view.showsEnded } });
    case 'x':
      return state.marked === 0
        ? to({ note: 'mark a process first, with the arrow keys' })
        : to({ mode: 'signal' });
    case '+':
      return to({}, { pace: 'faster' });
    case '-':
      return to({}, { pace: 'slower' });
    case ' ':
      return to({}, { pace: 'pause' });
    case 'h':
    case '?':
      return to({ mode: 'help' });
    default:
      return to({});
  }
}

function neighbour({ view, marked }: TopState, machine: KernelSnapshot, by: number): number {
  const rows = topRows(machine, view);
  if (rows.length === 0) return 0;
  const index = rows.findIndex(({ pid }) => pid === marked);
  const from = index === -1 ? (by > 0 ? -1 : rows.length) : index;
  return rows[Math.max(0, Math.min(rows.length - 1, from + by))]!.pid;
}

function typed(state: TopState, key: string): TopState {
  const { view } = state;
  if (key === 'escape') return { ...state, mode: 'list' };
  if (key === 'enter') return { ...state, mode: 'list', view: { ...view, filter: state.typed } };
  if (key === 'backspace') return { ...state, typed: Array.from(state.typed).slice(0, -1).join('') };
  return Array.from(key).length === 1 ? { ...state, typed: state.typed + key } : state;
}

/** The letters by which a column is chosen: in their order, as far as there are. */
const sortKeys: Readonly<Record<string, TopColumn>> = Object.fromEntries(
  topColumns.map((column, index) => [String.fromCodePoint(97 + index), column]),
);

function sorted(state: TopState, key: string): TopState {
  const column = sortKeys[key];
  return {
    ...state,
    mode: 'list',
    ...(column === undefined ? {} : { view: { ...state.view, sort: column, isReversed: false } }),
  };
}

const signalKeys: Readonly<Record<string, SignalName>> = {
  s: 'stop',
  c: 'continue',
  t: 'terminate',
  k: 'kill',
};

function signalled(state: TopState, key: string): { readonly state: TopState; readonly effect: TopEffect } {
  const signal = signalKeys[key];
  const back: TopState = { ...state, mode: 'list' };
  return signal === undefined
    ? { state: back, effect: {} }
    : { state: back, effect: { signal: { pid: state.marked, signal } } };
}

export function footerOf({ mode, marked, typed: text, note, view }: TopState): string {
  switch (mode) {
    case 'filter':
      return `show those with: ${text}▏  Enter, Esc`;
    case 'signal':
      return `process ${marked}: s stop  c continue  t terminate  k kill  any other key: nothing`;
    case 'sort':
      return `sort by: ${Object.entries(sortKeys)
        .map(([key, column]) => `${key} ${column}`)
        .join('  ')}`;
    case 'process':
      return 'q back  x signal  ↑ ↓ another process';
    case 'help':
      return 'any key';
    default:
      if (note !== '') return note;
      return `↑ ↓ mark  Enter look closer  x signal  s sort  r reverse  / filter${view.filter === '' ? '' : ` (${view.filter}, Esc ends it)`}  e ended  h help  q leave`;
  }
}

export const helpLines: readonly string[] = [
  '↑ ↓ j k, PgUp PgDn, Home End   mark a process',
  'Enter                          look closer at it; q goes back',
  'x                              send it a signal: stop, continue, terminate or kill',
  's                              sort by another column; r the other way round',
  '/                              show those with a word in their name, run, program or state; Esc shows all',
  'e                              show those that have ended, too',
  '+ - space                      a simulation: faster, slower, pause',
  'q, Ctrl-C                      leave',
];
