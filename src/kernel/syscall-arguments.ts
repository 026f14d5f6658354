/**
 * Whether what a program yielded is what its type says: a program in JavaScript may yield anything, and must not bring down the kernel with it.
 * Ranges and names are the handlers' to check; here it is only about types, about scripts, and that what is kept and sent is JSON.
 */
import { messageOf, shown } from './errors.ts';
import { unknownField } from './known-fields.ts';
import { malformedFacts } from './scheduling-facts.ts';
import { notJson } from './schema/problem.ts';
import type { Allocate, Capabilities, Exit, ModelRequest, Spawn, Syscall, ThinkCall } from './syscalls.ts';

/** A syscall is an object with a kind; which kinds there are is the syscall table's. */
export function isSyscall(yielded: unknown): yielded is Syscall {
  if (typeof yielded !== 'object' || yielded === null) return false;
  try {
    return typeof (yielded as Partial<Syscall>).kind === 'string';
  } catch {
    return false; // a getter that throws
  }
}

/** One line that names the first field of a wrong type, its value and what is allowed; undefined when there is none. */
export function malformed(syscall: Syscall): string | undefined {
  try {
    return flawOf(syscall);
  } catch (error) {
    // A getter's.
    return `${syscall.kind}: cannot be read (${messageOf(error)}); allowed: plain data`;
  }
}

/** Reads every field, so that what cannot be read is found here. */
function flawOf(syscall: Syscall): string | undefined {
  switch (syscall.kind) {
    case 'think':
      return malformedThink(syscall);
    case 'callTools':
      return malformedCalls(syscall.calls) ?? given(notFlag, 'keepResults', syscall.keepResults);
    case 'ask': {
      const { purpose, script, question } = syscall;
      if (!purposes.includes(purpose)) return wrong('purpose', purpose, purposes.join(', '));
      if (script !== undefined) {
        const flaw =
          malformedScript(script, 'script', durations) ?? given(notData, 'script.answer', script.answer);
        if (flaw !== undefined) return flaw;
      }
      return notJson(question, 'question');
    }
    case 'send':
      return notAddressee('to', syscall.to) ?? notJson(syscall.message, 'message');
    case 'receive':
      return given(notNumber, 'timeoutUs', syscall.timeoutUs);
    case 'acquire':
      return notName('lock', syscall.lock) ?? given(notNumber, 'timeoutUs', syscall.timeoutUs);
    case 'release':
      return notName('lock', syscall.lock);
    case 'semOpen':
      return notName('semaphore', syscall.semaphore) ?? notNumber('count', syscall.count);
    case 'semWait':
      return notName('semaphore', syscall.semaphore) ?? given(notNumber, 'timeoutUs', syscall.timeoutUs);
    case 'semPost':
      return notName('semaphore', syscall.semaphore);
    case 'spawn':
      return malformedSpawn(syscall);
    case 'signal':
      return notId('pid', syscall.pid) ?? notText('signal', syscall.signal);
    case 'wait':
      return (
        notId('pid', syscall.pid) ??
        given(notNumber, 'timeoutUs', syscall.timeoutUs) ??
        given(notFlag, 'orMessage', syscall.orMessage)
      );
    case 'allocate':
      return malformedAllocate(syscall);
    case 'touch':
    case 'drop':
    case 'free':
      return malformedPages(syscall.pages);
    case 'pin':
    case 'unpin':
      return notPage('page', syscall.page);
    case 'setImportance':
      return notPage('page', syscall.page) ?? notNumber('importance', syscall.importance);
    case 'truncate':
      return notNumber('pages', syscall.pages);
    case 'remember':
      return (
        notName('scope', syscall.scope) ??
        notText('text', syscall.text) ??
        given(notName, 'key', syscall.key) ??
        given(notData, 'data', syscall.data)
      );
    case 'recall': {
      const { scope, query, limit } = syscall;
      return notName('scope', scope) ?? notText('query', query) ?? given(notNumber, 'limit', limit);
    }
    case 'checkpoint':
      return notJson(syscall.state, 'state');
    case 'sleep':
      return notNumber('us', syscall.us);
    case 'exit':
      return malformedExit(syscall);
    default:
      return undefined;
  }
}

function malformedExit({ outcome, value, code, message }: Exit): string | undefined {
  if (outcome !== undefined && outcome !== 'completed' && outcome !== 'failed')
    return wrong('outcome', outcome, 'completed, failed');
  for (const [field, told] of Object.entries({ code, message }))
    if (told !== undefined && outcome !== 'failed')
      return wrong(field, told, 'none, unless the outcome is failed');
  return (
    given(notCode, 'code', code) ?? given(notText, 'message', message) ?? notJson(value ?? null, 'value')
  );
}

