import { expect, test } from 'vitest';

import { KernelError } from '../../src/kernel/errors.ts';
import {
  loadControlPolicies,
  loadControlPolicy,
  pagingPolicies,
  pagingPolicy,
  schedulingPolicies,
  schedulingPolicy,
  sessionPolicies,
} from '../../src/policies/index.ts';

/** In the order in which they are shown. */
const pagingNames =
  'fifo lru mru random clock lfu lfu-da slru two-q lru-k lirs arc car clock-pro sieve s3-fifo w-tinylfu gdsf hyperbolic lecar cacheus lhd opt importance-lru'.split(
    ' ',
  );

const families = [
  {
    field: 'scheduler',
    table: schedulingPolicies,
    lookUp: schedulingPolicy,
    names:
      'fifo, round-robin, sjf, srtf, priority-preemptive, priority-nonpreemptive, priority, hrrn, mlfq, lottery, stride, cfs, eevdf, edf, vtc, plas, atlas, justitia, random',
  },
  {
    field: 'paging',
    table: { ...pagingPolicies, ...sessionPolicies },
    lookUp: pagingPolicy,
    names: [...pagingNames, ...Object.keys(sessionPolicies)].join(', '),
  },
  {
    field: 'loadControl',
    table: loadControlPolicies,
    lookUp: loadControlPolicy,
    names: 'none, working-set, page-fault-frequency, pause-and-restore',
  },
] as const;

for (const { field, table, lookUp, names } of families) {
  test(`${field}: every name finds its row`, () => {
    expect(Object.keys(table).join(', ')).toBe(names);
    for (const [name, create] of Object.entries(table)) expect(lookUp(name)).toBe(create);
  });

  test(`${field}: another name is bad input that says what is allowed`, () => {
    for (const name of ['', 'best', 'constructor', 'toString', 'Fifo']) {
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
