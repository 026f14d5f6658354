/** Every event of the kernel in one short sentence. Who a process is, and what an engine is called, somebody else knows. */
import type { EventBody, FaultKind, KernelEvent } from '../kernel/events.ts';
import { formatCount, formatMoney } from './format.ts';

export interface EventNames {
  /** Such as `writer (3)`. */
  process(pid: number): string;
  engine(index: number): string;
}

/** Without its time. */
export function eventWords(event: KernelEvent, names: EventNames): string {
  const who = 'pid' in event ? sender(event.pid, names) : '';
  switch (event.type) {
    case 'process.spawned': {
      const { parent, priority, engine, budget } = event;
      const by = parent === 0 ? '' : `, started by ${names.process(parent)}`;
      return `${who} arrives: priority ${priority}, ${names.engine(engine)}, budget ${budget}${by}`;
    }
    case 'process.restored':
      return event.fromCheckpoint === 0
        ? `${who} goes on after a crash: ${counted(event.replayed, 'result')} fed to it again`
        : `${who} goes on after a crash from its checkpoint at syscall ${event.fromCheckpoint}, ${counted(event.replayed, 'result')} fed to it again`;
    case 'process.ready':
      return `${who} stands ready`;
    case 'process.migrated': {
      const { from, to, lostTokens } = event;
      return `${who} goes from ${names.engine(from)} to ${names.engine(to)}, where ${tokens(lostTokens)} of its prompt are missing`;
    }
    case 'process.dispatched': {
      const { core, n, newTokens, repeatedTokens, loadTokens, cachedTokens, room } = event;
      const parts = [
        `${formatCount(cachedTokens)} tokens found`,
        `${formatCount(newTokens)} new`,
        ...(repeatedTokens === 0 ? [] : [`${formatCount(repeatedTokens)} again`]),
        ...(loadTokens === 0 ? [] : [`${formatCount(loadTokens)} to load`]),
        ...(room === -1 ? ['past the memory'] : []),
      ];
      return `${who} gets core ${core} for call ${n}: ${parts.join(', ')}`;
    }
    case 'process.waiting':
      return `${who} waits: ${event.on}`;
    case 'process.suspended':
      return `${who} is suspended by ${article[event.by]}`;
    case 'process.continued':
      return `${who} is suspended no more`;
    case 'process.terminated': {
      const { outcome, code, message } = event;
      return `${who} ends: ${outcome}${code === '' ? '' : ` (${code}${message === '' ? '' : `: ${message}`})`}`;
    }
    case 'process.released':
      return `${who} leaves this kernel, to go on later`;
    case 'queue.held':
      return `${names.engine(event.engine)}: who stands ready waits behind ${who}, for which there is no room in memory`;
    case 'queue.released':
      return `${names.engine(event.engine)}: who stands ready waits for memory no more`;
    case 'call.requested': {
      const { n, promptTokens, maxOutput, purpose } = event;
      return `${who} asks for call ${n}${purpose === undefined ? '' : ` (${purpose})`}: a prompt of ${tokens(promptTokens)}, at most ${formatCount(maxOutput)} out`;
    }
    case 'call.stopped':
      return `${who} leaves core ${event.core}, ${stopped[event.by]}: call ${event.n} goes on later, ${formatCount(event.tokensOut)} tokens out so far`;
    case 'call.ended': {
      const { core, n, ok, tokensIn, tokensCached, tokensOut, microDollars } = event;
      const cost = microDollars === 0 ? '' : `, ${formatMoney(microDollars)}`;
      return `${who} leaves core ${core}: call ${n} ${ok ? 'is done' : 'has failed'}, ${formatCount(tokensIn)} tokens in (${formatCount(tokensCached)} cached), ${formatCount(tokensOut)} out${cost}`;
    }
    case 'call.refused':
      return `${who}: call ${event.n} is refused (${event.code})`;
    case 'call.bypassed':
      return `${who}: call ${event.n} of ${tokens(event.tokens)} runs past the memory, which has no room for it`;
    case 'call.degraded':
      return `${who}: call ${event.n} runs on the cheaper model ${event.model}`;
    case 'page.faulted':
      return `${who} misses ${counted(event.pages, 'page')} (${tokens(event.tokens)}), ${faults[event.kind]}`;
    case 'page.loaded':
    case 'page.prefetched':
    case 'page.evicted':
    case 'page.freed':
      return `${pagesOf(event)} ${moves[event.type]} the memory of ${names.engine(event.engine)}`;
    case 'prefetch.started':
      return `${tokens(event.tokens)} from page ${event.page} on begin to come from the slower tier of ${names.engine(event.engine)}`;
    case 'prefetch.ended':
      return `${tokens(event.tokens)} have come from the slower tier of ${names.engine(event.engine)}${event.declinedTokens === 0 ? '' : `, ${formatCount(event.declinedTokens)} of them to no room`}`;
    case 'prefetch.cancelled':
      return `${tokens(event.tokens)} are not brought from the slower tier of ${names.engine(event.engine)} after all`;
    case 'prefetch.used':
      return `${who} finds ${tokens(event.tokens)} that were brought before it asked`;
    case 'page.dropped':
      return `${counted(event.pages, 'page')} (${tokens(event.tokens)}) from number ${event.page} on leave the window of ${who}`;
    case 'budget.added':
      return `budget ${event.node} is added`;
    case 'budget.removed':
      return `budget ${event.node} is removed`;
    case 'budget.reserved':
      return `${who} reserves ${amounts(event)} of budget ${event.node}`;
    case 'budget.settled':
      return `${who} has used ${amounts(event)} of budget ${event.node}`;
    case 'budget.queued':
      return `${who} waits its turn at budget ${event.node}`;
    case 'budget.throttled':
      return `${who} is paced by budget ${event.node}`;
    case 'budget.exhausted':
      return `budget ${event.node} has no ${formatCount(event.asked)} ${event.resource} for call ${event.n} of ${who}: ${event.rule}`;
    case 'budget.overrun':
      return `${who} has used ${formatCount(event.amount)} ${event.resource} above what it reserved of budget ${event.node}`;
    case 'tool.started':
      return `${who} starts tool ${event.tool} (call ${event.index + 1} of syscall ${event.n})`;
    case 'tool.ended':
      return `${who}: tool ${event.tool} ${event.ok ? 'has answered' : `has failed (${event.code})`}${event.isRepeated === true ? ' and is started again' : ''}`;
    case 'tool.late':
      return `tool ${event.tool} ${event.ok ? 'answers' : 'fails'} too late: nobody waits for it`;
    case 'tool.refused':
      return `${who}: tool ${event.tool} is not started (${event.code})`;
    case 'tool.interrupted':
      return `${who}: tool ${event.tool} had started before the crash: whether it acted is not known`;
    case 'tool.settled':
      return `the keys of tool ${event.tool} are free`;
    case 'person.asked':
      return `${who} asks a person to ${event.purpose}`;
    case 'person.answered':
      return `a person answers ${who}: ${event.decision}`;
    case 'message.sent':
      return `${who} sends message ${event.number} to ${names.process(event.to)}`;
    case 'message.received':
      return `${who} receives message ${event.number} from ${sender(event.from, names)}`;
    case 'lock.queued':
      return `${who} waits for lock ${event.lock}, held by ${sender(event.owner, names)}`;
    case 'lock.acquired':
      return `${who} gets lock ${event.lock}${event.ownerEnded ? ', whose owner ended with it' : ''}`;
    case 'lock.released':
      return `${who} gives lock ${event.lock} back${event.ownerEnded ? ', because it ends' : ''}`;
    case 'lock.withdrawn':
      return `${who} waits for lock ${event.lock} no more: ${withdrawn[event.why]}`;
    case 'lock.restored':
      return `lock ${event.lock} is ${event.owner === 0 ? 'free' : `held by ${names.process(event.owner)}`}, as before the crash`;
    case 'lock.kept':
      return event.owner === 0
        ? `lock ${event.lock} is kept for nobody any more`
        : `lock ${event.lock} is kept for whoever held it, until it is back`;
    case 'semaphore.opened':
      return `${who} opens semaphore ${event.semaphore} with ${event.count}`;
    case 'semaphore.queued':
      return `${who} waits for semaphore ${event.semaphore}`;
    case 'semaphore.taken':
      return `${who} takes one of semaphore ${event.semaphore}, ${event.count} left`;
    case 'semaphore.posted':
      return `${who} posts to semaphore ${event.semaphore}, ${event.count} there`;
    case 'semaphore.withdrawn':
      return `${who} waits for semaphore ${event.semaphore} no more: ${withdrawn[event.why]}`;
    case 'semaphore.restored':
      return `semaphore ${event.semaphore} has ${event.count}, as before the crash`;
    case 'process.boosted':
      return `${who} inherits priority ${event.priority} of one that waits for its lock`;
    case 'process.unboosted':
      return `${who} has priority ${event.priority} again`;
    case 'deadlock.detected': {
      const { members, victim } = event;
      const all = members.map(({ pid }) => names.process(pid)).join(', ');
      return `deadlock: none of ${all} goes on${victim === 0 ? '' : ` unless ${names.process(victim)} gives way`}`;
    }
    case 'signal.delivered':
      return `${who} is told to ${event.signal}`;
    case 'checkpoint.saved':
      return `${who} saves a checkpoint at syscall ${event.n}`;
    case 'program.failed':
      return `the program of ${who} has failed: ${event.message}`;
    default:
      return event satisfies never;
  }
}

