/** What a program in JavaScript may yield though no type allows it: a failed syscall with one clear line, for that program alone. */
import { expect, test } from 'vitest';

import type { Json } from '../../src/kernel/ids.ts';
import type { ProgramBody, Syscall } from '../../src/kernel/syscalls.ts';
import { runAgents } from '../support/run-agents.ts';
import { burst, callTools, failed, ok, SECOND, sleep, spawn, tool, waitFor } from '../support/syscalls.ts';

const S = SECOND;
const bare = Object.create(null) as object;

/** What the syscall gave; another agent of the same kernel is none the worse for it. */
function resultOf(syscall: object): unknown {
  const { results, end } = runAgents({
    agents: [{ body: [syscall as Syscall, sleep(S)] }, { body: [burst(S)] }],
    programs: { kid: [] },
  });
  expect([end(1).outcome, end(2).outcome]).toEqual(['completed', 'completed']);
  return results(1)[0];
}

const spawning = (fields: object): object => ({ ...spawn('kid'), ...fields });
const page = (kind: string, id: unknown): object => ({ kind, page: id, importance: 0.5 });

test.each<readonly [words: string, syscall: object]>([
  ['maxOutput: an object is not allowed', { kind: 'think', maxOutput: bare }],
  ['promptTokens: "5" is not allowed', { kind: 'think', maxOutput: 5, promptTokens: '5' }],
  ['keepAnswer: "no" is not allowed', { kind: 'think', maxOutput: 5, keepAnswer: 'no' }],
  ['script.text: 5 is not allowed', { kind: 'think', maxOutput: 5, script: { tokensOut: 1, text: 5 } }],
  ['calls[0].arguments.a: bigint is not allowed', callTools(tool('t', { a: 5n as unknown as Json }))],
  ['calls[0].script.result: bigint', callTools(tool('t', {}, { result: 5n as unknown as Json }))],
  ['calls[0].script.failed: 1 is', callTools(tool('t', {}, { failed: 1 as unknown as boolean }))],
  ['script.answer: function', { kind: 'ask', question: 1, purpose: 'answer', script: { answer: () => 1 } }],
  ['question: an instance of a class', { kind: 'ask', question: new Map(), purpose: 'answer' }],
  ['program: an object is not allowed', spawning({ program: bare })],
  ['name: an object is not allowed', spawning({ name: bare })],
  ['budget: 5 is not allowed', spawning({ budget: 5 })],
  ['priority: 5n is not allowed; allowed: a number', spawning({ priority: 5n })],
  ['priority: "5" is not allowed', spawning({ priority: '5' })],
  ['priority: a list is not allowed', spawning({ priority: [5] })],
  ['capabilities: null is not allowed', spawning({ capabilities: null })],
  ['capabilities.tools: 5 is not allowed; allowed: all, or', spawning({ capabilities: { tools: 5 } })],
  ['capabilities.tools: "a" is not allowed', spawning({ capabilities: { tools: 'a' } })],
  ['capabilities.tools: a list is not', spawning({ capabilities: { tools: [5] } })],
  ['capabilities.spawn: "no" is not allowed', spawning({ capabilities: { spawn: 'no' } })],
  ['capabilities.signal: "run" is not allowed', spawning({ capabilities: { signal: 'run' } })],
  ['capabilities.send: "none" is not allowed', spawning({ capabilities: { send: 'none' } })],
  ['capabilities.tool: a list is not allowed', spawning({ capabilities: { tool: ['a'] } })],
  ['importance: "0.5" is not allowed', { kind: 'allocate', tokens: 5, importance: '0.5' }],
  ['importance: an object is not allowed', { kind: 'allocate', tokens: 5, importance: bare }],
  ['pinned: "no" is not allowed', { kind: 'allocate', tokens: 5, pinned: 'no' }],
  ['blocks.first: an object', { kind: 'allocate', tokens: 5, blocks: { space: 's', first: bare } }],
  ['pages[0]: an object is not allowed', { kind: 'touch', pages: [bare] }],
  ['page: an object is not allowed', page('pin', bare)],
  ['page: "1" is not allowed', page('setImportance', '1')],
  ['pages: an object is not allowed', { kind: 'truncate', pages: bare }],
  ['scope: "" is not allowed; allowed: a text that is not empty', { kind: 'remember', scope: '', text: 'x' }],
  ['key: "" is not allowed', { kind: 'remember', scope: 's', text: 'x', key: '' }],
  ['data: ', { kind: 'remember', scope: 's', text: 'x', data: 5n }],
  ['request.purpose: "" is not allowed', { kind: 'think', maxOutput: 5, request: { purpose: '' } }],
  ['scope: "" is not allowed', { kind: 'recall', scope: '', query: 'x' }],
  ['limit: an object is not allowed', { kind: 'recall', scope: 's', query: 'x', limit: bare }],
  ['us: an object is not allowed', { kind: 'sleep', us: bare }],
  ['timeoutUs: 5n is not allowed', { kind: 'receive', timeoutUs: 5n }],
  ['lock: an object is not allowed', { kind: 'acquire', lock: bare }],
  ['lock: "" is not allowed; allowed: a text that is not empty', { kind: 'acquire', lock: '' }],
  ['timeoutUs: "5" is not allowed', { kind: 'acquire', lock: 'a', timeoutUs: '5' }],
  ['lock: 5 is not allowed', { kind: 'release', lock: 5 }],
  ['semaphore: undefined is not allowed', { kind: 'semOpen', count: 1 }],
  ['count: "1" is not allowed; allowed: a number', { kind: 'semOpen', semaphore: 's', count: '1' }],
  ['semaphore: null is not allowed', { kind: 'semWait', semaphore: null }],
  ['timeoutUs: an object is not allowed', { kind: 'semWait', semaphore: 's', timeoutUs: bare }],
  ['semaphore: "" is not allowed', { kind: 'semPost', semaphore: '' }],
  ['signal: an object is not allowed', { kind: 'signal', pid: 1, signal: bare }],
])('%s', (words, syscall) => {
  expect(resultOf(syscall)).toEqual(failed('INVALID_ARGUMENT', words));
});

