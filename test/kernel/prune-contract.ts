/** What a storage promises of the removal of runs: what may go goes whole, and nothing that anybody may still need goes with it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sha256Hex } from '../../src/base/sha256.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { seedCount } from '../support/seeds.ts';
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

const shared = 'what several have read '.repeat(30);
const nested = JSON.stringify({ role: 'tool', text: shared, more: `${shared}and more` });

export function pruneContract(name: string, create: () => StorageManager | Promise<StorageManager>): void {
  describe(`${name}: removal`, () => {
    test('what a run that is over has goes, but not its audit log and its ledger', async () => {
      const storage = await create();
      await storage.append([...runRecords('r1'), ...runRecords('r2')]);
      const [log, rest] = [await storage.audit('r1'), await viewOf(storage, 'r2')];
      const before = await storage.ledger();
      const report = await storage.prune({ runs: ['r1'], atUs: 5_000 });
      expect(report).toMatchObject({ pruned: ['r1'], kept: [] });
      expect(await storage.history('r1')).toEqual([]);
      expect(await storage.records('r1', 'main')).toEqual([]);
      expect(await storage.branches('r1')).toEqual([]);
      expect(await storage.recordings('r1')).toEqual([]);
      expect(await storage.processes('r1')).toEqual([]);
      expect(await storage.audit('r1')).toEqual(log);
      expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true, head: { count: 1 } });
      expect(await storage.ledger()).toEqual(before);
      expect(await viewOf(storage, 'r2')).toEqual(rest);
      expect((await storage.pages([sha256Hex('of r1 alone')])).size).toBe(0);
      expect((await storage.pages([sha256Hex(nested), sha256Hex('of r2 alone')])).size).toBe(2);
      expect(await storage.runs()).toEqual([
        { run: 'r1', startedUs: 1_000, branches: [], processes: 0, unfinished: 0, prunedUs: 5_000 },
        expect.objectContaining({ run: 'r2', processes: 1 }),
      ]);
    });

    test('what somebody may still need stays, and is told', async () => {
      const storage = await create();
      await storage.append([runStarted(), processStarted(), ...runRecords('leased'), ...runRecords('over')]);
      await storage.lease({ run: 'leased', holder: 'me', atUs: 0, untilUs: 10 });
      await storage.lease({ run: 'taken', holder: 'me', atUs: 0, untilUs: 10 });
      const before = await Promise.all(['r1', 'leased'].map((run) => viewOf(storage, run)));
      const order = { runs: ['r1', 'leased', 'taken', 'never was', 'over'], atUs: 9 };
      expect(await storage.prune(order)).toMatchObject({
        pruned: ['over'],
        kept: expect.arrayContaining([
          { run: 'r1', because: 'unfinished' },
          { run: 'leased', because: 'leased' },
          { run: 'never was', because: 'unknown' },
        ]),
      });
      expect(await Promise.all(['r1', 'leased'].map((run) => viewOf(storage, run)))).toEqual(before);
      expect(await storage.prune({ ...order, runs: ['over'] })).toMatchObject({
        pruned: [],
        kept: [{ run: 'over', because: 'pruned' }],
      });
      const late = { runs: ['r1', 'leased'], atUs: 10, unfinished: true };
      expect(await storage.prune(late)).toMatchObject({ pruned: ['r1', 'leased'], kept: [] });
    });

    test('a run that was pruned takes nothing more but what ends behind it, and is free with its audit log', async () => {
      const storage = await create();
      await storage.append(runRecords('r1'));
      await storage.prune({ runs: ['r1'], atUs: 5_000 });
      for (const late of [
        runStarted(),
        processStarted(),
        history(3),
        page(),
        ended(),
        ledger('reserved', { seq: 2 }),
      ])
        await expect(storage.append([late])).rejects.toMatchObject({
          code: 'STORAGE_FAILED',
          message: expect.stringContaining('belongs to a run that was pruned'),
        });
      await storage.append([ledger('settled', { seq: 7 }), audit(3)]);
      expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true, head: { count: 2 } });
      await storage.prune({ runs: ['r1'], atUs: 6_000, withAudit: true });
      expect(await storage.runs()).toEqual([]);
      expect(await storage.audit('r1')).toEqual([]);
      expect(await storage.ledger()).toHaveLength(3);
      await expect(storage.append([audit(3)])).rejects.toThrow(/has not started/);
      await storage.append(runRecords('r1'));
      expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true, head: { count: 1 } });
      expect(await storage.ledger()).toHaveLength(3);
    });

    test('what another run has told alone is there for the one that only names it', async () => {
      const storage = await create();
      const text = 'told by the first, named by the second';
      const nodes = [node(sha256Hex(text))];
      await storage.append([
        ...runRecords('first'),
        page({ run: 'first', hash: sha256Hex(text), text }),
        runStarted({ run: 'second' }),
        processStarted({ run: 'second' }),
        // Read, and not yet named by any record.
        page({ run: 'second', hash: sha256Hex(nested), text: nested }),
        checkpoint(1, { run: 'second', nodes, tip: 'tip' }),
      ]);
      await storage.prune({ runs: ['first'], atUs: 0 });
      const found = await storage.pages([sha256Hex(text), sha256Hex(nested)]);
      expect([...found.values()].toSorted()).toEqual([text, nested].toSorted());
    });

    test('sizes: what each run takes, also in bytes less after its removal', async () => {
      const storage = await create();
      expect((await storage.sizes()).runs).toEqual([]);
      const large = Array.from({ length: 200 }, (_, n) => randomText(n)).join('');
      await storage.append([...runRecords('small'), ...runRecords('large', large)]);
      const before = await storage.sizes();
      const [small, big] = before.runs;
      expect([small!.run, big!.run]).toEqual(['small', 'large']);
      expect(big!.bytes).toBeGreaterThan(small!.bytes * 2);
      expect(small!.bytes + big!.bytes).toBeLessThanOrEqual(before.used);
      expect(before.used).toBeLessThanOrEqual(before.disk);
      await storage.prune({ runs: ['large'], atUs: 0 });
      const after = await storage.sizes();
      expect(after.used).toBeLessThan(before.used);
      expect(after.runs.map(({ run }) => run)).toEqual(['small', 'large']);
    });

    test('random runs, branches and leases: what stays reads as before and goes on, every audit log is whole, and nothing is left behind', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(runPlan, { minLength: 2, maxLength: 6 }),
          fc.array(fc.record({ runs: fc.array(fc.nat(6), { maxLength: 6 }), withAudit: fc.boolean() }), {
            minLength: 1,
            maxLength: 3,
          }),
          (plans, orders) => anyRemovals(create, plans, orders),
        ),
        { seed: 6, numRuns: seedCount(name === 'postgres' ? 3 : 12, 500) },
      );
    });
  });
}

/** `reset` empties the database that each `open` connects to anew. */
export function sharedPruneContract(
  name: string,
  {
    reset,
    open,
  }: { readonly reset: () => void | Promise<void>; readonly open: () => Promise<StorageManager> },
): void {
  test(`${name}: removal beside writers: what a run refers to as others with the same go is there`, async () => {
    await reset();
    const [writer, pruner] = [await open(), await open()];
    const state = { isWriting: true, count: 0 };
    const names: string[] = [];
    const write = async (): Promise<void> => {
      while (names.length < 20 || (state.count === 0 && names.length < 500)) {
        const run = `run ${names.length}`;
        names.push(run);
        await others();
        await writer.append([
          runStarted({ run }),
          processStarted({ run }),
          page({ run, hash: sha256Hex(nested), text: nested }),
        ]);
        await writer.append([history(1, { run, result: { ok: true, value: { text: nested } } })]);
        await writer.append([checkpoint(2, { run, nodes: [node(sha256Hex(nested))], tip: 'tip' })]);
        // What it named is there, whatever went meanwhile.
        expect((await writer.pages([sha256Hex(nested)])).size).toBe(1);
        expect((await writer.history(run))[0]!.result).toEqual({ ok: true, value: { text: nested } });
        await writer.append([audit(1, { run }), ended({ run })]);
      }
    };
    const prune = async (): Promise<void> => {
      // The writer ends it.
      for (; state.isWriting;) {
        const over = (await pruner.runs())
          .filter(({ prunedUs }) => prunedUs === undefined)
          .map(({ run }) => run);
        state.count += (await pruner.prune({ runs: over, atUs: 0 })).pruned.length;
        await others();
      }
    };
    await Promise.all([write().finally(() => (state.isWriting = false)), prune()]);
    expect(state.count).toBeGreaterThan(0);
    for (const run of names)
      expect(await pruner.verifyAudit(run)).toMatchObject({ ok: true, head: { count: 1 } });
    await Promise.all([writer.close(), pruner.close()]);
  });
}