const tokens = (count: number): string => counted(count, 'token');
const counted = (count: number, what: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;

/** 0 is the world. */
const sender = (pid: number, names: EventNames): string => (pid === 0 ? 'the world' : names.process(pid));

function amounts({
  tokens: count,
  microDollars,
}: {
  readonly tokens: number;
  readonly microDollars: number;
}): string {
  return `${tokens(count)}${microDollars === 0 ? '' : ` and ${formatMoney(microDollars)}`}`;
}

type BodyOf<Type extends EventBody['type']> = Extract<EventBody, { readonly type: Type }>;

function pagesOf({
  page,
  pages,
  tokens: count,
}: BodyOf<'page.loaded' | 'page.prefetched' | 'page.evicted' | 'page.freed'>): string {
  const which = pages === 1 ? `page ${page}` : `pages ${page} to ${page + pages - 1}`;
  return `${which} (${tokens(count)})`;
}

const moves: Readonly<Record<Parameters<typeof pagesOf>[0]['type'], string>> = {
  'page.loaded': 'into',
  'page.prefetched': 'ahead of need into',
  'page.evicted': 'evicted from',
  'page.freed': 'needed no more, out of',
};

const faults: Readonly<Record<FaultKind, string>> = {
  compulsory: 'never seen before',
  capacity: 'which were evicted',
  hole: 'of no use behind a missing one',
};

const article: Readonly<Record<BodyOf<'process.suspended'>['by'], string>> = {
  signal: 'a signal',
  'load-control': 'load control',
  budget: 'its budget',
};

const stopped: Readonly<Record<BodyOf<'call.stopped'>['by'], string>> = {
  slice: 'its slice is over',
  priority: 'for one that is more urgent',
  signal: 'told to by a signal',
  'load-control': 'sent out by load control',
};

const withdrawn: Readonly<Record<BodyOf<'lock.withdrawn'>['why'], string>> = {
  timeout: 'its time is up',
  deadlock: 'it gives way in a deadlock',
  ended: 'it ends',
};