const throws = (field: string, rest: object): object =>
  Object.defineProperty({ ...rest }, field, {
    enumerable: true,
    get() {
      throw new Error('boo');
    },
  });

test.each<readonly [string, object, string]>([
  ['the message', throws('message', { kind: 'send', to: 1 }), 'send: cannot be read (boo)'],
  ['a part of it', { kind: 'send', to: 1, message: throws('a', {}) }, 'message: cannot be read (boo)'],
  ['the time', throws('us', { kind: 'sleep' }), 'sleep: cannot be read (boo)'],
  ['the tokens', throws('maxOutput', { kind: 'think' }), 'think: cannot be read (boo)'],
])('a getter that throws: %s', (_, syscall, words) => {
  expect(resultOf(syscall)).toEqual(failed('INVALID_ARGUMENT', words));
});

test('a kind that cannot be read is no syscall', () => {
  const { end } = runAgents({ agents: [{ body: [throws('kind', {}) as Syscall] }, { body: [burst(S)] }] });
  expect(end(1)).toMatchObject({ code: 'PROGRAM_FAILED', message: expect.stringContaining('not a syscall') });
  expect(end(2).outcome).toBe('completed');
});

test('a field that no syscall has is not looked at, whatever it holds', () => {
  const cycle: Record<string, unknown> = {};
  cycle['a'] = cycle;
  cycle['b'] = cycle;
  expect(resultOf({ ...sleep(0), note: cycle })).toEqual(ok());
  const blocks = { space: 's', first: 0, count: 1, note: cycle };
  expect(resultOf({ kind: 'allocate', tokens: 5, blocks })).toEqual(ok(1));
  expect(resultOf({ kind: 'reboot', note: cycle })).toEqual(failed('INVALID_ARGUMENT', 'syscall: "reboot"'));
});

test('a child that was refused is none: nobody waits for it', () => {
  const { results } = runAgents({
    agents: [{ body: [spawn('kid', { capabilities: { tools: 5 as never } }), waitFor(0)] }],
    programs: { kid: [] },
  });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT'), failed('UNKNOWN_PROCESS')]);
});

test.each<readonly [string, unknown, string]>([
  ['nothing', () => undefined, 'the body of program agent-1 gave undefined; allowed: a generator'],
  ['a number', () => 5, 'gave 5; allowed: a generator'],
  ['a promise', async () => Promise.resolve(5), 'gave an object; allowed: a generator'],
  [
    'an asynchronous generator',
    async function* () {
      yield Promise.resolve(1);
    },
    'gave an object; allowed: a generator',
  ],
  ['what no text can name', () => Object.create(null) as unknown, 'gave an object; allowed: a generator'],
  [
    'a generator made by hand that gives nothing',
    () => ({ next: () => undefined, return: () => undefined, [Symbol.iterator]: () => undefined }),
    'the program yielded undefined, which is not a syscall',
  ],
])('a body that gives %s fails its process alone', (_, body, words) => {
  const { end } = runAgents({ agents: [{ body: body as ProgramBody }, { body: [burst(S)] }] });
  expect(end(1)).toMatchObject({ outcome: 'failed', code: 'PROGRAM_FAILED' });
  expect(end(1).message).toContain(words);
  expect(end(2).outcome).toBe('completed');
});

test('a program that throws what no text can name fails alone', () => {
  const body: ProgramBody = function* () {
    yield sleep(S);
    throw bare;
  };
  const { end } = runAgents({ agents: [{ body }, { body: [burst(S)] }] });
  expect(end(1)).toMatchObject({ code: 'PROGRAM_FAILED', message: 'an object' });
  expect(end(2).outcome).toBe('completed');
});
