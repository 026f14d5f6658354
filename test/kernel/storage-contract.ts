/** The promises of a StorageManager: every adapter runs this suite. A case it can't meet is skipped with a written reason. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sha256Hex } from '../../src/base/sha256.ts';
import { verifyAuditChain } from '../../src/kernel/audit-log.ts';
import { PromptChain } from '../../src/kernel/checkpoint-chain.ts';
import type { KernelRecord, PromptNode } from '../../src/kernel/records.ts';
import type { BranchRecord, JournalFilter, Memory, StorageManager } from '../../src/kernel/storage.ts';
import { pruneContract, sharedPruneContract } from './prune-contract.ts';
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
} from './storage-records.ts';

/** `create` gives an empty storage each time. `ranksByTermOverlap`: its recall counts shared words, and nothing else. */
export function storageContract(
  name: string,
  create: () => StorageManager | Promise<StorageManager>,
  { ranksByTermOverlap = true } = {},
): void {
  /** A storage that holds run r1 with process 1. */
  async function started(...records: KernelRecord[]): Promise<StorageManager> {
    const storage = await create();
    await storage.append([runStarted(), processStarted(), ...records]);
    return storage;
  }

  async function expectRefused(storage: StorageManager, records: KernelRecord[], why: RegExp): Promise<void> {
    const before = await everything(storage);
    const error: unknown = await storage.append(records).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'KernelError', code: 'STORAGE_FAILED' });
    expect((error as Error).message).toMatch(why);
    expect((error as Error).message).not.toContain('\n');
    expect(await everything(storage)).toEqual(before);
  }

  pruneContract(name, create);

  describe(`${name}: storage contract`, () => {
    test('history, journal and ledger are read in part, and a tally tells what they come to', async () => {
      const child = { pid: pidOf(2) };
      const failed = { ok: false, code: 'TIMEOUT', message: 'late' } as const;
      const call = { type: 'tool.started', index: 0, hash: 5, attempt: 0 } as const;
      const message = { type: 'message.sent', from: 0 } as const;
      const storage = await started(
        processStarted(child),
        history(1),
        history(2, { kind: 'receive', result: failed }),
        journal(1, { ...call, n: 3 }),
        journal(2, { ...message, message: 'first' }),
        history(3, { kind: 'receive' }),
        journal(3, { ...message, message: 'x'.repeat(400) }),
        journal(4, { ...call, n: 4 }),
        history(1, child),
        history(4, { kind: 'receive', result: failed }),
        ledger('reserved'),
      );
      await storage.append([runStarted({ run: 'r2' }), ledger('reserved', { run: 'r2' })]);
      const address = { run: 'r1', branch: 'main', pid: pidOf(1) };
      const kinds = ['receive'];
      const ns = async (filter: object): Promise<readonly number[]> =>
        (await storage.history('r1', filter)).map(({ n }) => n);
      expect(await ns({ kinds })).toEqual([2, 3, 4]);
      expect(await ns({ ...address, kinds, after: 2 })).toEqual([3, 4]);
      expect(await ns({ kinds: ['think'] })).toEqual([1, 1]);
      expect(await ns({ kinds: [] })).toEqual([]);
      const seqs = async (filter: JournalFilter): Promise<readonly number[]> =>
        (await storage.journal(address, filter)).map(({ seq }) => seq);
      expect(await seqs({ types: ['tool.started', 'tool.ended'] })).toEqual([1, 4]);
      expect(await seqs({ types: ['tool.started'], after: 3 })).toEqual([4]);
      expect(await seqs({ after: 3 })).toEqual([4]);
      expect(await seqs({ types: ['message.sent'], skip: 1 })).toEqual([3]);
      expect(await seqs({ types: ['message.sent'], skip: 9 })).toEqual([]);
      expect(await storage.tally(address)).toEqual({
        results: [
          { kind: 'think', code: '', count: 1 },
          { kind: 'receive', code: 'TIMEOUT', count: 2 },
          { kind: 'receive', code: '', count: 1 },
        ],
        lastN: 4,
        lastSeq: 4,
      });
      const nothing = { results: [], lastN: 0, lastSeq: 0 };
      expect(await storage.tally({ ...address, run: 'none' })).toEqual(nothing);
      expect((await storage.ledger({ run: 'r2' })).map(({ run }) => run)).toEqual(['r2']);
      expect(await storage.ledger({ run: 'none' })).toEqual([]);
    });

    test('a checkpoint of a prompt that was cut and grew again is whole', async () => {
      const storage = await started();
      const chain = new PromptChain();
      const nodes = Array.from({ length: 12 }, (_, number) => node(sha256Hex(`page ${number}`), { number }));
      const prompts = [
        nodes.slice(0, 4),
        nodes.slice(0, 8),
        [nodes[0]!, ...nodes.slice(6, 9)],
        [nodes[0]!, ...nodes.slice(6, 10)],
        [nodes[0]!, nodes[6]!, ...nodes.slice(10)],
        [nodes[0]!, nodes[6]!, nodes[10]!, nodes[3]!],
      ];
      for (const [index, prompt] of prompts.entries()) {
        await storage.append([checkpoint(index + 1, chain.next(prompt))]);
        const loaded = await storage.lastCheckpoint({ run: 'r1', branch: 'main', pid: pidOf(1) });
        expect(loaded!.nodes).toEqual(prompt);
      }
    });

    test('an empty storage holds nothing', async () => {
      const storage = await create();
      expect(await storage.runs()).toEqual([]);
      expect(await storage.ledger()).toEqual([]);
      expect(await storage.history('r1')).toEqual([]);
      expect(await storage.processes('r1')).toEqual([]);
      expect(await storage.audit('r1')).toEqual([]);
      expect(await storage.pages(['h'])).toEqual(new Map());
      expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true, head: { count: 0 } });
      expect(await storage.journal(address)).toEqual([]);
      expect(await storage.lastCheckpoint(address)).toBeUndefined();
      await storage.append([]);
      expect(await storage.runs()).toEqual([]);
    });

    test('hands back all that a branch holds in the order of the appends, and nothing of another', async () => {
      const long = 'long '.repeat(100);
      const other = { branch: 'fork-1' } as const;
      const records: BranchRecord[] = [
        journal(1),
        history(1, { asked: [{ tool: 'write', arguments: { text: long } }] }),
        processStarted({ pid: pidOf(2), parent: pidOf(1) }),
        journal(2, {
          type: 'tool.started',
          n: 2,
          index: 0,
          hash: 1,
          attempt: 0,
          tool: 'write',
          arguments: { text: long },
        }),
        history(1, { pid: pidOf(2) }),
        ended({ pid: pidOf(2) }),
        checkpoint(2),
        history(2, { asked: { purpose: 'reflection' } }),
        ended(),
      ];
      const storage = await started(...records.slice(0, 3));
      await storage.append([ledger('reserved'), audit(1), runStarted(other), processStarted(other)]);
      await storage.append([...records.slice(3, 6), history(1, other)]);
      await storage.append(records.slice(6));
      expect(await storage.records('r1', 'main')).toEqual([processStarted(), ...records]);
      expect(await storage.records('r1', 'fork-1')).toEqual([processStarted(other), history(1, other)]);
      expect(await storage.records('r1', 'fork-2')).toEqual([]);
      expect(await storage.records('r2', 'main')).toEqual([]);
      const [first] = await storage.history('r1', { pid: pidOf(1), branch: 'main' });
      expect(first).toEqual(records[1]);
      await expectRefused(
        storage,
        [history(2, { asked: { purpose: 'critique' } })],
        /stored already, with another content/,
      );
    });

    test('hands back what was appended, in its order', async () => {
      const storage = await started(history(1), ledger('reserved'), ledger('settled'), history(2));
      await storage.append([
        processStarted({ pid: pidOf(2), parent: pidOf(1) }),
        history(1, { pid: pidOf(2) }),
      ]);
      await storage.append([history(3), ended()]);

      expect(await storage.history('r1')).toEqual([
        history(1),
        history(2),
        history(1, { pid: pidOf(2) }),
        history(3),
      ]);
      expect(await storage.history('r1', { pid: pidOf(1), after: 1 })).toEqual([history(2), history(3)]);
      expect(await storage.history('r1', { pid: pidOf(1), branch: 'main', after: 2 })).toEqual([history(3)]);
      expect(await storage.processes('r1')).toEqual([
        { ...processStarted(), end: ended() },
        processStarted({ pid: pidOf(2), parent: pidOf(1) }),
      ]);
      expect(await storage.ledger()).toEqual([ledger('reserved'), ledger('settled')]);
      expect(await storage.runs()).toEqual([
        { run: 'r1', startedUs: 0, branches: ['main'], processes: 2, unfinished: 1 },
      ]);
    });

    test('one run is told of as among all of them, also when it was pruned', async () => {
      const storage = await started();
      await storage.append([runStarted({ run: 'r2' }), processStarted({ run: 'r2' })]);
      await storage.append([ended({ run: 'r2' }), audit(1, { run: 'r2' })]);
      await storage.lease({ run: 'r1', holder: 'a', atUs: 1, untilUs: 5 });
      await storage.prune({ runs: ['r2'], atUs: 9 });
      const all = await storage.runs();
      expect(all.map(({ run }) => run)).toEqual(['r1', 'r2']);
      expect(await storage.runs({ run: 'r1' })).toEqual([all[0]]);
      expect(await storage.runs({ run: 'r2' })).toEqual([all[1]]);
      expect(await storage.runs({ run: 'r3' })).toEqual([]);
    });

    test('appends that are not awaited one by one keep their order', async () => {
      const storage = await started();
      await Promise.all([1, 2, 3, 4, 5].map((n) => storage.append([history(n)])));
      expect((await storage.history('r1')).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
    });

    test('takes records as they read at the time of the call, and gives copies away', async () => {
      const storage = await started();
      const state = { found: ['a'] };
      const batch: KernelRecord[] = [
        history(1, { result: { ok: true, value: state } }),
        checkpoint(2, { state }),
      ];
      const appended = storage.append(batch);
      state.found.push('later');
      batch.length = 0;
      await appended;
      const loaded = await storage.lastCheckpoint(address);
      (loaded!.state as { found: string[] }).found.push('by the reader');
      const [first] = await storage.history('r1');
      (first!.result as unknown as { value: { found: string[] } }).value.found.push('by the reader');

      expect((await storage.lastCheckpoint(address))!.state).toEqual({ found: ['a'] });
      expect((await storage.history('r1'))[0]!.result).toEqual({ ok: true, value: { found: ['a'] } });
    });

    test('a member named __proto__ is data like another', async () => {
      const state = JSON.parse('{"__proto__":{"a":1},"b":2}');
      const storage = await started(checkpoint(1, { state }));
      expect(JSON.stringify((await storage.lastCheckpoint(address))!.state)).toBe(JSON.stringify(state));
    });

    test('the same record again changes nothing', async () => {
      const { chain, deltas } = promptsOf([[node('a')], [node('a'), node('b')]]);
      const batch = [
        runStarted(),
        processStarted(),
        history(1),
        journal(1),
        journal(2, { type: 'message.sent', from: pidOf(7), message: { a: [1] } }),
        checkpoint(2, deltas[0]),
        checkpoint(3, deltas[1]),
        ledger('reserved'),
        ledger('settled'),
        page({ hash: sha256Hex('text') }),
        ended(),
      ];
      const storage = await create();
      await storage.append(batch);
      const before = await everything(storage);
      await storage.append(batch);
      await storage.append([reversedFields(history(1)), reversedFields(ended())]);
      expect(await everything(storage)).toEqual(before);
      expect((await storage.lastCheckpoint(address))!.tip).toBe(chain.tip);
    });

    test('another record in the place of a stored one is refused', async () => {
      const storage = await started(
        history(1),
        journal(1),
        checkpoint(2),
        ledger('reserved'),
        ledger('settled'),
        page(),
        ended(),
      );
      await expectRefused(storage, [runStarted({ atUs: 9 })], /another content/);
      await expectRefused(storage, [processStarted({ priority: 1 })], /another content/);
      await expectRefused(storage, [history(1, { hash: 18 })], /^history record \(run "r1".*another content/);
      await expectRefused(storage, [journal(1, { type: 'signal.sent', signal: 'kill' })], /another content/);
      await expectRefused(storage, [checkpoint(2, { state: 'other' })], /another content/);
      await expectRefused(storage, [ledger('reserved', { tokens: 1 })], /another content/);
      await expectRefused(storage, [ledger('settled', { tokens: 1 })], /another content/);
      await expectRefused(storage, [page({ text: 'other' })], /another text/);
    });

    test('a process ends once, and nothing happens to it afterwards', async () => {
      const storage = await started(history(1), ledger('reserved'), ended());
      await expectRefused(storage, [ended({ outcome: 'killed' })], /another content/);
      await expectRefused(storage, [ended({ atUs: 2_000 })], /another content/);
      await expectRefused(storage, [history(2)], /after the end of its process/);
      await expectRefused(storage, [journal(1)], /after the end of its process/);
      await expectRefused(storage, [checkpoint(2)], /after the end of its process/);
      await expectRefused(storage, [ledger('reserved', { n: 2 })], /after the end of its process/);
      // A stopped call ends after its process: what it used is still settled and audited.
      await storage.append([ledger('settled'), audit(1)]);
      expect(await storage.ledger()).toHaveLength(2);
      expect(await storage.audit('r1')).toHaveLength(1);
    });

    test('ends come back in the order of their append, and no end that was refused with its batch', async () => {
      const pids = [3, 1, 2].map(pidOf);
      const storage = await started(
        processStarted({ pid: pidOf(2), parent: pidOf(1) }),
        processStarted({ pid: pidOf(3), parent: pidOf(1) }),
      );
      for (const pid of pids) {
        await expectRefused(storage, [ended({ pid }), history(9, { run: 'r2' })], /has not started/);
        await storage.append([ended({ pid })]);
      }
      await storage.append([ended({ pid: pidOf(3) })]);
      expect((await storage.ends('r1')).map(({ pid }) => pid)).toEqual(pids);
      await expect(storage.ends('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test('of two ends that race, one wins', async () => {
      const storage = await started();
      const ends = [ended({ outcome: 'completed' }), ended({ outcome: 'killed' })];
      const outcomes = await Promise.allSettled(ends.map((end) => storage.append([end])));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = ends[outcomes.findIndex(({ status }) => status === 'fulfilled')];
      expect((await storage.processes('r1'))[0]!.end).toEqual(winner);
    });

    test('a history grows at its end only', async () => {
      const storage = await started(history(1), history(5), checkpoint(6));
      await expectRefused(storage, [history(3)], /comes after n 5/);
      await expectRefused(storage, [checkpoint(4)], /comes after n 6/);
      await storage.append([history(6), history(8)]);
    });

    test('a journal grows by the next number, one for each process', async () => {
      const storage = await started(journal(1), processStarted({ pid: pidOf(2) }));
      await expectRefused(storage, [journal(3)], /is number 3, where 2 comes next/);
      await expectRefused(storage, [journal(0)], /seq: 0 is not allowed/);
      await expectRefused(storage, [journal(1, { pid: pidOf(3) })], /process that has not started/);
      const ended = { type: 'tool.ended', n: 1, index: 0, hash: 5, attempt: 0, isRepeated: false } as const;
      const mail = journal(2, { type: 'message.sent', from: pidOf(2), message: ['hello'] });
      await storage.append([journal(1, { pid: pidOf(2) }), mail]);
      await storage.append([journal(3, { ...ended, result: { ok: true, value: { a: 1 } } })]);
      expect(await storage.journal(address)).toEqual([
        journal(1),
        mail,
        journal(3, { ...ended, result: { ok: true, value: { a: 1 } } }),
      ]);
      expect(await storage.journal({ ...address, pid: pidOf(2) })).toEqual([journal(1, { pid: pidOf(2) })]);
    });

    test('whoever asks may name a process by more than its address', async () => {
      const storage = await started(history(1), journal(1), checkpoint(2));
      const [process] = await storage.processes('r1');
      expect(await storage.journal(process!)).toEqual([journal(1)]);
      expect(await storage.lastCheckpoint(process!)).toEqual(await storage.lastCheckpoint(address));
      expect(await storage.history('r1', process)).toEqual([history(1)]);
    });

    test('a rejected batch changes nothing, whatever stands before the bad record', async () => {
      const storage = await started(history(1), ledger('reserved'), audit(1));
      const { deltas } = promptsOf([[node('a')]]);
      const good: KernelRecord[] = [
        runStarted({ run: 'r2' }),
        processStarted({ run: 'r2' }),
        runStarted({ branch: 'b2' }),
        processStarted({ branch: 'b2' }),
        processStarted({ pid: pidOf(2) }),
        history(2),
        history(1), // there already: must survive
        journal(1),
        checkpoint(3, deltas[0]),
        ledger('settled'),
        audit(2),
        page({ hash: sha256Hex('text') }),
        ended(),
      ];
      await expectRefused(storage, [...good, history(9)], /after the end/);
      await expectRefused(storage, [...good, history(9, { run: 'r3' })], /has not started/);
      await storage.append(good);
      expect(await storage.runs()).toHaveLength(2);
      expect(await storage.processes('r1')).toHaveLength(3);
      expect(await storage.ledger()).toEqual([ledger('reserved'), ledger('settled')]);
      expect(await storage.audit('r1')).toHaveLength(2);
    });

    test('a rejected append leaves those beside it alone', async () => {
      const storage = await started();
      const outcomes = await Promise.allSettled([
        storage.append([history(1)]),
        storage.append([history(1, { hash: 99 })]),
        storage.append([history(2)]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await storage.history('r1')).toEqual([history(1), history(2)]);
    });

    test('records that are not what they must be are refused', async () => {
      const storage = await started();
      const versioned = { v: 2 } as const;
      await expectRefused(
        storage,
        [history(1, versioned)],
        /^history record: v: 2 is not allowed; allowed: 1$/,
      );
      await expectRefused(storage, [ended({ v: 0 })], /v: 0 is not allowed/);
      await expectRefused(
        storage,
        [{ ...history(1), type: 'gossip' } as never],
        /type: "gossip" is not allowed/,
      );
      await expectRefused(storage, [runStarted({ run: '' })], /run: "" is not allowed/);
      await expectRefused(
        storage,
        [{ ...history(1), run: undefined } as never],
        /run: undefined is not allowed/,
      );
      await expectRefused(storage, [history(1, { branch: '' })], /branch: "" is not allowed/);
      await expectRefused(storage, [history(1, { pid: pidOf(0) })], /pid: 0 is not allowed/);
      await expectRefused(storage, [history(1.5)], /n: 1.5 is not allowed/);
      await expectRefused(storage, [audit(-1)], /n: -1 is not allowed/);
      await expectRefused(storage, [runStarted({ run: 'a\nb', v: 7 })], /v: 7/);
      await expectRefused(storage, [history(1, { run: 'a\nb' })], /"a\\nb".*has not started/);
    });

    test('records of what has not started are refused', async () => {
      const storage = await started();
      await expectRefused(storage, [processStarted({ run: 'r2' })], /run that has not started/);
      await expectRefused(storage, [processStarted({ branch: 'b2' })], /branch that has not started/);
      await expectRefused(storage, [history(1, { pid: pidOf(2) })], /process that has not started/);
      await expectRefused(storage, [checkpoint(1, { branch: 'b2' })], /process that has not started/);
      await expectRefused(storage, [ended({ pid: pidOf(2) })], /process that has not started/);
      await expectRefused(storage, [ledger('reserved', { run: 'r2' })], /run that has not started/);
      await expectRefused(storage, [audit(1, { run: 'r2' })], /run that has not started/);
      await expectRefused(storage, [page({ run: 'r2' })], /run that has not started/);
    });

    test('a run sees its own records only', async () => {
      const storage = await started(history(1), checkpoint(2, { state: 'of r1' }), audit(1), ended());
      const other = { run: 'r2' } as const;
      await storage.append([runStarted(other), processStarted(other)]);
      expect(await storage.lastCheckpoint({ ...address, ...other })).toBeUndefined();
      expect(await storage.history('r2')).toEqual([]);
      expect(await storage.processes('r2')).toEqual([processStarted(other)]);
      expect(await storage.audit('r2')).toEqual([]);
      // The same pid and syscall number are another call there.
      await storage.append([history(1, { ...other, hash: 99 }), checkpoint(2, { ...other, state: 'of r2' })]);
      expect((await storage.lastCheckpoint(address))!.state).toBe('of r1');
      expect((await storage.lastCheckpoint({ ...address, ...other }))!.state).toBe('of r2');
      await expect(storage.lastCheckpoint({ ...address, run: '' })).rejects.toThrow(/run: "" is not allowed/);
      await expect(storage.history('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(storage.processes('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(storage.audit('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(storage.verifyAudit('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test('a branch goes its own way', async () => {
      const storage = await started(history(1), checkpoint(2, { state: 'main' }), ended());
      const branch = { branch: 'b2' } as const;
      await storage.append([runStarted(branch), processStarted(branch), history(1, { ...branch, hash: 99 })]);
      expect(await storage.history('r1', branch)).toEqual([history(1, { ...branch, hash: 99 })]);
      expect(await storage.history('r1', { branch: 'main' })).toEqual([history(1)]);
      expect(await storage.processes('r1', branch)).toEqual([processStarted(branch)]);
      expect(await storage.ends('r1')).toEqual([ended()]);
      expect(await storage.ends('r1', branch)).toEqual([]);
      expect(await storage.processes('r1')).toHaveLength(2);
      expect(await storage.lastCheckpoint({ ...address, ...branch })).toBeUndefined();
      expect(await storage.runs()).toMatchObject([{ branches: ['main', 'b2'], processes: 2, unfinished: 1 }]);
      await storage.append([ledger('reserved', { n: 7 })]); // it lives on in b2
    });

    test('each branch tells how it was started, with the settings of its run', async () => {
      const storage = await create();
      const settings = { model: 'm', text: 'long '.repeat(100), '\0nul': ['\0#x'] };
      const [main, other] = [runStarted({ settings }), runStarted({ branch: 'b2', settings: 'short' })];
      const plain = runStarted({ run: 'r2' });
      await storage.append([main, plain]);
      await storage.append([other]);
      expect(await storage.branches('r1')).toEqual([main, other]);
      expect(await storage.branches('r2')).toEqual([plain]);
      expect(await storage.branches('r3')).toEqual([]);
      await storage.append([main]);
      await expectRefused(
        storage,
        [runStarted({ settings: { ...settings, model: 'n' } })],
        /another content/,
      );
      await expect(storage.branches('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    test('a checkpoint comes back with its whole prompt', async () => {
      const prompts = [
        [node('system', { pinned: true, importance: 1 }), node('question')],
        [node('system', { pinned: true, importance: 1 }), node('question'), node('answer')],
        [node('system', { pinned: true, importance: 1 }), node('', { space: 's', first: 4, pages: 9 })],
        [],
        [node('new start')],
      ];
      const storage = await started();
      const { deltas } = promptsOf(prompts);
      for (const [index, delta] of deltas.entries()) {
        const fields = { ...delta, random: { words: [index] }, atUs: 100 * index };
        await storage.append([checkpoint(index + 1, fields)]);
        expect(await storage.lastCheckpoint(address)).toEqual({
          ...address,
          n: index + 1,
          state: { step: index + 1 },
          nextPage: 1,
          tip: delta.tip,
          nodes: prompts[index],
          random: { words: [index] },
          atUs: 100 * index,
        });
      }
    });

    test('a checkpoint that does not build on the one before it is refused', async () => {
      const { deltas } = promptsOf([[node('a')], [node('a'), node('b')], [node('a'), node('b'), node('c')]]);
      const storage = await started(checkpoint(1, deltas[0]), checkpoint(2, deltas[1]));
      await expectRefused(
        storage,
        [checkpoint(3, { ...deltas[2]!, base: deltas[0]!.tip })],
        /not the tip of the one before/,
      );
      await expectRefused(
        storage,
        [checkpoint(3, { ...deltas[2]!, keep: 3 })],
        /keeps 3 nodes of the 2 before it/,
      );
      await expectRefused(storage, [checkpoint(3, { ...deltas[2]!, keep: -1 })], /keeps -1/);
      await expectRefused(
        storage,
        [checkpoint(3, { ...deltas[0]!, keep: 1 })],
        /keeps 1 nodes of the 0 before it/,
      );
      await storage.append([checkpoint(3, deltas[2])]);
    });

    test('a checkpoint whose prompt is not what its tip names is not handed out', async () => {
      const { deltas } = promptsOf([[node('a'), node('b')]]);
      const forged = { ...deltas[0]!, nodes: [node('a'), node('b', { tokens: 101 })] };
      const storage = await started(checkpoint(1, forged));
      await expect(storage.lastCheckpoint(address)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await expect(storage.lastCheckpoint(address)).rejects.toThrow(/^checkpoint: names its prompt [^\n]*$/);
    });

    test('a page is stored once for all runs, and proves itself by its hash', async () => {
      const hash = sha256Hex('a long tool result');
      const storage = await started(page({ hash, text: 'a long tool result' }));
      await storage.append([
        runStarted({ run: 'r2' }),
        page({ run: 'r2', hash, text: 'a long tool result' }),
      ]);
      expect(await storage.pages([hash, sha256Hex('unknown')])).toEqual(
        new Map([[hash, 'a long tool result']]),
      );
      await storage.append([page({ hash: 'forged', text: 'x' })]);
      await expect(storage.pages(['forged'])).rejects.toThrow(/page "forged": its text has another hash/);
    });

    test('the audit log of each run is a chain of its own', async () => {
      const second = { pid: pidOf(2) } as const;
      const storage = await started(processStarted(second), audit(1), audit(1, second), audit(2));
      await storage.append([runStarted({ run: 'r2' }), audit(1, { run: 'r2' }), audit(3)]);
      const entries = await storage.audit('r1');
      expect(entries.map(({ record }) => record)).toEqual([audit(1), audit(1, second), audit(2), audit(3)]);
      expect(entries.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      expect((await storage.audit('r1', second)).map(({ index }) => index)).toEqual([1]);
      expect(await storage.audit('r2')).toHaveLength(1);

      const verdict = await storage.verifyAudit('r1');
      expect(verdict).toEqual({ ok: true, head: { count: 4, hash: entries[3]!.hash } });
      expect(verifyAuditChain(entries, { count: 4, hash: entries[3]!.hash }).ok).toBe(true);
      expect(await storage.verifyAudit('r2')).toMatchObject({ ok: true, head: { count: 1 } });
    });

    test('a named batch that comes again is stored once', async () => {
      const storage = await started();
      const [w, v] = [storage.newWriter(), storage.newWriter()];
      expect(w).not.toBe(v);
      const batch = { writer: w, number: 1 };
      await storage.append([history(1), audit(1)], batch);
      const before = await everything(storage);
      // What was stored is told by the number alone.
      await storage.append([history(1), audit(1)], batch);
      await storage.append([history(7)], { ...batch });
      expect(await everything(storage)).toEqual(before);
      await storage.append([audit(1)], { writer: w, number: 2 });
      await storage.append([audit(1)], { writer: v, number: 1 });
      await storage.append([], { writer: w, number: 3 });
      for (const number of [1, 2, 3]) await storage.append([audit(1)], { writer: w, number });
      expect(await storage.audit('r1')).toHaveLength(3);
      expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true });
    });

    test('a named batch beside its repetition is stored once', async () => {
      const storage = await started();
      const numbers = [1, 1, 2, 2, 1, 3];
      await Promise.all(numbers.map((number) => storage.append([audit(number)], { writer: 'w', number })));
      expect((await storage.audit('r1')).map(({ record }) => record.n)).toEqual([1, 2, 3]);
    });

    test('a named batch that is refused leaves its number to another', async () => {
      const storage = await started(history(1));
      const append = (records: KernelRecord[], number: number): Promise<void> =>
        storage.append(records, { writer: 'w', number });
      await append([audit(1)], 1);
      await expect(append([audit(2), history(1, { hash: 99 })], 2)).rejects.toThrow(/another content/);
      await expect(append([audit(2)], 4)).rejects.toThrow(
        /^batch of writer "w": number: 4 is not allowed; allowed: 2, the next$/,
      );
      await append([audit(2)], 2);
      expect(await storage.audit('r1')).toHaveLength(2);
      await expect(storage.append([audit(3)], { writer: '', number: 1 })).rejects.toThrow(
        /^writer: "" is not allowed/,
      );
      await expect(append([audit(3)], 0)).rejects.toThrow(/^number: 0 is not allowed/);
    });

    test('an audit record that is appended twice is two entries', async () => {
      const storage = await started(audit(1), audit(1));
      await storage.append([audit(1)]);
      expect(await storage.audit('r1')).toHaveLength(3);
      expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true });
    });

    test('an audit or ledger record with a number that JSON lacks is refused', async () => {
      const storage = await started();
      const costly = audit(1, { microDollars: Number.POSITIVE_INFINITY });
      // Not over a wire that would turn it into null: the storage itself must look.
      await expectRefused(storage, [audit(1), costly], /microDollars: (Infinity|null) is not allowed/);
      await expectRefused(
        storage,
        [ledger('settled', { tokens: Number.NaN })],
        /tokens: (NaN|null) is not allowed/,
      );
    });

    test('a recording grows by the next part, one for each session, and is handed back as it was told', async () => {
      const long = 'long '.repeat(100);
      const first = recording(1, {
        lines: [{ text: long, page: JSON.stringify({ text: long }) }, '\0#x', 7],
      });
      const storage = await started(history(1, { result: { ok: true, value: long } }), first);
      const other = recording(1, { session: 's2' });
      await storage.append([recording(2), other]);
      await storage.append([recording(3), recording(2), first]);
      expect(await storage.recordings('r1')).toEqual([first, recording(2), other, recording(3)]);
      expect(await storage.recordings('r2')).toEqual([]);
      await expectRefused(storage, [recording(2, { lines: [] })], /part 2 of "s1"\) .*another content/);
      await expectRefused(storage, [recording(5)], /comes before the part/);
      await expectRefused(storage, [recording(2, { session: 's3' })], /comes before the part/);
      await expectRefused(storage, [recording(4), history(1, { hash: 99 })], /another content/);
      await expectRefused(storage, [recording(1, { run: 'r2' })], /has not started/);
      await expectRefused(storage, [recording(0)], /part/);
      await expectRefused(storage, [recording(1, { session: '' })], /session/);
      expect(await storage.records('r1', 'main')).toHaveLength(2);
      // A run that is over may still be told how it ended.
      await storage.append([ended(), recording(4)]);
      expect(await storage.recordings('r1')).toHaveLength(5);
    });

    test('recall finds what shares words with the query: best first, then the latest', async () => {
      const storage = await create();
      const texts = [
        'The cache was cold after the restart.',
        'Users like short answers',
        'Cold starts: the cache needs a warm-up',
        'Unrelated',
        'CACHE, cold',
      ];
      for (const [index, text] of texts.entries()) await storage.remember(memory(index, text));
      await storage.remember(memory(9, 'cold cache elsewhere', 'other'));

      const found = await storage.recall({ scope: 'team', query: 'cold cache restart?', limit: 5 });
      if (ranksByTermOverlap) {
        expect(found).toEqual([
          { text: texts[0], score: 1, atUs: expect.any(Number) as number },
          { text: texts[4], score: 2 / 3, atUs: expect.any(Number) as number },
          { text: texts[2], score: 2 / 3, atUs: expect.any(Number) as number },
        ]);
        expect(await storage.recall({ scope: 'team', query: 'cold cache', limit: 1 })).toEqual([
          { text: texts[4], score: 1, atUs: expect.any(Number) as number },
        ]);
      }
      expect(found[0]).toMatchObject({ text: texts[0], score: 1 });
      expect(new Set(found.map(({ text }) => text))).toEqual(new Set([texts[0], texts[2], texts[4]]));
      const scores = found.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(Math.min(...scores)).toBeGreaterThan(0);
      expect(await storage.recall({ scope: 'team', query: 'cold cache', limit: 1 })).toHaveLength(1);
      expect(await storage.recall({ scope: 'team', query: ' ,. ', limit: 5 })).toEqual([]);
      expect(await storage.recall({ scope: 'nobody', query: 'cold', limit: 5 })).toEqual([]);
      await expect(storage.recall({ scope: 'team', query: 'a', limit: 0 })).rejects.toThrow(
        /limit: 0 is not allowed/,
      );
      await expect(storage.remember(memory(1, 'x', ''))).rejects.toThrow(/scope: "" is not allowed/);
    });

    test('a call remembers once', async () => {
      const storage = await create();
      await storage.remember(memory(1, 'cold cache'));
      await storage.remember(memory(1, 'cold cache'));
      // Again after a crash, whose end was not heard of.
      await storage.remember({ ...memory(1, 'cold cache'), atUs: 99 });
      expect(await storage.recall({ scope: 'team', query: 'cold', limit: 5 })).toHaveLength(1);
      await expect(storage.remember(memory(1, 'warm cache'))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
    });

    test('a key names one memory of its scope: the later takes the place of the earlier, and gives its data back', async () => {
      const storage = await create();
      const keyed = (index: number, text: string, more: Partial<Memory> = {}): Memory => ({
        ...memory(index, text),
        atUs: index,
        key: 'k',
        ...more,
      });
      await storage.remember(keyed(1, 'cold cache', { data: { sure: 0.5 } }));
      await storage.remember(keyed(2, 'cold caches warm up', { data: [1, null] }));
      await storage.remember(keyed(3, 'cold elsewhere', { scope: 'other' }));
      await storage.remember(keyed(4, 'cold with another key', { key: 'l' }));
      const query = { scope: 'team', query: 'cold', limit: 5 };
      const now = [
        { text: 'cold with another key', score: 1, key: 'l', atUs: 4 },
        { text: 'cold caches warm up', score: 1, key: 'k', data: [1, null], atUs: 2 },
      ];
      const inOrder = (list: readonly { readonly atUs: number }[]): unknown[] =>
        list.toSorted((a, b) => b.atUs - a.atUs);
      const scored = (list: readonly { readonly atUs: number }[]): unknown[] =>
        inOrder(list).map((one) => ({ ...(one as object), score: 1 }));
      expect(scored(await storage.recall(query))).toEqual(now);
      // The call of the first comes again after a crash: it brings nothing back.
      await storage.remember(keyed(1, 'cold cache', { data: { sure: 0.5 }, atUs: 50 }));
      expect(scored(await storage.recall(query))).toEqual(now);
      // The same call with another key or other data is another memory.
      await expect(storage.remember(keyed(4, 'cold with another key'))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
      await expect(storage.remember(keyed(1, 'cold cache'))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
      await expect(storage.remember(keyed(5, 'x', { key: '' }))).rejects.toThrow(/key: "" is not allowed/);
    });

    test('what a scope remembers is told of, the latest first, without what was replaced', async () => {
      const storage = await started();
      const memory = (n: number, text: string, more: Partial<Memory> = {}): Memory => ({
        identity: { run: 'r1', branch: 'main', pid: pidOf(1), n, index: 0 },
        scope: 'team',
        text,
        atUs: n,
        ...more,
      });
      await storage.remember(memory(1, 'one', { key: 'k', data: { a: 1 } }));
      await storage.remember(memory(2, '…'));
      await storage.remember(memory(3, 'three', { key: 'k', data: { a: 2 } }));
      await storage.remember(memory(4, 'other', { scope: 'others' }));
      const all = await storage.remembered({ scope: 'team', limit: 5 });
      expect(all).toEqual([
        { text: 'three', score: 1, key: 'k', data: { a: 2 }, atUs: 3 },
        { text: '…', score: 1, atUs: 2 },
      ]);
      expect(await storage.remembered({ scope: 'team', limit: 1 })).toEqual(all.slice(0, 1));
      expect(await storage.remembered({ scope: 'nobody', limit: 1 })).toEqual([]);
      await expect(storage.remembered({ scope: 'team', limit: 0 })).rejects.toThrow(
        /limit: 0 is not allowed/,
      );
    });

    test('a run tells who has leased it', async () => {
      const storage = await started();
      const lease = async (): Promise<unknown> => (await storage.runs())[0]!.lease;
      expect(await lease()).toBeUndefined();
      await storage.lease({ run: 'r1', holder: 'a', atUs: 1, untilUs: 5 });
      expect(await lease()).toEqual({ holder: 'a', untilUs: 5 });
      await storage.release({ run: 'r1', holder: 'a' });
      expect(await lease()).toBeUndefined();
    });

    test('a lease has one holder at a time, who may prolong it, until its time is over or it is given back', async () => {
      const storage = await create();
      const claim = (holder: string, atUs: number) => ({ run: 'r1', holder, atUs, untilUs: atUs + 10 });
      expect(await storage.lease(claim('a', 0))).toEqual({ ok: true, holder: 'a', untilUs: 10 });
      expect(await storage.lease(claim('b', 9))).toEqual({ ok: false, holder: 'a', untilUs: 10 });
      expect(await storage.lease(claim('a', 9))).toEqual({ ok: true, holder: 'a', untilUs: 19 });
      expect(await storage.lease({ ...claim('b', 9), run: 'r2' })).toMatchObject({ ok: true });
      expect(await storage.lease(claim('b', 18))).toMatchObject({ ok: false });
      expect(await storage.lease(claim('b', 19))).toEqual({ ok: true, holder: 'b', untilUs: 29 });
      await storage.release({ run: 'r1', holder: 'a' });
      expect(await storage.lease(claim('a', 20))).toMatchObject({ ok: false, holder: 'b' });
      await storage.release({ run: 'r1', holder: 'b' });
      expect(await storage.lease(claim('a', 20))).toMatchObject({ ok: true });
      // Who has not given up what another has taken over can't go on as if nothing had been.
      expect(await storage.lease(claim('c', 30))).toMatchObject({ ok: true });
      await expect(storage.lease(claim('a', 31))).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await storage.release({ run: 'r1', holder: 'c' });
      await expect(storage.lease(claim('a', 32))).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await storage.release({ run: 'r1', holder: 'a' });
      expect(await storage.lease(claim('a', 33))).toMatchObject({ ok: true });
      // A run that nobody has started is none.
      expect(await storage.runs()).toEqual([]);
      await expect(storage.lease(claim('', 1))).rejects.toThrow(/holder: "" is not allowed/);
      await expect(storage.lease({ ...claim('a', 5), untilUs: 5 })).rejects.toThrow(
        /untilUs: 5 is not allowed/,
      );
    });

    test('closing makes durable what waits, and refuses what comes', async () => {
      const storage = await started();
      const waiting = storage.append([history(1)]);
      await storage.close();
      await expect(waiting).resolves.toBeUndefined();
      await expect(storage.append([history(2)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await expect(storage.runs()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    });

    test('random batches, some bad, some repeated: what is stored is what was acknowledged', async () => {
      const scripts = fc.array(
        fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 5 }), fc.nat({ max: 1 })), { maxLength: 4 }),
        {
          maxLength: 12,
        },
      );
      await fc.assert(
        fc.asyncProperty(scripts, async (script) => {
          const storage = await started();
          const expected: KernelRecord[] = [];
          for (const steps of script) {
            const batch = steps.map(([kind, n, hash]) =>
              kind === 2 && n === 0 ? ended() : history(n, { hash }),
            );
            const wanted = modelled(expected, batch);
            const accepted = await storage.append(batch).then(
              () => true,
              () => false,
            );
            expect(accepted).toBe(wanted !== undefined);
            if (wanted !== undefined) expected.push(...wanted);
          }
          const stored: KernelRecord[] = [...(await storage.history('r1'))];
          expect(stored).toEqual(expected.filter(({ type }) => type === 'history'));
          const [process] = await storage.processes('r1');
          expect(process!.end !== undefined).toBe(expected.some(({ type }) => type === 'process.ended'));
          await storage.close();
        }),
        { seed: 42, numRuns: name === 'postgres' ? 30 : 100 },
      );
    });
  });
}

const address = { run: 'r1', branch: 'main', pid: pidOf(1) } as const;

/** All that readers tell: two equal answers mean that nothing changed. */
async function everything(storage: StorageManager): Promise<unknown> {
  const runs = await storage.runs();
  const names = runs.map(({ run }) => run);
  return [
    runs,
    await storage.ledger(),
    Array.from(await storage.pages([sha256Hex('text')])),
    await Promise.all(names.map((run) => storage.branches(run))),
    await Promise.all(names.map((run) => storage.recordings(run))),
    await Promise.all(names.map((run) => storage.history(run))),
    await Promise.all(names.map((run) => storage.records(run, 'main'))),
    await Promise.all(names.map((run) => storage.journal({ ...address, run }))),
    await Promise.all(names.map((run) => storage.processes(run))),
    await Promise.all(names.map((run) => storage.audit(run))),
    await Promise.all(names.map((run) => storage.verifyAudit(run))),
    await Promise.all(names.map((run) => storage.lastCheckpoint({ ...address, run }))),
  ];
}

function promptsOf(prompts: readonly (readonly PromptNode[])[]) {
  const chain = new PromptChain();
  return { chain, deltas: prompts.map((prompt) => chain.next(prompt)) };
}

function memory(n: number, text: string, scope = 'team'): Memory {
  return { identity: { ...address, n, index: 0 }, scope, text, atUs: n };
}

/** The same record with its fields in another order. */
function reversedFields<R extends KernelRecord>(record: R): R {
  return Object.fromEntries(Object.entries(record).reverse()) as unknown as R;
}

/** What of `batch` a storage that holds `stored` (of one process) takes; undefined when it must refuse. */
function modelled(
  stored: readonly KernelRecord[],
  batch: readonly KernelRecord[],
): KernelRecord[] | undefined {
  const added: KernelRecord[] = [];
  for (const record of batch) {
    const all = [...stored, ...added];
    if (all.some((other) => JSON.stringify(other) === JSON.stringify(record))) continue;
    const last = all.findLast((other) => other.type === 'history');
    const isLate = all.some(({ type }) => type === 'process.ended');
    if (isLate || (record.type === 'history' && last !== undefined && record.n <= last.n)) return undefined;
    added.push(record);
  }
  return added;
}

/** What programs that share a storage may rely on. `open` gives another connection to the same storage, an empty one after `reset`. */
export function sharedStorageContract(
  name: string,
  {
    reset,
    open,
  }: { readonly reset: () => void | Promise<void>; readonly open: () => Promise<StorageManager> },
): void {
  const claim = (holder: string, atUs: number) => ({ run: 'r1', holder, atUs, untilUs: atUs + 10 });

  sharedPruneContract(name, { reset, open });

  describe(`${name}: shared storage`, () => {
    test('who has lost its lease stores nothing more, and its successor goes on', async () => {
      await reset();
      const [first, second, third] = [await open(), await open(), await open()];
      await first.lease(claim('a', 0));
      await first.append([runStarted(), processStarted(), history(1)]);
      await expect(second.append([history(2)])).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await second.lease(claim('b', 10));
      await second.append([history(2)]);
      for (const late of [history(3), ended(), audit(1), ledger('reserved'), history(1)])
        await expect(first.append([late])).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await second.append([history(3), ended()]);
      await second.release({ run: 'r1', holder: 'b' });
      await expect(first.append([audit(1)])).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(first.lease(claim('a', 30))).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(first.append([audit(1)])).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await third.append([audit(1)]);
      expect((await third.history('r1')).map(({ n }) => n)).toEqual([1, 2, 3]);
      await Promise.all([first.close(), second.close(), third.close()]);
    });

    test('a named batch is stored once, through whatever connection it comes again', async () => {
      await reset();
      const workers = await Promise.all([open(), open(), open()]);
      await workers[0].append([runStarted()]);
      for (const number of [1, 2, 3])
        await Promise.all(workers.map((worker) => worker.append([audit(number)], { writer: 'w', number })));
      expect((await workers[0].audit('r1')).map(({ record }) => record.n)).toEqual([1, 2, 3]);
      expect(await workers[1].verifyAudit('r1')).toMatchObject({ ok: true });
      await Promise.all(workers.map((worker) => worker.close()));
    });

    test('a key names one memory, however many programs remember under it at once', async () => {
      await reset();
      const workers = await Promise.all([open(), open(), open(), open()]);
      for (let round = 0; round < 8; round++)
        await Promise.all(
          workers.map((worker, index) => {
            const n = round * workers.length + index;
            return worker.remember({ ...memory(n, `cold ${n}`), key: round < 4 ? 'k' : `k${round}` });
          }),
        );
      const found = await workers[0].recall({ scope: 'team', query: 'cold', limit: 99 });
      expect(new Set(found.map(({ key }) => key))).toEqual(new Set(['k', 'k4', 'k5', 'k6', 'k7']));
      expect(found).toHaveLength(5);
      await Promise.all(workers.map((worker) => worker.close()));
    });

    test('one end wins, and every program learns of what the others have stored', async () => {
      await reset();
      const workers = await Promise.all([open(), open(), open()]);
      await workers[0].append([runStarted(), processStarted(), history(1)]);
      await workers[1].append([history(2)]);
      await expect(workers[0].append([history(2, { hash: 99 })])).rejects.toThrow(/another content/);
      await workers[0].append([history(2), history(3), audit(1)]);
      await workers[1].append([audit(2)]);
      const outcomes = await Promise.allSettled(
        workers.map((worker, index) => worker.append([ended({ value: index }), audit(3)])),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await workers[2].verifyAudit('r1')).toMatchObject({ ok: true, head: { count: 3 } });
      await Promise.all(workers.map((worker) => worker.close()));
    });

    test('programs that start runs at once do not get into each other’s way', async () => {
      await reset();
      const workers = await Promise.all([open(), open(), open(), open()]);
      const names = Array.from({ length: 40 }, (_, index) => `run ${index}`);
      await Promise.all(
        names.map((run, index) =>
          workers[index % workers.length]!.append([
            runStarted({ run }),
            processStarted({ run }),
            history(1, { run }),
            page({ run, hash: sha256Hex('text') }),
            ended({ run }),
          ]),
        ),
      );
      expect((await workers[0].runs()).map(({ run }) => run).toSorted()).toEqual(names.toSorted());
      expect((await workers[1].runs()).every(({ unfinished }) => unfinished === 0)).toBe(true);
      await Promise.all(workers.map((worker) => worker.close()));
    });
  });
}
