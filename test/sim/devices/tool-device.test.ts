/** Tools whose code does what their type does not allow: a failure of that call, for the program to act on. */
import { expect, test } from 'vitest';

import type { ToolImplementation } from '../../../src/agents/tools/tool-implementation.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { runAgents } from '../../support/run-agents.ts';
import { burst, callTools, failed, ok, SECOND } from '../../support/syscalls.ts';

/** What the program gets of one call of a tool with this code; an agent beside it is none the worse for it. */
function resultOf(run: () => unknown): unknown {
  const odd: ToolImplementation = {
    spec: { name: 'odd', description: 'does it its way', parameters: { type: 'object' } },
    run: run as ToolImplementation['run'],
  };
  const { results, end } = runAgents({
    agents: [{ body: [callTools({ tool: 'odd', arguments: {} })] }, { body: [burst(SECOND)] }],
    tools: [odd],
    kernel: { tools: [odd.spec] },
  });
  expect([end(1).outcome, end(2).outcome]).toEqual(['completed', 'completed']);
  return results(1)[0];
}

test.each<readonly [string, () => unknown, string]>([
  [
    'throws',
    () => {
      throw new Error('boo');
    },
    'tool odd: failed: boo',
  ],
  [
    'throws what no text can name',
    () => {
      throw Object.create(null);
    },
    'tool odd: failed: an object',
  ],
  ['gives nothing', () => undefined, 'tool odd: gave undefined; allowed: { ok: true, value } or'],
  ['gives a promise', async () => Promise.resolve({ ok: true, value: 1 }), 'tool odd: gave an object'],
  ['gives a text', () => 'done', 'tool odd: gave "done"'],
  ['succeeds without a value', () => ({ ok: true }), 'tool odd: value: undefined is not allowed'],
  ['gives a bigint', () => ({ ok: true, value: 5n }), 'tool odd: value: bigint is not allowed'],
  ['gives no number', () => ({ ok: true, value: { a: [NaN] } }), 'tool odd: value.a[0]: NaN is not allowed'],
  ['gives a map', () => ({ ok: true, value: new Map() }), 'tool odd: value: an instance of a class'],
  ['fails without a message', () => ({ ok: false }), 'tool odd: gave an object; allowed:'],
  ['fails with a number', () => ({ ok: false, message: 5 }), 'tool odd: gave an object; allowed:'],
  ['says neither', () => ({ ok: 'yes', value: 1 }), 'tool odd: gave an object; allowed:'],
])('a tool that %s has failed', (_, run, words) => {
  expect(resultOf(run)).toEqual(ok([failed('TOOL_FAILED', words) as Json]));
});

test('a tool that keeps to its type is taken at its word', () => {
  expect(resultOf(() => ({ ok: true, value: null }))).toEqual(ok([ok(null)]));
  expect(resultOf(() => ({ ok: false, message: 'no route' }))).toEqual(
    ok([{ ok: false, code: 'TOOL_FAILED', message: 'no route' }]),
  );
});
