/** A stretch of a process in words: what it did or waited for, and whose doing it was that it took as long. */
import { formatCount, formatDuration, formatMoney } from '../../report/format.ts';
import type {
  BudgetCause,
  CallCause,
  MemoryCause,
  QueueCause,
  Stretch,
  ToolCause,
} from '../../sim/why/account.ts';

export interface CauseNames {
  /** Such as `writer (3)`. */
  readonly name: (pid: number) => string;
  /** Such as `2:30.000`. */
  readonly clock: (us: number) => string;
}

export function causeWords({ cause, fromUs, toUs }: Stretch, names: CauseNames): string {
  const { name } = names;
  switch (cause.kind) {
    case 'call':
      return callWords(cause, name);
    case 'queue':
      return queueWords(cause, name);
    case 'budget':
      return budgetWords(cause, toUs, names);
    case 'memory':
      return memoryWords(cause, name);
    case 'tool':
      return toolWords(cause, fromUs, toUs);
    case 'lock': {
      const { of, name: lock, owner, by } = cause;
      const what = of === 'tool' ? `the keys of ${lock === '' ? 'a tool' : `tool ${lock}`}` : `${of} ${lock}`;
      const held = owner === 0 ? '' : `, held by ${name(owner)}`;
      const given = by === 0 ? '' : by === owner ? ', until it gave it back' : `: ${name(by)} let it go on`;
      return `waited for ${what}${held}${given}`;
    }
    case 'person': {
      const { purpose, decision } = cause;
      const asked = purpose === '' ? 'waited for a person' : `waited for a person to ${purpose}`;
      return decision === '' ? asked : `${asked}: the decision was ${decision}`;
    }
    case 'message':
    case 'child': {
      const { kind, came, from } = cause;
      const waited = kind === 'message' ? 'waited for a message' : 'waited for the end of a child';
      if (came === '') return `${waited}; none came`;
      const who = from === 0 ? 'the world' : name(from);
      return came === 'message' ? `${waited}: ${who} sent it one` : `${waited}: ${who} ended`;
    }
    case 'timer':
      return 'slept';
    case 'storage':
      return 'waited for storage';
    case 'suspended': {
      const { by, signal } = cause;
      const who =
        by === 'signal'
          ? 'stopped by a signal'
          : by === 'budget'
            ? 'suspended by its budget'
            : `suspended by ${by.replace('-', ' ')}`;
      return signal === '' ? who : `${who}, until a signal to ${signal}`;
    }
    case 'down':
      return 'its kernel was down, until another one went on with its run';
    case 'other':
      return `waited: ${cause.reason}`;
  }
}

type NameOf = (pid: number) => string;

function callWords(cause: CallCause, name: NameOf): string {
  const { n, core, cachedTokens, newTokens, repeatedTokens, loadTokens, tokensOut, end, madeWayFor } = cause;
  const prompt = [
    `${formatCount(cachedTokens)} tokens found`,
    `${formatCount(newTokens)} new`,
    ...(repeatedTokens === 0 ? [] : [`${formatCount(repeatedTokens)} again`]),
    ...(loadTokens === 0 ? [] : [`${formatCount(loadTokens)} loaded`]),
  ].join(', ');
  const forWhom = madeWayFor === 0 ? '' : ` for ${name(madeWayFor)}`;
  const ends: Readonly<Record<string, string>> = {
    completed: `done, ${formatCount(tokensOut)} out`,
    failed: 'failed',
    unfinished: 'cut off',
    slice: `preempted${forWhom}: its slice was over, ${formatCount(tokensOut)} out so far`,
    priority: `preempted${forWhom}, more urgent, ${formatCount(tokensOut)} out so far`,
    signal: 'stopped by a signal',
    'load-control': 'sent out by load control',
  };
  return `ran call ${n} on core ${core}: ${prompt}; ${ends[end] ?? end}`;
}

/** Of more, only the number is told. */
const mostNames = 4;

