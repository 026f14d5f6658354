/** Event streams written by hand: bodies with defaults for what a test doesn't care about, stamped with times and rising numbers. */
import type { EventBody, KernelEvent } from '../../../src/kernel/events.ts';
import type { CoreId, PageId, PageNumber, Pid, RequestId } from '../../../src/kernel/ids.ts';

type BodyOf<Type extends EventBody['type']> = Extract<EventBody, { readonly type: Type }>;
/** Ids as plain numbers. */
type Plain<Body> = { readonly [Key in keyof Body]: Body[Key] extends number ? number : Body[Key] };
type Fields<Type extends EventBody['type']> = Partial<Plain<BodyOf<Type>>>;

export type Timed = readonly [atUs: number, body: EventBody];

/** Stamps the bodies with their times and with numbers from 1. */
export function stream(...timed: readonly Timed[]): KernelEvent[] {
  return timed.map(([atUs, body], index) => ({ seq: index + 1, atUs, ...body }));
}

const pid = (number: number): Pid => number as Pid;

function body<Type extends EventBody['type']>(type: Type, fields: object): BodyOf<Type> {
  return { type, ...fields } as BodyOf<Type>;
}

export const spawned = (number: number, fields: Fields<'process.spawned'> = {}): EventBody =>
  body('process.spawned', {
    pid: pid(number),
    run: 'run',
    parent: 0,
    name: `agent${number}`,
    program: 'scripted',
    priority: 50,
    engine: 0,
    budget: 'root',
    ...fields,
  });
/** `mail`: the senders of what waits in its mailbox. */
export const restored = (number: number, mail: readonly number[] = []): EventBody =>
  body('process.restored', { pid: pid(number), fromCheckpoint: 3, replayed: 2, mail: mail.map(pid) });
export const ready = (number: number): EventBody => body('process.ready', { pid: pid(number) });
/** From engine 0 to 1. */
export const migrated = (number: number, fields: Fields<'process.migrated'> = {}): EventBody =>
  body('process.migrated', { pid: pid(number), from: 0, to: 1, lostTokens: 0, ...fields });
export const waiting = (number: number, on: string): EventBody =>
  body('process.waiting', { pid: pid(number), on });
export const suspended = (number: number, by: 'signal' | 'load-control' | 'budget' = 'signal'): EventBody =>
  body('process.suspended', { pid: pid(number), by });
export const continued = (number: number): EventBody => body('process.continued', { pid: pid(number) });
export const terminated = (
  number: number,
  outcome: 'completed' | 'failed' | 'cancelled' | 'killed' = 'completed',
  code = outcome === 'failed' ? 'PROGRAM_FAILED' : '',
): EventBody => body('process.terminated', { pid: pid(number), outcome, code, message: '' });

export const held = (engine = 0): EventBody => body('queue.held', { engine, pid: pid(99) });
export const released = (engine = 0): EventBody => body('queue.released', { engine });

export const requested = (number: number, n: number, promptTokens = 0, maxOutput = 10): EventBody =>
  body('call.requested', { pid: pid(number), n, promptTokens, maxOutput });
export const dispatched = (
  number: number,
  core: number,
  n: number,
  fields: Fields<'process.dispatched'> = {},
): EventBody =>
  body('process.dispatched', {
    pid: pid(number),
    core: core as CoreId,
    n,
    newTokens: 0,
    repeatedTokens: 0,
    loadTokens: 0,
    cachedTokens: 0,
    room: 10,
    ...fields,
  });
export const stopped = (
  number: number,
  core: number,
  n: number,
  fields: Fields<'call.stopped'> = {},
): EventBody =>
  body('call.stopped', {
    pid: pid(number),
    core: core as CoreId,
    n,
    by: 'slice',
    tokensOut: 0,
    newPrefillUs: 0,
    repeatedPrefillUs: 0,
    loadUs: 0,
    ...fields,
  });
export const ended = (
  number: number,
  core: number,
  n: number,
  fields: Fields<'call.ended'> = {},
): EventBody =>
  body('call.ended', {
    pid: pid(number),
    core: core as CoreId,
    n,
    ok: true,
    tokensIn: 0,
    tokensCached: 0,
    tokensOut: 5,
    microDollars: 0,
    newPrefillUs: 0,
    repeatedPrefillUs: 0,
    loadUs: 0,
    ...fields,
  });
export const refused = (number: number, n: number, code = 'CONTEXT_TOO_LARGE'): EventBody =>
  body('call.refused', { pid: pid(number), n, code });
export const degraded = (number: number, n: number, model = 'small'): EventBody =>
  body('call.degraded', { pid: pid(number), n, model });
export const bypassed = (number: number, n: number, tokens = 500): EventBody =>
  body('call.bypassed', { pid: pid(number), n, tokens });