/** Of a process that a program starts, or that the world does. */
export function malformedSpawn(
  spawn: Pick<
    Spawn,
    'program' | 'arguments' | 'name' | 'priority' | 'budget' | 'capabilities' | 'scheduling'
  >,
): string | undefined {
  const { program, name, priority, budget, capabilities, scheduling } = spawn;
  return (
    notText('program', program) ??
    given(notText, 'name', name) ??
    given(notNumber, 'priority', priority) ??
    given(notText, 'budget', budget) ??
    given(malformedCapabilities, 'capabilities', capabilities) ??
    given(malformedFacts, 'scheduling', scheduling) ??
    notJson(spawn.arguments, 'arguments')
  );
}

/** A text would do for a list of tools, and grant each tool whose name is a part of it. */
function malformedCapabilities(field: string, asked: unknown): string | undefined {
  if (!isObject(asked)) return wrong(field, asked, 'an object of capabilities');
  const { tools, spawn, signal, send } = asked as Partial<Capabilities>;
  const unknown = unknownField(asked, capabilityFields);
  if (unknown !== undefined) return wrong(`${field}.${unknown}`, asked[unknown], capabilityFields.join(', '));
  const isTools =
    tools === undefined ||
    tools === 'all' ||
    (Array.isArray(tools) && tools.every((tool) => typeof tool === 'string'));
  if (!isTools) return wrong(`${field}.tools`, tools, 'all, or a list of tool names');
  if (signal !== undefined && signal !== 'descendants' && signal !== 'all')
    return wrong(`${field}.signal`, signal, 'descendants, all');
  if (send !== undefined && send !== 'run' && send !== 'all') return wrong(`${field}.send`, send, 'run, all');
  return given(notFlag, `${field}.spawn`, spawn);
}

const capabilityFields = ['tools', 'spawn', 'signal', 'send'];

const purposes = ['approve', 'edit', 'answer'];

function malformedThink(think: ThinkCall): string | undefined {
  const { maxOutput, promptTokens, keepAnswer, request, script } = think;
  const flaw =
    notNumber('maxOutput', maxOutput) ??
    given(notNumber, 'promptTokens', promptTokens) ??
    given(notFlag, 'keepAnswer', keepAnswer) ??
    given(malformedRequest, 'request', request);
  if (flaw !== undefined || script === undefined) return flaw;
  return malformedAnswer(script);
}

function malformedRequest(field: string, request: unknown): string | undefined {
  if (!isObject(request)) return wrong(field, request, 'an object');
  const unknown = unknownField(request, requestFields);
  if (unknown !== undefined) return wrong(`${field}.${unknown}`, request[unknown], requestFields.join(', '));
  const { purpose, model, tools, ownTools, temperature, timeoutUs } = request;
  const isNames = Array.isArray(tools) && tools.every((tool) => typeof tool === 'string');
  if (tools !== undefined && !isNames) return wrong(`${field}.tools`, tools, 'a list of tool names');
  if (ownTools !== undefined && !(Array.isArray(ownTools) && ownTools.every(isOffer)))
    return wrong(`${field}.ownTools`, ownTools, 'a list of { name, description, parameters }');
  return (
    given(notName, `${field}.purpose`, purpose) ??
    given(notText, `${field}.model`, model) ??
    given(notNumber, `${field}.temperature`, temperature) ??
    given(notDuration, `${field}.timeoutUs`, timeoutUs) ??
    notJson(request, field)
  );
}

function isOffer(offer: unknown): boolean {
  if (!isObject(offer)) return false;
  const { name, description, parameters } = offer;
  return typeof name === 'string' && name !== '' && typeof description === 'string' && isObject(parameters);
}

const requestFields = Object.keys({
  purpose: true,
  model: true,
  tools: true,
  ownTools: true,
  toolChoice: true,
  temperature: true,
  sampling: true,
  format: true,
  timeoutUs: true,
} satisfies Record<keyof ModelRequest, true>);

/** What a simulated model says, as its program or the model itself tells. */
export function malformedAnswer(script: unknown): string | undefined {
  const flaw = malformedScript(script, 'script', thinkCounts);
  if (flaw !== undefined) return flaw;
  const { text, toolCalls, failure } = script as Record<string, unknown>;
  return (
    given(notText, 'script.text', text) ??
    given(notData, 'script.toolCalls', toolCalls) ??
    given(notData, 'script.failure', failure)
  );
}