function listed(pids: readonly number[], name: NameOf): string {
  const some = pids.slice(0, mostNames).map(name);
  const rest = pids.length - some.length;
  if (rest > 0) return `${some.join(', ')} and ${formatCount(rest)} more`;
  return some.length < 2 ? some.join('') : `${some.slice(0, -1).join(', ')} and ${some.at(-1)!}`;
}

function queueWords({ behind, dispatches, priority, after }: QueueCause, name: NameOf): string {
  const from: Readonly<Record<string, string>> = {
    slice: ' after its slice was over',
    priority: ' after making way for a more urgent one',
    'load-control': ' after load control had sent it out',
    signal: ' after a signal',
  };
  const stood = `ready${after === '' ? '' : (from[after] ?? '')}`;
  if (behind.length === 0) return `${stood}, and nobody was before it`;
  const at = new Map(behind.map((one) => [one.pid, one.priority]));
  const rivals = listed([...at.keys()], (pid) => `${name(pid)} at ${at.get(pid)!}`);
  const went =
    dispatches === 0
      ? ''
      : `, ${formatCount(dispatches)} dispatch${dispatches === 1 ? '' : 'es'} before its own`;
  return `${stood} at ${priority}, behind ${rivals}${went}`;
}

function budgetWords(
  { node, short, ahead, isPaced, end, by }: BudgetCause,
  toUs: number,
  { name, clock }: CauseNames,
): string {
  const amount = (value: number): string =>
    short?.resource === 'microDollars'
      ? formatMoney(value)
      : short?.resource === 'coreUs'
        ? formatDuration(value)
        : formatCount(value);
  const what =
    short === null
      ? ''
      : short.resource === 'microDollars'
        ? ''
        : short.resource === 'coreUs'
          ? ' of core time'
          : ` ${short.resource}`;
  const why = isPaced
    ? ', which paces its calls'
    : short === null
      ? ''
      : `: ${amount(short.used)} used${short.reserved === 0 ? '' : ` and ${amount(short.reserved)} reserved`} of ${amount(short.limit)}${what}${short.asked === 0 ? '' : `, ${amount(short.asked)} asked`}`;
  const turn = ahead.length === 0 ? '' : `, behind ${listed(ahead, name)}`;
  const ends: Readonly<Record<BudgetCause['end'], string>> = {
    rolled: `; its window rolled at ${clock(toUs)}`,
    settled: `; a call of ${name(by)} was settled at ${clock(toUs)}`,
    paced: `; its pace let it go on at ${clock(toUs)}`,
    turn: `; it was its turn at ${clock(toUs)}`,
    '': '',
  };
  return `waited for budget ${node}${why}${turn}${ends[end]}`;
}

function memoryWords({ behind, neededTokens, by }: MemoryCause, name: NameOf): string {
  const needed = `${formatCount(neededTokens)} tokens of memory`;
  const waited =
    behind === 0
      ? `waited for ${needed}`
      : `ready for ${needed}, behind ${name(behind)}, which nobody overtakes`;
  return by === 0 ? waited : `${waited}: ${name(by)} made room`;
}

function toolWords({ calls }: ToolCause, fromUs: number, toUs: number): string {
  if (calls.length === 0) return 'waited for a tool';
  const last = calls.reduce((latest, call) => (endOf(call, toUs) >= endOf(latest, toUs) ? call : latest));
  const failed = last.toUs === -1 || last.ok ? '' : ', which failed';
  if (calls.length === 1) return `waited for tool ${last.tool}${failed}`;
  const others = [...new Set(calls.filter((call) => call !== last).map(({ tool }) => tool))];
  const for_ = formatDuration(Math.min(endOf(last, toUs), toUs) - Math.max(last.fromUs, fromUs));
  return `waited for ${calls.length} tools: ${last.tool} (call ${last.index + 1}, ${for_}${failed}) was the last, beside ${others.join(', ')}`;
}

const endOf = (call: { readonly toUs: number }, nowUs: number): number =>
  call.toUs === -1 ? nowUs : call.toUs;
