/** A world with little in it: an agent that reads, writes and asks, and somebody who remembers; nothing goes wrong. */
import type { Scenario } from './scenario.ts';

const parameters = { type: 'object', required: ['path'] };

export const smallScenario: Scenario = {
  seed: 1,
  kernel: {
    engines: [{ name: 'engine-1', cores: 2, memoryTokens: 100_000, preemption: 'none' }],
    scheduling: 'priority',
    sliceUs: 60_000_000,
    paging: 'importance-lru',
    residency: 'independent',
    oversize: 'estimate',
    deadlocks: 'report',
    mailboxLimit: 1_000,
  },
  budgets: [{ name: 'all' }],
  tools: [
    { name: 'read', parameters, reads: ['{path}'], writes: [] },
    { name: 'write', parameters, reads: [], writes: ['{path}'] },
    { name: 'put', parameters, reads: [], writes: ['{path}'], idempotent: true },
    { name: 'guarded', parameters, reads: [], writes: ['{path}'], approval: true, idempotent: true },
    { name: 'steady', parameters, reads: [], writes: ['{path}'], retries: 1, retryWaitUs: 1_000 },
  ],
  storms: [],
  runs: [
    {
      name: 'run-1',
      agents: [
        {
          name: 'agent-1',
          program: 'agent',
          arguments: {
            task: 'Do this and that.',
            tools: ['read', 'write', 'put', 'guarded', 'steady'],
            checkpointEvery: 2,
            reflectEvery: 0,
            maxOutput: 300,
          },
        },
        {
          name: 'agent-2',
          program: 'diary',
          arguments: {
            syscalls: [
              { kind: 'remember', scope: 'all', text: 'this was seen', key: 'seen' },
              { kind: 'checkpoint' },
              { kind: 'recall', scope: 'all', query: 'seen' },
              { kind: 'sleep', us: 50_000 },
            ],
          },
        },
      ],
      scripts: {
        'agent-1': [
          {
            us: 10_000,
            tokens: 20,
            pieces: 2,
            calls: [
              { tool: 'read', arguments: { path: 'a', us: 2_000 } },
              { tool: 'put', arguments: { path: 'b', us: 3_000 } },
            ],
          },
          {
            us: 10_000,
            tokens: 20,
            pieces: 1,
            calls: [{ tool: 'write', arguments: { path: 'a', us: 2_000, acts: 'begin' } }],
          },
          {
            us: 10_000,
            tokens: 20,
            pieces: 1,
            calls: [
              {
                tool: 'guarded',
                arguments: { path: 'a', us: 1_000, person: { us: 4_000, says: 'approve' } },
              },
            ],
          },
          { us: 10_000, tokens: 20, pieces: 1, calls: [], fault: 'broken-off' },
          {
            us: 10_000,
            tokens: 20,
            pieces: 1,
            calls: [{ tool: 'steady', arguments: { path: 'a', us: 1_000, does: 'fails' } }],
          },
        ],
      },
      workers: [
        {
          startUs: 0,
          leaseUs: 0,
          flushUs: 500,
          crashes: [],
          flushes: [],
          outages: [],
          jumps: [],
          pauses: [],
        },
      ],
      signals: [],
      messages: [],
    },
  ],
};
