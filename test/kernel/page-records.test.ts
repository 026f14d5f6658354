/** Which texts a run brings to storage: all of its own, whatever others have brought, for they may be removed with it. */
import { expect, test } from 'vitest';

import { allocate, SECOND, sleep } from '../support/syscalls.ts';
import { SteppedKernel } from '../support/step-kernel.ts';

test('each run tells the texts of its pages, once', () => {
  const read = allocate(10, { text: 'what both of them read' });
  const body = [read, read, sleep(SECOND)];
  const kernel = new SteppedKernel({ agents: [{ body }, { body }] });
  kernel.spawn(0, 1);
  kernel.spawn(1, 2);
  const told = kernel.records.flatMap((record) => (record.type === 'page' ? [record.run] : []));
  expect(told).toEqual(['run-1', 'run-2']);
});
