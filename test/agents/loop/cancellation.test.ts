/** An agent that is terminated ends as cancelled, whatever it was at. */
import { expect, test } from 'vitest';

import { team } from '../../../src/agents/teams/team.ts';
import type { Json, Pid } from '../../../src/kernel/ids.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import { responseCache } from '../../../src/agents/loop/response-cache.ts';
import { broken, echo, fails, runAgent, type AgentWorld, type Asked } from './agent-world.ts';

const S = 1_000_000;
const mail = { ...echo, spec: { ...echo.spec, name: 'mail', approval: true } };

/** It asks for tools, one of which a person must approve, reflects, is refused by its model, sums up, criticises itself, and waits for a message. */
const busy: AgentWorld = {
  task: {
    tools: ['echo', 'broken', 'mail'],
    toolCalls: 40,
    windowTokens: 700,
    maxOutput: 100,
    reflectEvery: 2,
    critique: true,
    summarise: true,
    cache: true,
    checkpointEvery: 2,
    followUpUs: 30 * S,
  },
  model: ({ request, messages }: Asked, index) => {
    if (index === 3) return fails();
    if (request.purpose !== undefined) return { text: 'OK', durationUs: S };
    const text = 'x'.repeat(200);
    return index < 14 && messages.length < 30
      ? {
          // An id that is the same in each run: its length counts in the prompt.
          toolCalls: [
            { id: `call-${index}`, tool: ['echo', 'mail', 'broken'][index % 3]!, arguments: { text } },
          ],
          durationUs: S,
        }
      : { text: 'done', durationUs: S };
  },
};
const agentTask = { task: 'What is it?', ...busy.task } as unknown as Json;

const worlds: readonly (readonly [what: string, world: AgentWorld])[] = [
  ['an agent', busy],
  [
    'a team of agents',
    {
      ...busy,
      programs: [team],
      root: {
        program: 'team',
        arguments: {
          topology: 'debate',
          task: 'Go.',
          members: ['a', 'b'].map((name) => ({
            name,
            arguments: { ...(agentTask as object), followUpUs: 0 },
          })),
        },
      },
    },
  ],
];

test.each(worlds)('%s, at every instant at which something happens, and behind it', (_, given) => {
  // What a cache knows of one run is not for the next.
  const run = (signals: AgentWorld['signals'] = []) =>
    runAgent({ ...given, signals, tools: [echo, broken, mail, responseCache()] });
  const whole = run();
  expect(whole.outcome).toBe('completed');
  const times = [...new Set(whole.events.map(({ atUs }) => atUs))];
  const endUs = whole.all('process.terminated').find(({ pid }) => pid === 1)!.atUs;
  const isAgent = given === busy;
  const waits = new Set<string>();
  for (let at = 0; at < times.length; at += isAgent ? 1 : 7) {
    const atUs = times[at]! + (at % 2);
    if (atUs >= endUs) continue;
    const { outcome, store, all, events } = run([[atUs, 'terminate']]);
    expect(outcome, `at ${atUs}`).toBe('cancelled');
    const outcomes = store.processes('run-1').map(({ end }) => end?.outcome);
    expect(outcomes, `at ${atUs}`).not.toContain('failed');
    expect(all('process.terminated').at(-1)!.atUs, `at ${atUs}`).toBeLessThanOrEqual(endUs);
    waits.add(lastWaitOf(events, 1 as Pid));
  }
  expect([...waits].sort()).toEqual(isAgent ? ['message', 'person', 'timer', 'tool'] : ['child']);
  if (!isAgent) return;
  const purposes = new Set(whole.asked.map(({ request }) => request.purpose ?? 'turn'));
  expect([...purposes].sort()).toEqual(['critique', 'reflection', 'summary', 'turn']);
});

/** What it waited for when the signal came. */
function lastWaitOf(events: readonly KernelEvent[], pid: Pid): string {
  const last = events.findLast((event) => event.type === 'process.waiting' && event.pid === pid);
  return last?.type === 'process.waiting' ? last.on : '';
}
