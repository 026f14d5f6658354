/** A storage whose database was brought up from version 2: what must be read from it is what the memory's storage tells that was filled with the same. */
import { expect } from 'vitest';

import { MemoryStorage } from '../../../src/kernel/memory-storage.ts';
import type { StorageManager } from '../../../src/kernel/storage.ts';
import { history, journal, ledger, page, pidOf, runStarted } from '../../kernel/storage-records.ts';
import { fill, pageHashes } from './version-2-records.ts';

const fork = { branch: 'fork' };
const branches = ['main', fork.branch];
const pids = [pidOf(1), pidOf(2)];

export async function expectWhatVersion2Held(storage: StorageManager): Promise<void> {
  const memory = new MemoryStorage();
  await fill(memory);
  expect(await viewOf(storage)).toEqual(await viewOf(memory));
  // Records that are stored already change nothing, and what comes next is taken.
  const again = [
    runStarted({ ...fork, origin: { kind: 'fork', branch: 'main', after: 1 } }),
    history(1, fork),
    journal(3, { type: 'message.sent', from: 0, message: { text: 'hello' }, atUs: 3_100 }),
    journal(4, { type: 'answer.partial', n: 4, text: 'half', atUs: 5_000 }),
    ledger('reserved', { reservedUs: 900, seq: 1 }),
  ];
  const next = [history(5), ledger('reserved', { reservedUs: 1_200, seq: 9 }), page({ text: 'mine' })];
  for (const each of [storage, memory]) {
    await each.append([...again, ...next]);
    await expect(each.append([history(2)])).rejects.toThrow(/is stored already, with another content/);
    await expect(each.append([ledger('reserved', { reservedUs: 900, seq: 1, tokens: 1 })])).rejects.toThrow(
      /is stored already/,
    );
  }
  expect(await viewOf(storage)).toEqual(await viewOf(memory));
  // Of the pages only those stay that the other run needs, too.
  const order = { runs: ['r1'], atUs: 10_000, unfinished: true };
  const [pruned, expected] = [await storage.prune(order), await memory.prune(order)];
  expect(pruned.pruned).toEqual(expected.pruned);
  expect(await viewOf(storage)).toEqual(await viewOf(memory));
  await storage.prune({ runs: ['r2'], atUs: 10_000 });
  expect((await storage.pages(pageHashes)).size).toBe(0);
}

/** All that readers tell, but how much room it takes. */
async function viewOf(storage: StorageManager): Promise<unknown> {
  const runs = await storage.runs();
  const ofRuns = [];
  for (const { run } of runs) {
    const ofBranches = [];
    for (const branch of branches) {
      ofBranches.push(await storage.records(run, branch));
      for (const pid of pids) {
        const address = { run, branch, pid };
        ofBranches.push([
          await storage.history(run, { branch, pid, after: 1 }),
          await storage.history(run, { branch, kinds: ['callTools'] }),
          await storage.journal(address),
          await storage.journal(address, { types: ['tool.started', 'tool.ended'], after: 1 }),
          await storage.tally(address),
          await storage.lastCheckpoint(address).catch(String),
        ]);
      }
    }
    ofRuns.push([
      run,
      ofBranches,
      await storage.branches(run),
      await storage.history(run),
      await storage.processes(run),
      await storage.ends(run),
      await storage.recordings(run),
      await storage.ledger({ run }),
      await storage.audit(run),
      await storage.verifyAudit(run),
    ]);
  }
  return {
    runs,
    ofRuns,
    ledger: await storage.ledger(),
    // What a database keeps as a text of its own is no page.
    pages: await storage.pages(pageHashes.slice(0, 2)),
    memories: await storage.recall({ scope: 's', query: 'cold', limit: 9 }),
  };
}