/** An embedded database lets nobody else run by itself. */
const others = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface RunPlan {
  readonly branches: readonly { readonly hasEnded: boolean; readonly texts: readonly number[] }[];
  readonly isLeased: boolean;
}

const runPlan: fc.Arbitrary<RunPlan> = fc.record({
  branches: fc.array(fc.record({ hasEnded: fc.boolean(), texts: fc.array(fc.nat(5), { maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  isLeased: fc.boolean(),
});

const texts = [shared, nested, 'short', JSON.stringify([nested]), `${shared}!`, randomText(7)];

async function anyRemovals(
  create: () => StorageManager | Promise<StorageManager>,
  plans: readonly RunPlan[],
  orders: readonly { readonly runs: readonly number[]; readonly withAudit: boolean }[],
): Promise<void> {
  const storage = await create();
  const names = plans.map((_, index) => `run ${index}`);
  for (const [index, plan] of plans.entries()) {
    const run = names[index]!;
    if (plan.isLeased) await storage.lease({ run, holder: run, atUs: 0, untilUs: 1_000 });
    await storage.append(recordsOf(run, plan));
  }
  const needed = (index: number): boolean => {
    const plan = plans[index];
    return plan === undefined || plan.isLeased || plan.branches.some(({ hasEnded }) => !hasEnded);
  };
  const gone = new Set<string>();
  for (const { runs, withAudit } of orders) {
    const before = await Promise.all(names.map((run) => viewOf(storage, run)));
    const spent = await storage.ledger();
    const order = { runs: runs.map((index) => names[index] ?? 'unknown'), atUs: 500, withAudit };
    const { pruned } = await storage.prune(order);
    for (const run of pruned) expect(needed(names.indexOf(run))).toBe(false);
    for (const run of pruned) gone.add(run);
    for (const index of runs) expect(needed(index) || gone.has(names[index]!)).toBe(true);
    for (const [index, run] of names.entries())
      if (!gone.has(run)) expect(await viewOf(storage, run)).toEqual(before[index]);
    expect(await storage.ledger()).toEqual(spent);
  }
  for (const [index, run] of names.entries()) {
    expect(await storage.verifyAudit(run)).toMatchObject({ ok: true });
    if (gone.has(run) || plans[index]!.branches.every(({ hasEnded }) => hasEnded)) continue;
    const open = plans[index]!.branches.findIndex(({ hasEnded }) => !hasEnded);
    await storage.append([history(9, { run, branch: `b${open}`, result: { ok: true, value: nested } })]);
    expect((await storage.history(run, { branch: `b${open}`, after: 8 }))[0]!.result).toEqual({
      ok: true,
      value: nested,
    });
  }
  await storage.prune({ runs: names, atUs: 1_000, unfinished: true, withAudit: true });
  expect(await storage.runs()).toEqual([]);
  expect((await storage.pages(texts.map((text) => sha256Hex(text)))).size).toBe(0);
}

function recordsOf(run: string, { branches }: RunPlan): readonly KernelRecord[] {
  return branches.flatMap(({ hasEnded, texts: chosen }, number) => {
    const branch = `b${number}`;
    const records: KernelRecord[] = [runStarted({ run, branch }), processStarted({ run, branch })];
    for (const [index, choice] of chosen.entries()) {
      const text = texts[choice]!;
      const hash = sha256Hex(text);
      const n = index + 1;
      if (choice % 2 === 0) records.push(page({ run, hash, text }));
      else records.push(history(n, { run, branch, result: { ok: true, value: { text } } }));
      records.push(audit(n, { run }), ledger('settled', { run, n, seq: number + 1 }));
      if (choice === 1)
        records.push({
          ...journal(1),
          run,
          branch,
          seq: chosen.slice(0, n).filter((c) => c === 1).length,
        });
    }
    if (hasEnded) records.push(ended({ run, branch }));
    return records;
  });
}

/** All that a run can have, over. */
export function runRecords(run: string, text = `of ${run} alone`): readonly KernelRecord[] {
  return [
    runStarted({ run }),
    processStarted({ run }),
    page({ run, hash: sha256Hex(text), text }),
    page({ run, hash: sha256Hex(nested), text: nested }),
    ledger('reserved', { run }),
    ledger('settled', { run }),
    history(1, {
      run,
      result: { ok: true, value: { text: nested, content: { hash: sha256Hex(text), tokens: 1 } } },
    }),
    { ...journal(1), run },
    checkpoint(2, { run, nodes: [node(sha256Hex(nested))], tip: 'tip' }),
    audit(1, { run }),
    recording(1, { run, lines: [{ text: nested }] }),
    ended({ run }),
  ];
}

async function viewOf(storage: StorageManager, run: string): Promise<unknown> {
  const branches = await storage.branches(run);
  return [
    branches,
    await Promise.all(branches.map(({ branch }) => storage.records(run, branch))),
    await storage.history(run),
    await storage.processes(run),
    await Promise.all(branches.map(({ branch }) => storage.journal({ run, branch, pid: pidOf(1) }))),
    await storage.audit(run),
    await storage.recordings(run),
    (await storage.runs()).find((summary) => summary.run === run),
  ];
}

/** Nothing that compression makes small. */
function randomText(n: number): string {
  return sha256Hex(`${n} a`) + sha256Hex(`${n} b`);
}
