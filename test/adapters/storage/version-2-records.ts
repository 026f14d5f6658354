/** What the database of version-2.sql was filled with: of each table some rows. The memory's storage, filled with the same, tells what must be read from it. */
import { sha256Hex } from '../../../src/base/sha256.ts';
import type { KernelRecord } from '../../../src/kernel/records.ts';
import type { StorageManager } from '../../../src/kernel/storage.ts';
import {
  audit,
  checkpoint,
  ended,
  history,
  journal,
  ledger,
  node,
  page,
  pidOf,
  processStarted,
  recording,
  runStarted,
} from '../../kernel/storage-records.ts';

const long = 'What a tool said. '.repeat(20);
const message = JSON.stringify({ role: 'tool', id: 'a', tool: 'read', ok: true, value: long });
const plain = 'plain 😀 '.repeat(30);
const child = { pid: pidOf(2) };
const fork = { branch: 'fork' };

export const pageHashes = [message, plain, long].map((text) => sha256Hex(text));
const [messageHash, plainHash] = pageHashes as [string, string];

const ofFirst: readonly (readonly KernelRecord[])[] = [
  [runStarted({ settings: { note: long } }), processStarted()],
  [
    ledger('reserved', { reservedUs: 900, seq: 1 }),
    history(1, { result: { ok: true, value: { text: long, wide: '\ud800' } }, asked: { model: 'm' } }),
    page({ hash: messageHash, text: message }),
    audit(1, { reasoning: messageHash, person: 'ada' }),
  ],
  [
    journal(1, { type: 'tool.started', n: 2, index: 0, hash: 5, attempt: 0 }),
    processStarted({ ...child, parent: pidOf(1), atUs: 2_000 }),
    ledger('settled', { reservedUs: 900, seq: 1, atUs: 2_000 }),
  ],
  [
    journal(2, {
      type: 'tool.ended',
      n: 2,
      index: 0,
      hash: 5,
      attempt: 0,
      result: { ok: true, value: long },
      isRepeated: false,
      atUs: 3_000,
    }),
    history(1, { ...child, atUs: 3_000, result: { ok: false, code: 'TIMEOUT', message: 'late' } }),
    history(2, { atUs: 3_000, kind: 'callTools', result: { ok: true, value: [{ ok: true, value: long }] } }),
    journal(3, { type: 'message.sent', from: 0, message: { text: 'hello' }, atUs: 3_100 }),
    audit(2, { action: 'tool/read', input: `prompt/${messageHash}/12` }),
  ],
  [checkpoint(3, { tip: 't1', nodes: [node(messageHash), node(plainHash)], atUs: 4_000 })],
  [page({ hash: plainHash, text: plain }), history(3, { kind: 'checkpoint', atUs: 4_000 })],
  [checkpoint(4, { tip: 't2', base: 't1', keep: 1, nodes: [node('p')], atUs: 4_500 })],
  [journal(4, { type: 'answer.partial', n: 4, text: 'half', atUs: 5_000 }), ended({ ...child, atUs: 6_000 })],
  [
    runStarted({ ...fork, origin: { kind: 'fork', branch: 'main', after: 1 } }),
    processStarted(fork),
    history(1, fork),
  ],
  [recording(1, { lines: [{ text: long }] }), recording(2)],
];

const inSecond = { run: 'r2' };

const ofSecond: readonly (readonly KernelRecord[])[] = [
  [runStarted(inSecond), processStarted(inSecond), page({ ...inSecond, hash: messageHash, text: message })],
  [history(1, { ...inSecond, result: { ok: true, value: long } }), audit(1, inSecond)],
  [ledger('reserved', inSecond), ended(inSecond)],
];

const inThird = { run: 'r3' };

const ofThird: readonly (readonly KernelRecord[])[] = [
  [runStarted(inThird), processStarted(inThird), page({ ...inThird, hash: 'h', text: 'only here' })],
  [ledger('reserved', inThird), audit(1, inThird), ended(inThird)],
];

/** The runs r1 (not over), r2 and r3 (pruned), and a memory. */
export async function fill(storage: StorageManager): Promise<void> {
  for (const [index, records] of [...ofFirst, ...ofSecond, ...ofThird].entries())
    await storage.append(records, { writer: 'writer', number: index + 1 });
  await storage.prune({ runs: ['r3'], atUs: 9_000 });
  const identity = { run: 'r1', branch: 'main', pid: pidOf(1), n: 3, index: 0 };
  await storage.remember({ identity, scope: 's', key: 'k', text: 'cold night', atUs: 1 });
}
