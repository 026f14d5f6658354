import { expect, test } from 'vitest';

import { KernelError } from '../../src/kernel/errors.ts';
import {
  loadControlPolicies,
  loadControlPolicy,
  pagingPolicies,
  pagingPolicy,
  schedulingPolicies,
  schedulingPolicy,
} from '../../src/policies/index.ts';

const families = [
  {
    field: 'scheduler',
    table: schedulingPolicies,
    lookUp: schedulingPolicy,
    names: 'priority, fifo, round-robin',
  },
  {
    field: 'paging',
    table: pagingPolicies,
    lookUp: pagingPolicy,
    names:
      'importance-lru, lru, fifo, mru, random, lfu, lfu-da, gdsf, opt, clock, arc, sieve, slru, two-q, s3-fifo, car, lirs, w-tinylfu',
  },
  { field: 'loadControl', table: loadControlPolicies, lookUp: loadControlPolicy, names: 'none, working-set' },
] as const;

for (const { field, table, lookUp, names } of families) {
  test(`${field}: every name finds its row`, () => {
    expect(Object.keys(table).join(', ')).toBe(names);
    for (const [name, create] of Object.entries(table)) expect(lookUp(name)).toBe(create);
  });

  test(`${field}: another name is bad input that says what is allowed`, () => {
    for (const name of ['', 'lottery', 'constructor', 'toString', 'Fifo']) {
      let thrown: unknown;
      try {
        lookUp(name);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(KernelError);
      expect(thrown).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `${field}: ${JSON.stringify(name)} is not allowed; allowed: ${names}`,
        detail: { field, value: name, allowed: names },
      });
    }
  });
}
