import { expect, test } from 'vitest';

import { assert, AssertionError, unreachable } from '../../src/base/assert.ts';

test('a condition that holds does nothing, and builds no message', () => {
  assert(true, 'never seen');
  assert(1, () => {
    throw new Error('built for nothing');
  });
});

test('a broken condition throws an AssertionError with the message, given or built', () => {
  expect(() => assert(0, 'zero')).toThrow(new AssertionError('zero'));
  expect(() => assert(undefined, () => `built ${1 + 1}`)).toThrow(new AssertionError('built 2'));
  expect(new AssertionError('x')).toBeInstanceOf(Error);
  expect(new AssertionError('x').name).toBe('AssertionError');
});

test('unreachable names the value, whatever it is', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  expect(() => unreachable({ type: 'new' } as never)).toThrow('unreachable value: {"type":"new"}');
  expect(() => unreachable(undefined as never)).toThrow('unreachable value: undefined');
  expect(() => unreachable(cyclic as never)).toThrow(AssertionError);
  expect(() => unreachable(7n as never)).toThrow('unreachable value: 7');
});
