/** What an audit log is checked against where a run has several branches: each result by the branch that has it. */
import { expect, test } from 'vitest';

import { sha256Hex } from '../../src/base/sha256.ts';
import { AuditContents } from '../../src/host/audit-contents.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { WholeRun } from '../../src/kernel/storage.ts';
import { audit, history, journal, processStarted, runStarted } from '../kernel/storage-records.ts';

const hashOf = (value: Json): string => sha256Hex(JSON.stringify(value));
const first = { written: 1 };
const second = { written: 2 };
const call = { n: 2, index: 0, hash: 5, attempt: 0 } as const;
const told = (value: Json) => audit(2, { action: 'tool/write', input: '', output: hashOf(value) });

/** In main the batch of syscall 2 was cut off behind its write; a rewind has done it again. */
async function redone(): Promise<WholeRun> {
  const storage = new MemoryStorage();
  const branch = 'rewind-1';
  const args = { text: 'x' };
  await storage.append([
    runStarted(),
    processStarted(),
    history(1),
    journal(1, { type: 'tool.started', ...call, tool: 'write', arguments: args }),
    journal(2, { type: 'tool.ended', ...call, result: { ok: true, value: first }, isRepeated: false }),
    told(first),
    runStarted({ branch, origin: { kind: 'rewind', branch: 'main', after: 1 } }),
    processStarted({ branch }),
    history(1, { branch }),
    history(2, {
      branch,
      kind: 'callTools',
      asked: [{ tool: 'write', arguments: args }],
      result: { ok: true, value: [{ ok: true, value: second }] },
    }),
    told(second),
  ]);
  return (await storage.whole('r1'))!;
}

const changes = (run: WholeRun, checked = run): readonly (string | undefined)[] => {
  const contents = new AuditContents(run);
  return checked.audit.map(({ record }) => contents.changed(record));
};

test('a batch that was cut off in one branch and done in another: each entry is of its own result', async () => {
  expect(changes(await redone())).toEqual([undefined, undefined]);
});

test('either result is missed when it is another one', async () => {
  const run = await redone();
  const changed = (from: Json, to: Json): WholeRun => ({
    audit: run.audit,
    records: JSON.parse(JSON.stringify(run.records).replaceAll(JSON.stringify(from), JSON.stringify(to))),
  });
  expect(changes(changed(first, { written: 7 }))).toEqual(['output', undefined]);
  expect(changes(changed(second, { written: 7 }))).toEqual([undefined, 'output']);
});
