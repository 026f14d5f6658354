/** What a user may write into the options of a kernel by mistake, whatever its type says: one line that names the field, the value and what is allowed. */
import { expect, test } from 'vitest';

import { KernelError } from '../../src/kernel/errors.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import type { Program } from '../../src/kernel/syscalls.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { kernelOf } from '../support/run-agents.ts';

const base = kernelOf({ agents: [] });
const tool = { name: 't', description: 't', parameters: { type: 'object' } };
const program = { name: 'p', version: 1, *body() {} };
const limit = { resource: 'tokens', amount: 5, window: { kind: 'total' } };
const limited = (fields: object): object => ({ budgets: [{ name: 'b', limits: [{ ...limit, ...fields }] }] });
const booked: LedgerRecord = {
  v: 1,
  type: 'ledger',
  run: 'r',
  pid: 1 as never,
  n: 1,
  node: 'root',
  what: 'reserved',
  reservedUs: 7,
  seq: 1,
  tokens: 5,
  tokensCached: 0,
  tokensOut: 5,
  calls: 1,
  microDollars: 0,
  coreUs: 0,
  atUs: 7,
};

const wrong: readonly (readonly [options: object, line: string])[] = [
  [
    { oversizee: 'bypass' },
    'oversizee: "bypass" is not allowed; allowed: the fields seed, engines, queues, steal, affinity, scheduling',
  ],
  [{ residensy: 'prefix' }, 'residensy: "prefix" is not allowed'],
  [
    { engines: [{ memory: 5_000 }] },
    'engine engine: memory: 5000 is not allowed; allowed: the fields name, cores',
  ],
  [{ engines: [{ name: 'a', coress: 9 }] }, 'engine a: coress: 9 is not allowed'],
  [
    { engines: [{ prices: { input: 1, cached: 1, cachedInput: 1, output: 1 } }] },
    'engine engine: prices.cached: 1 is not allowed; allowed: the fields input, cachedInput, output',
  ],
  [{ tools: [{ ...tool, timeout: 5 }] }, 'tool t: timeout: 5 is not allowed; allowed: the fields name, desc'],
  [{ tools: [{ ...tool, retry: 9 }] }, 'tool t: retry: 9 is not allowed'],
  [
    { budgets: [{ name: 'b', limit: [limit] }] },
    'budget b: limit: a list is not allowed; allowed: the fields name, parent, limits',
  ],
  [limited({ per: 'hour' }), 'budget b, limits[0].per: "hour" is not allowed'],
  [limited({ window: { kind: 'total', lengthUs: 5 } }), 'limits[0].window.lengthUs: 5 is not allowed'],
  [limited({ window: { kind: 'fixed', lengthUs: 5, us: 5 } }), 'limits[0].window.us: 5 is not allowed'],
  [
    { programs: [{ ...program, run: 1 }] },
    'program p: run: 1 is not allowed; allowed: the fields name, version',
  ],

  [{ scheduling: 'fifo' }, 'scheduling: "fifo" is not allowed; allowed: a function that makes a policy'],
  [{ scheduling: undefined }, 'scheduling: undefined is not allowed'],
  [{ paging: {} }, 'paging: an object is not allowed'],
  [{ loadControl: 'none' }, 'loadControl: "none" is not allowed'],
  [{ records: 'no' }, 'records: "no" is not allowed; allowed: true or false'],
  [{ engines: { cores: 2 } }, 'engines: an object is not allowed; allowed: a list'],
  [{ engines: [2] }, 'engine: 2 is not allowed; allowed: an object'],
  [{ engines: [{ name: 5 }] }, 'engine name: 5 is not allowed'],
  [
    { engines: [{ loadLatencyUs: 0.5 }] },
    'loadLatencyUs: 0.5 is not allowed; allowed: an integer of at least 0',
  ],
  [{ engines: [{ windowTokens: 5.5 }] }, 'windowTokens: 5.5 is not allowed'],
  [{ engines: [{ windowTokens: '5' }] }, 'windowTokens: "5" is not allowed'],
  [{ engines: [{ throughput: 1 }] }, 'throughput: 1 is not allowed; allowed: a list'],
  [{ engines: [{ prices: 5 }] }, 'prices: 5 is not allowed; allowed: { input, cachedInput, output }'],
  [{ tools: [null] }, 'tool: null is not allowed'],
  [{ programs: [{ name: 'x' }] }, 'program x: version: undefined is not allowed; allowed: an integer'],
  [
    { programs: [{ name: 'x', version: 1 }] },
    'program x: body: undefined is not allowed; allowed: a generator',
  ],
  [{ programs: [{ ...program, name: '' }] }, 'program name: "" is not allowed'],
  [{ programs: ['x'] }, 'program: "x" is not allowed; allowed: { name, version, body }'],
  [{ residency: Object.create(null) }, 'residency: an object is not allowed; allowed: independent, prefix'],

  [
    { ledger: [{ ...booked, tokens: -5 }] },
    'ledger[0].tokens: -5 is not allowed; allowed: an integer, 0 or more',
  ],
  [{ ledger: [{ ...booked, coreUs: 0.5 }] }, 'ledger[0].coreUs: 0.5 is not allowed'],
  [
    { ledger: [{ ...booked, what: 'paid' }] },
    'ledger[0].what: "paid" is not allowed; allowed: reserved, settled',
  ],
  [
    { ledger: [booked, { ...booked, atUs: 6 }] },
    'ledger[1].atUs: 6 is not allowed; allowed: an integer of at least 7',
  ],
  [
    { ledger: [{ ...booked, seq: 'x' }] },
    'ledger[0].seq: "x" is not allowed; allowed: an integer, 0 or more',
  ],
  [{ ledger: [{ ...booked, tokensOut: undefined }] }, 'ledger[0].tokensOut: undefined is not allowed'],
  [{ ledger: [5] }, 'ledger[0]: 5 is not allowed'],
];
test.each(wrong.map(([options, line]) => [line, options] as const))('refused: %s', (line, options) => {
  expect(() => new Kernel({ ...base, ...options })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(line) }),
  );
});

test('a ledger of a budget that is not here is refused', () => {
  const ledger = [{ ...booked, node: 'gone' }];
  expect(() => new Kernel({ ...base, ledger })).toThrow(expect.objectContaining({ code: 'UNKNOWN_BUDGET' }));
});

test('no options at all', () => {
  expect(() => new Kernel(undefined as unknown as KernelOptionsInput)).toThrow(
    'options: undefined is not allowed; allowed: an object',
  );
});

test('a program that is registered later is checked like the others', () => {
  const kernel = new Kernel(base);
  expect(() => kernel.register({ name: 'x', version: 1 } as Program)).toThrow(KernelError);
  expect(() => kernel.register({ ...program, boddy: 1 } as Program)).toThrow('program p: boddy: 1');
  kernel.register(program);
});

test.each([0.5, -1, NaN])('a simulation whose storage takes %d µs is refused', (flushUs) => {
  expect(() => new Simulation({ kernel: base, flushUs })).toThrow(
    `flushUs: ${flushUs} is not allowed; allowed: an integer of at least 0 (µs)`,
  );
});
