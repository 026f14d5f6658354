import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { redactedModel } from '../../src/host/redacted-ports.ts';
import { Redactor } from '../../src/host/redactor.ts';
import type { ModelDelta } from '../../src/host/ports.ts';
import { said } from '../support/live.ts';

const redactor = new Redactor([
  { name: 'key', text: 'abcabd' },
  { name: 'card', pattern: '\\b\\d{4}\\b' },
  { name: 'secret', field: 'password' },
]);

test('a text that comes in pieces is redacted as it is whole, and nothing of a match is ever given out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', '1', ' '), maxLength: 12 }), {
        minLength: 1,
        size: 'max',
        maxLength: 8,
      }),
      (pieces) => {
        const stream = redactor.stream();
        const given = pieces.map((piece) => stream.push(piece));
        given.push(stream.end());
        const whole = pieces.join('');
        expect(given.join('')).toBe(
          whole.replaceAll(/abcabd/g, '[redacted:key]').replaceAll(/\b\d{4}\b/g, '[redacted:card]'),
        );
      },
    ),
    { seed: 2, numRuns: 500 },
  );
});

test('values: texts, names and members, at any depth', () => {
  expect(redactor.value({ a: ['x abcabd', { Password: { deep: 1 } }], abcabd: 7, n: null })).toEqual({
    a: ['x [redacted:key]', { Password: '[redacted:secret]' }],
    '[redacted:key]': 7,
    n: null,
  });
});

test('a model: its stream, its answer, the arguments of its calls, what it thought, and what it failed with', async () => {
  const deltas: ModelDelta[] = [];
  const port = redactedModel(
    {
      call: async (_call, _stop, tell) => {
        for (const text of ['it is abc', 'abd', ', yes']) tell({ type: 'text', text });
        tell({ type: 'reasoning', text: 'about 1234' });
        tell({ type: 'tool-call', index: 0, tool: 't', text: '{"password":"' });
        return said('it is abcabd, yes', {
          toolCalls: [{ id: 'c', tool: 't', arguments: { password: 'x', to: 'abcabd' } }] as never,
        });
      },
    },
    redactor,
  );
  const reply = await port.call({} as never, {} as never, (delta) => deltas.push(delta));
  expect(reply.text).toBe('it is [redacted:key], yes');
  expect(reply.toolCalls).toMatchObject([
    { arguments: { password: '[redacted:secret]', to: '[redacted:key]' } },
  ]);
  const told = (type: string): string =>
    deltas
      .filter((delta) => delta.type === type)
      .map(({ text }) => text)
      .join('');
  expect(told('text')).toBe('it is [redacted:key], yes');
  expect(told('reasoning')).toBe('about [redacted:card]');
  expect(told('tool-call')).toBe('');
  const cut = redactedModel(
    { call: () => Promise.resolve(said('it is abcab', { finish: 'length' })) },
    redactor,
  );
  expect((await cut.call({} as never, {} as never, () => {})).text).toBe('it is ');
  const broken = redactedModel({ call: () => Promise.reject(new Error('refused abcabd')) }, redactor);
  await expect(broken.call({} as never, {} as never, () => {})).rejects.toThrow('refused [redacted:key]');
});