export const faulted = (
  number: number,
  kind: 'compulsory' | 'capacity' | 'hole',
  pages: number,
  tokens: number,
  engine = 0,
): EventBody => body('page.faulted', { pid: pid(number), engine, kind, pages, tokens });
export const loaded = (page: number, pages: number, tokens: number, engine = 0): EventBody =>
  body('page.loaded', { engine, page: page as PageId, pages, tokens });
export const evicted = (page: number, pages: number, tokens: number, engine = 0): EventBody =>
  body('page.evicted', { engine, page: page as PageId, pages, tokens });
export const freed = (page: number, pages: number, tokens: number, engine = 0): EventBody =>
  body('page.freed', { engine, page: page as PageId, pages, tokens });
export const transferred = (page: number, tokens: number, engine = 0): EventBody =>
  body('prefetch.started', { engine, page: page as PageId, tokens });
export const prefetched = (page: number, pages: number, tokens: number, engine = 0): EventBody =>
  body('page.prefetched', { engine, page: page as PageId, pages, tokens });
export const prefetchEnded = (tokens: number, declinedTokens = 0, engine = 0): EventBody =>
  body('prefetch.ended', { engine, tokens, declinedTokens });
export const prefetchCancelled = (tokens: number, engine = 0): EventBody =>
  body('prefetch.cancelled', { engine, tokens });
export const prefetchUsed = (number: number, tokens: number, engine = 0): EventBody =>
  body('prefetch.used', { pid: pid(number), engine, tokens });
export const dropped = (number: number, page: number, tokens: number): EventBody =>
  body('page.dropped', { pid: pid(number), page: page as PageNumber, pages: 1, tokens });

export const reserved = (number: number, tokens: number, fields: Fields<'budget.reserved'> = {}): EventBody =>
  body('budget.reserved', { pid: pid(number), node: 'root', tokens, microDollars: 0, coreUs: 0, ...fields });
export const settled = (number: number, tokens: number, fields: Fields<'budget.settled'> = {}): EventBody =>
  body('budget.settled', { pid: pid(number), node: 'root', tokens, microDollars: 0, coreUs: 0, ...fields });
export const overrun = (number: number, amount: number, resource = 'tokens', node = 'root'): EventBody =>
  body('budget.overrun', { pid: pid(number), node, resource, amount });

export const queued = (number: number, node = 'root'): EventBody =>
  body('budget.queued', { pid: pid(number), node });

/** Asks for 60 tokens in its first call. */
export const exhausted = (
  number: number,
  node: string,
  rule: 'degrade' | 'suspend' | 'stop',
  fields: Fields<'budget.exhausted'> = {},
): EventBody =>
  body('budget.exhausted', {
    pid: pid(number),
    n: 1,
    node,
    resource: 'tokens',
    asked: 60,
    rule,
    ...fields,
  });
export const throttled = (number: number, node: string, untilUs: number): EventBody =>
  body('budget.throttled', { pid: pid(number), node, untilUs });

export const toolStarted = (
  number: number,
  request: number,
  fields: Fields<'tool.started'> = {},
): EventBody =>
  body('tool.started', {
    pid: pid(number),
    request: request as RequestId,
    tool: 'search',
    n: 1,
    index: 0,
    reads: [],
    writes: [],
    ...fields,
  });
export const toolEnded = (number: number, request: number, fields: Fields<'tool.ended'> = {}): EventBody =>
  body('tool.ended', {
    pid: pid(number),
    request: request as RequestId,
    tool: 'search',
    ok: true,
    code: '',
    ...fields,
  });
export const toolRefused = (number: number, code: 'UNKNOWN_TOOL' | 'NOT_PERMITTED'): EventBody =>
  body('tool.refused', { pid: pid(number), tool: 'search', n: 1, index: 0, code });
export const toolLate = (request: number, tool = 'search'): EventBody =>
  body('tool.late', { request: request as RequestId, tool, ok: true });
export const toolSettled = (request: number, tool = 'search'): EventBody =>
  body('tool.settled', { request: request as RequestId, tool });

export const asked = (number: number, request: number, purpose = 'approve'): EventBody =>
  body('person.asked', { pid: pid(number), request: request as RequestId, purpose });
export const answered = (number: number, request: number, decision: string): EventBody =>
  body('person.answered', { pid: pid(number), request: request as RequestId, decision });

/** `message`: its number among those to its receiver. */
export const sent = (number: number, to: number, message: number): EventBody =>
  body('message.sent', { pid: pid(number), to: pid(to), number: message });
export const received = (number: number, from: number, message: number): EventBody =>
  body('message.received', { pid: pid(number), from: pid(from), number: message });

export const signalled = (number: number, signal: 'stop' | 'continue' | 'terminate' | 'kill'): EventBody =>
  body('signal.delivered', { pid: pid(number), signal });