/** That the arguments fit the tool's schema is checked by each call for itself. */
function malformedCalls(calls: unknown): string | undefined {
  if (!Array.isArray(calls)) return wrong('calls', calls, 'a list of calls');
  for (let index = 0; index < calls.length; index++) {
    const flaw = malformedCall(calls[index]);
    if (flaw !== undefined) return `calls[${index}]${flaw}`;
  }
  return undefined;
}

/** The line begins behind the name of the call, which is made only where it is wanted. */
function malformedCall(call: unknown): string | undefined {
  if (!isObject(call)) return wrong('', call, '{ tool, arguments }');
  const { tool, arguments: args, script } = call;
  return notText('.tool', tool) ?? given(notData, '.arguments', args) ?? malformedToolScript(script);
}

function malformedToolScript(script: unknown): string | undefined {
  if (script === undefined) return undefined;
  const flaw = malformedScript(script, '.script', durations);
  if (flaw !== undefined) return flaw;
  const { result, failed } = script as Record<string, unknown>;
  return given(notData, '.script.result', result) ?? given(notFlag, '.script.failed', failed);
}

const thinkCounts = ['tokensOut', 'durationUs', 'tokensIn', 'tokensCached', 'pageTokens'];
const durations = ['durationUs'];

/** What a simulated device does is no more negative, endless or broken into halves than what a real one does. */
function malformedScript(script: unknown, field: string, counts: readonly string[]): string | undefined {
  if (!isObject(script)) return wrong(field, script, 'an object');
  for (const count of counts) {
    const value = script[count];
    if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)) continue;
    return wrong(`${field}.${count}`, value, 'an integer of at least 0');
  }
  return undefined;
}

function malformedAllocate(call: Allocate): string | undefined {
  const { tokens, text, hash, blocks, importance, pinned } = call;
  const flaw =
    notNumber('tokens', tokens) ??
    given(notNumber, 'importance', importance) ??
    given(notFlag, 'pinned', pinned);
  if (flaw !== undefined) return flaw;
  if (text !== undefined) return notText('text', text);
  if (hash !== undefined) return notText('hash', hash);
  if (blocks === undefined) return undefined;
  if (!isObject(blocks)) return wrong('blocks', blocks, '{ space, first, count }');
  const { space, first, count } = blocks;
  return (
    notText('blocks.space', space) ?? notNumber('blocks.first', first) ?? notNumber('blocks.count', count)
  );
}

function malformedPages(pages: unknown): string | undefined {
  if (!Array.isArray(pages)) return wrong('pages', pages, 'a list of pages');
  for (let index = 0; index < pages.length; index++) {
    const flaw = notPage(`pages[${index}]`, pages[index]);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

type Check = (field: string, value: unknown) => string | undefined;

/** For a field that may be left out. */
const given = (check: Check, field: string, value: unknown): string | undefined =>
  value === undefined ? undefined : check(field, value);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const notText = (field: string, value: unknown): string | undefined =>
  typeof value === 'string' ? undefined : wrong(field, value, 'a text');
const notName = (field: string, value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? undefined : wrong(field, value, 'a text that is not empty');
const notCode: Check = (field, value) =>
  typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(value)
    ? undefined
    : wrong(field, value, '1 to 64 capital letters, digits and "_"');
const notNumber = (field: string, value: unknown): string | undefined =>
  typeof value === 'number' ? undefined : wrong(field, value, 'a number');
const notDuration = (field: string, value: unknown): string | undefined =>
  Number.isSafeInteger(value) && (value as number) > 0
    ? undefined
    : wrong(field, value, 'an integer above 0 (µs)');
const notFlag = (field: string, value: unknown): string | undefined =>
  typeof value === 'boolean' ? undefined : wrong(field, value, 'true or false');
const notData = (field: string, value: unknown): string | undefined => notJson(value, field);
const notId = (field: string, value: unknown): string | undefined =>
  Number.isInteger(value) ? undefined : wrong(field, value, 'the id of a process');
const notAddressee = (field: string, value: unknown): string | undefined =>
  Number.isInteger(value) || (typeof value === 'string' && value !== '')
    ? undefined
    : wrong(field, value, 'the id of a process, or the name of a sibling');
const notPage = (field: string, value: unknown): string | undefined =>
  typeof value === 'number' ? undefined : wrong(field, value, 'the id of a page');
const wrong = (field: string, value: unknown, allowed: string): string =>
  `${field}: ${shown(value)} is not allowed; allowed: ${allowed}`;

/** 0 to 100; smaller runs first. */
export const isPriority = (value: number): boolean => typeof value === 'number' && value >= 0 && value <= 100;
