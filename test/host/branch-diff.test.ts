/** Where two runs part: by process, whatever the order in which the members of a team come to their results. */
import { expect, test } from 'vitest';

import { storedSteps } from '../../src/agents/traces/stored-steps.ts';
import { diffBranches } from '../../src/host/branch-diff.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { ProcessStarted } from '../../src/kernel/records.ts';
import type { BranchRecord } from '../../src/kernel/storage.ts';
import { ended, history, pidOf, processStarted } from '../kernel/storage-records.ts';

const answer = (text: string, toolCalls?: Json): Json => ({
  text,
  tokensIn: 10,
  tokensCached: 0,
  tokensOut: 1,
  ...(toolCalls === undefined ? {} : { toolCalls }),
});
const says = (pid: number, n: number, value: Json): BranchRecord =>
  history(n, { pid: pidOf(pid), result: { ok: true, value } });
const process = (pid: number, parent: number, name: string): ProcessStarted =>
  processStarted({ pid: pidOf(pid), parent: parent === 0 ? 0 : pidOf(parent), name });
const branch = (...records: BranchRecord[]) => ({ records, steps: storedSteps(records, []) });

test('members of a team may take turns otherwise, and have other pids', () => {
  const a = branch(
    process(1, 0, 'team'),
    process(2, 1, 'ann'),
    process(3, 1, 'bob'),
    says(2, 1, answer('of ann')),
    says(3, 1, answer('of bob')),
    says(2, 2, answer('more')),
    ended({ pid: pidOf(2) }),
  );
  const b = branch(
    process(4, 0, 'team'),
    process(7, 4, 'bob'),
    process(5, 4, 'ann'),
    says(7, 1, answer('of bob')),
    says(5, 1, answer('of ann')),
    says(5, 2, answer('more')),
    ended({ pid: pidOf(5) }),
  );
  expect(diffBranches(a, b)).toMatchObject({ common: 4, first: undefined, a: { steps: 0, outcome: '' } });
});

test('two of one name are told apart by who came first; the parting is the earliest of all', () => {
  const start = [process(1, 0, 'team'), process(2, 1, 'x'), process(3, 1, 'x')];
  const a = branch(
    ...start,
    says(2, 1, answer('one')),
    says(3, 1, answer('two')),
    says(2, 2, answer('three')),
  );
  const b = branch(
    ...start,
    says(2, 1, answer('one')),
    says(3, 1, answer('zwei')),
    says(2, 2, answer('drei')),
  );
  const diff = diffBranches(a, b);
  expect(diff.common).toBe(1);
  expect(diff.first).toMatchObject({
    a: { sequence: 2, pid: 3 },
    b: { sequence: 2, pid: 3 },
    differences: [{ field: 'text', a: 'two', b: 'zwei' }],
  });
  expect(diff.a).toMatchObject({ steps: 2, modelCalls: 2, toolCalls: 0 });
});

test('the ids of tool calls are no difference, their arguments are; one that ends sooner has no such step', () => {
  const asked = (id: string, n: number): Json => [{ id, tool: 'add', arguments: { n } }];
  const a = branch(process(1, 0, 'a'), says(1, 1, answer('', asked('x', 1))), says(1, 2, answer('end')));
  const b = branch(process(1, 0, 'a'), says(1, 1, answer('', asked('y', 1))));
  const diff = diffBranches(a, b);
  expect(diff).toMatchObject({ common: 1, first: { a: { sequence: 2 }, b: undefined } });
  const c = branch(process(1, 0, 'a'), says(1, 1, answer('', asked('x', 2))));
  expect(diffBranches(b, c).first?.differences.map(({ field }) => field)).toEqual(['toolCalls']);
});
