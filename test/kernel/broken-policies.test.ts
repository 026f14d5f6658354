/** Policies that break their contract are told so by name, at once; none of them lets a run go on for ever. */
import { describe, expect, test } from 'vitest';

import { assert, AssertionError } from '../../src/base/assert.ts';
import type {
  CreateLoadControlPolicy,
  LoadControlPolicy,
  PagingPolicy,
  SchedulingPolicy,
} from '../../src/kernel/contracts.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';
import { runAgents } from '../support/run-agents.ts';
import { allocate, burst, SECOND } from '../support/syscalls.ts';

const S = SECOND;
const agents = [{ body: [allocate(10), burst(S)] }, { body: [burst(S)] }, { atUs: S / 2, body: [burst(S)] }];

function brokenRun(kernel: Partial<KernelOptionsInput>): KernelError {
  try {
    runAgents({ agents, kernel });
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
  throw new Error('the run ended as if nothing were wrong');
}

/** The default policy, but for some of its methods. */
const scheduling = (methods: Partial<SchedulingPolicy>): Partial<KernelOptionsInput> => ({
  scheduling: (context) => Object.assign(Object.create(priority(context)) as SchedulingPolicy, methods),
});

const loadControl = (methods: Partial<LoadControlPolicy>): Partial<KernelOptionsInput> => ({
  loadControl: (() => ({
    name: 'odd',
    mayStart: () => true,
    toSuspend: () => undefined,
    recheckUs: () => Infinity,
    ...methods,
  })) satisfies CreateLoadControlPolicy,
});

describe('a scheduling policy', () => {
  test.each([0, -1, Number.NaN, 0.5, 1.5])('whose slice is %d µs', (us) => {
    const { code, message } = brokenRun(scheduling({ slice: () => us }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toBe(
      `scheduling policy priority: slice of process 1 is ${us} µs; allowed: an integer of at least 1, or Infinity`,
    );
  });

  test.each([Number.NaN, S + 0.5])('that says %d for when to preempt', (us) => {
    const { code, message } = brokenRun(scheduling({ shouldPreempt: () => us }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toContain(`scheduling policy priority: shouldPreempt of process 1 is ${us} at 0 µs`);
  });

  test('that picks nobody while processes are ready', () => {
    const { code, message } = brokenRun(scheduling({ pick: () => undefined }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toBe(
      'scheduling policy priority: picked nobody at 0 µs; allowed: one of the 1 that are ready',
    );
  });

  test('that picks one twice', () => {
    const { code, message } = brokenRun(scheduling({ pick: () => 1 as Pid, shouldPreempt: () => Infinity }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toMatch(
      /^scheduling policy priority: picked process 1 at \d+ µs; allowed: one of the \d+ that are ready$/,
    );
  });

  test.each(['ready', 'pick', 'charge', 'waiting', 'exited', 'slice', 'shouldPreempt'] as const)(
    'whose %s throws',
    (method) => {
      const boom = new RangeError('no such thing');
      const error = brokenRun(
        scheduling({
          [method]: () => {
            throw boom;
          },
        }),
      );
      expect(error.code).toBe('POLICY_BROKEN');
      expect(error.message).toMatch(
        new RegExp(
          `^scheduling policy priority: ${method} threw no such thing at \\d+ µs; allowed: an answer$`,
        ),
      );
      expect(error.cause).toBe(boom);
    },
  );

  test('whose own assertion fails, is our mistake', () => {
    const pick = (): undefined => assert(false, 'a mistake of ours') as undefined;
    expect(() => brokenRun(scheduling({ pick }))).toThrow(AssertionError);
  });

  test('that always preempts at once lets no time pass', () => {
    const { code, message } = brokenRun(scheduling({ shouldPreempt: (_, nowUs) => nowUs }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toMatch(
      /^scheduling policy priority: \d+ processes were stopped at 0 µs as soon as they had a core/,
    );
  });
});

describe('a paging policy', () => {
  test.each([undefined, null, 1, 'yes'])('that says %s for whether to keep a page', (answer) => {
    const paging: Partial<KernelOptionsInput> = {
      paging: (context) =>
        Object.assign(Object.create(importanceLru(context)) as PagingPolicy, { admit: () => answer }),
    };
    const { code, message } = brokenRun(paging);
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toBe(
      `paging policy importance-lru: admit of page 1 is ${answer === 'yes' ? '"yes"' : answer} at 0 µs; allowed: true or false`,
    );
  });
});

describe('a load-control policy', () => {
  test.each([undefined, null, 1])('that says %s for whether a call may start', (answer) => {
    const { code, message } = brokenRun(loadControl({ mayStart: () => answer as unknown as boolean }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toBe(
      `load-control policy odd: mayStart of process 1 is ${answer} at 0 µs; allowed: true or false`,
    );
  });

  test('that says nothing of one that is kept out', () => {
    let asked = 0;
    const mayStart = (): boolean => (asked++ === 0 ? false : (undefined as unknown as boolean));
    expect(brokenRun(loadControl({ mayStart })).message).toContain('mayStart of process 1 is undefined');
  });

  test.each([0, -5, Number.NaN, 0.5])('that wants to be asked again after %d µs', (us) => {
    const { code, message } = brokenRun(loadControl({ mayStart: () => false, recheckUs: () => us }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toContain(`load-control policy odd: recheckUs is ${us} at 0 µs`);
  });

  test('that suspends whom it does not have', () => {
    const { code, message } = brokenRun(loadControl({ toSuspend: () => 9 as Pid }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toContain('load-control policy odd: toSuspend is process 9');
  });

  test('that suspends at once whom it lets start lets no time pass', () => {
    const { code, message } = brokenRun(loadControl({ toSuspend: () => 1 as Pid }));
    expect(code).toBe('POLICY_BROKEN');
    expect(message).toMatch(/^load-control policy odd: \d+ processes were stopped at 0 µs/);
  });
});
