/** The response cache: equal prompts, alike prompts, age and room; and agents that share it. */
import { expect, test } from 'vitest';

import { Conversation } from '../../../src/agents/loop/conversation.ts';
import {
  responseCache,
  type CacheCall,
  type ResponseCacheOptions,
} from '../../../src/agents/loop/response-cache.ts';
import type { AgentTask } from '../../../src/agents/loop/agent-task.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { asks, echo, fails, runAgent } from './agent-world.ts';

const S = 1_000_000;

/** What a cache gives for a call. */
function cacheOf(options?: ResponseCacheOptions) {
  const tool = responseCache(options);
  const call = (fields: Partial<CacheCall>): Json => {
    const place = { key: 'k', scope: 's', text: 'hello', atUs: 0 };
    const result = tool.run({ ...place, ...fields });
    return result.ok ? result.value : result.message;
  };
  return {
    get: (fields: Partial<CacheCall> = {}) => call({ op: 'get', ...fields }),
    put: (answer: string, fields: Partial<CacheCall> = {}) =>
      call({ op: 'put', response: { text: answer, tokensOut: 3 }, ...fields }),
  };
}
const gives = (text: string) => ({ response: { text, tokensOut: 3 } });

test('an answer is found by its key, and by nothing else', () => {
  const cache = cacheOf();
  cache.put('hi');
  expect(cache.get()).toEqual(gives('hi'));
  expect(cache.get({ key: 'other' })).toEqual({});
});

test('the least recently used answer leaves first', () => {
  const cache = cacheOf({ entries: 2 });
  cache.put('a', { key: 'a' });
  cache.put('b', { key: 'b' });
  cache.get({ key: 'a' });
  cache.put('c', { key: 'c' });
  expect(['a', 'b', 'c'].map((key) => cache.get({ key }))).toEqual([gives('a'), {}, gives('c')]);
});

test('an answer has an age, in virtual time, from the first instant on', () => {
  const cache = cacheOf({ ttlUs: 10 * S });
  cache.put('old');
  expect(cache.get({ atUs: 10 * S })).toEqual(gives('old'));
  expect(cache.get({ atUs: 10 * S + 1_000 })).toEqual({});
});

test('with an embedder the nearest last message of the same conversation will do', () => {
  const vectors: Readonly<Record<string, readonly number[]>> = {
    hello: [1, 0],
    hi: [20, 1],
    hey: [10, 2],
    bye: [0, 1],
    nothing: [0, 0],
  };
  const cache = cacheOf({ embed: (text) => vectors[text]!, similarity: 0.9, entries: 2 });
  cache.put('Hello!');
  cache.put('Hey!', { key: 'k2', text: 'hey' });
  const get = (text: string, scope = 's') => cache.get({ key: 'new', text, scope });
  expect(get('hi')).toEqual(gives('Hello!'));
  expect(get('bye')).toEqual({});
  expect(get('nothing')).toEqual({});
  expect(get('hi', 'another conversation')).toEqual({});
  // What no user said is like no other.
  expect(get('')).toEqual({});
  cache.put('Hey, again!', { key: 'k3', text: 'hey' });
  cache.put('Hey, again!', { key: 'k4', text: 'hey' });
  expect(get('hello')).toEqual(gives('Hey, again!'));
});

test('what was to be done for one prompt is not done for another that is like it', () => {
  const tool = responseCache({ embed: () => [1, 0] });
  const place = { scope: 's', text: 'Delete a.', atUs: 0 };
  const toolCalls = [{ id: 'x', tool: 'delete', arguments: { file: 'a' } }];
  tool.run({ op: 'put', key: 'a', ...place, response: { text: '', tokensOut: 3, toolCalls } });
  expect(tool.run({ op: 'get', key: 'b', ...place, text: 'Delete b.' })).toEqual({ ok: true, value: {} });
  expect(tool.run({ op: 'get', key: 'a', ...place })).toMatchObject({ value: { response: { toolCalls } } });
});

test.each([
  [{ entries: 0 }, 'entries: 0'],
  [{ ttlUs: 1_500 }, 'ttlUs: 1500'],
  [{ similarity: 1.5 }, 'similarity: 1.5'],
])('refused: %j', (options, line) => {
  expect(() => responseCache(options)).toThrow(line);
});

const task = { tools: ['echo'], cache: true, reflectEvery: 0 };

test('agents of one task share their answers: the second one asks no model', () => {
  const { asked, events, store } = runAgent({
    task,
    agents: 2,
    tools: [echo, responseCache()],
    kernel: { engines: [{ name: 'one', cores: 1 }] },
    model: ({ messages }) =>
      messages.length < 3 ? { toolCalls: [{ id: 'a', tool: 'echo', arguments: { n: 1 } }] } : 'done',
    delaysUs: [0, 1_000 * S],
  });
  expect(asked).toHaveLength(2);
  const ends = ['run-1', 'run-2'].map((run) => store.processes(run)[0]!.end!.value);
  expect(ends[0]).toEqual(ends[1]);
  expect(ends[0]).toMatchObject({ answer: 'done', iterations: 2, toolCalls: 1 });
  expect(events.filter(({ type }) => type === 'budget.settled')).toHaveLength(2);
});

test('a conversation that is restored is found under the same key', () => {
  const options = { countTokens: (text: string) => text.length, windowTokens: 1_000, keepsKeys: true };
  const before = new Conversation(options);
  let page = 0;
  for (const steps of [before.system('Be brief.'), before.user('Why?')])
    for (let step = steps.next(); step.done !== true;) step = steps.next({ ok: true, value: ++page });
  const after = new Conversation({ ...options, saved: before.save() });
  expect(after.save()).toEqual(before.save());
  expect(after.key).toHaveLength(64);
  expect([after.key, after.before, after.last]).toEqual([before.key, before.before, 'Why?']);
});

test('failures and answers that are not whole are not kept', () => {
  for (const reply of [
    { text: 'cut of', finish: 'length' },
    { text: '' },
    { text: 'x', finish: 'other' },
  ] as const) {
    const { asked } = runAgent({
      task,
      agents: 2,
      tools: [echo, responseCache()],
      model: [fails(), reply],
      delaysUs: [0, 1_000 * S],
    });
    // Of an empty answer each agent asks once more.
    expect(asked).toHaveLength(reply.text === '' ? 5 : 3);
  }
});

test.each<readonly [what: string, other: Partial<AgentTask>]>([
  ['system prompt', { system: 'Be brief.' }],
  ['temperature', { temperature: 1 }],
  ['model', { models: ['other'] }],
  ['tools', { tools: [] }],
  ['longest answer', { maxOutput: 50 }],
])('another %s is another prompt', (_, other) => {
  let asked = 0;
  const cache = responseCache();
  for (const task2 of [task, { ...task, ...other }, task])
    asked += runAgent({ task: task2, tools: [echo, cache], model: ['done'] }).asked.length;
  expect(asked).toBe(2);
});

test('a cache that is not there knows nothing', () => {
  const { result, asked } = runAgent({ task, model: [asks('echo'), 'done'] });
  expect(result).toMatchObject({ reason: 'answered', toolCalls: 1 });
  expect(asked).toHaveLength(2);
});

test('a model cannot call the cache', () => {
  const { asked, made } = runAgent({
    task: { ...task, cache: false },
    tools: [echo, responseCache()],
    model: [asks('response-cache', { op: 'get', key: 'k' }), 'done'],
  });
  expect(made).toEqual([]);
  expect(asked[1]!.messages.at(-1)).toMatchObject({
    ok: false,
    value: expect.stringContaining('UNKNOWN_TOOL'),
  });
});
