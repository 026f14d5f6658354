/** What a kernel tells a paging policy of the processes that use the pages. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import { hitDensity } from '../../../src/policies/paging/sessions/hit-density.ts';
import { lru } from '../../../src/policies/paging/lru.ts';
import { runAgents } from '../../support/run-agents.ts';
import { allocate, burst, SECOND as S, sleep, think } from '../../support/syscalls.ts';

/** lru that writes down what it hears, with the second at which it was. */
function listening(heard: string[]): CreatePagingPolicy {
  return (context) => {
    const policy = lru(context);
    const at = (nowUs: number): string => `${nowUs / S} s`;
    return {
      name: 'listening',
      admit: (page, nowUs) => {
        heard.push(`load of ${context.pages.size(page)} behind ${context.pages.before!(page)}`);
        return policy.admit(page, nowUs);
      },
      touch: (page, nowUs) => policy.touch(page, nowUs),
      evict: (need, eligible) => policy.evict(need, eligible),
      remove: (page) => policy.remove(page),
      usedBy: (user, isCall, nowUs) => void heard.push(`${at(nowUs)}: ${user} ${isCall ? 'calls' : 'uses'}`),
      ends: (user, nowUs) => void heard.push(`${at(nowUs)}: ${user} ends`),
      waits: (user, on, nowUs) => void heard.push(`${at(nowUs)}: ${user} waits for ${on}`),
      exited: (user, nowUs) => void heard.push(`${at(nowUs)}: ${user} exited`),
    };
  };
}

test('calls, their ends, what is waited for between them, and the end', () => {
  const heard: string[] = [];
  const { end } = runAgents({
    agents: [{ body: [allocate(300), allocate(100), burst(2 * S), sleep(3 * S), burst(S)] }],
    kernel: {
      paging: listening(heard),
      residency: 'prefix',
      engines: [{ memoryTokens: 1_000, prefillTokensPerSecond: 1e12 }],
    },
  });
  expect(end(1).outcome).toBe('completed');
  expect(heard).toEqual([
    '0 s: 1 waits for core',
    '0 s: 1 calls',
    'load of 100 behind 300',
    'load of 300 behind 0',
    '2 s: 1 ends',
    '2 s: 1 waits for timer',
    '5 s: 1 waits for core',
    '5 s: 1 calls',
    '6 s: 1 ends',
    '6 s: 1 exited',
  ]);
});

test('an engine tells what a prefill costs on it', () => {
  let rate = 0;
  const asking: CreatePagingPolicy = (context) => {
    rate = context.costs!.prefillTokensPerSecond;
    return lru(context);
  };
  runAgents({ agents: [], kernel: { paging: asking, engines: [{ prefillTokensPerSecond: 123 }] } });
  expect(rate).toBe(123);
});

test('a process that is stopped waits for its suspension to end', () => {
  const heard: string[] = [];
  runAgents({
    agents: [{ body: [allocate(100), burst(S), sleep(10 * S), burst(S)] }],
    kernel: { paging: listening(heard), residency: 'prefix' },
    signals: [
      [3 * S, 1, 'stop'],
      [5 * S, 1, 'continue'],
    ],
  });
  expect(heard.filter((line) => line.includes('waits'))).toEqual([
    '0 s: 1 waits for core',
    '1 s: 1 waits for timer',
    '3 s: 1 waits for suspension',
    '5 s: 1 waits for timer',
    '11 s: 1 waits for core',
  ]);
});

test('agents run to their end under a policy on sessions that cannot decline', () => {
  const agent = { body: [allocate(300), think(50), sleep(S), think(50), sleep(2 * S), think(50)] };
  const { end, all } = runAgents({
    agents: [agent, agent, agent, agent, agent],
    kernel: { paging: hitDensity, residency: 'prefix', engines: [{ memoryTokens: 900, cores: 2 }] },
  });
  for (const pid of [1, 2, 3, 4, 5]) expect(end(pid).outcome).toBe('completed');
  expect(all('page.evicted').length).toBeGreaterThan(0);
});
