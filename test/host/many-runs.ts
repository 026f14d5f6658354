import type { MemoryStorage } from '../../src/kernel/memory-storage.ts';

/** Another branch of the run, as a rewind makes one: it has what `from` has up to the first answer of its model. */
export async function branchFrom(
  storage: MemoryStorage,
  run: string,
  branch: string,
  from = 'main',
): Promise<void> {
  const records = await storage.records(run, from);
  const cut = records.findIndex((record) => record.type === 'history' && record.kind === 'think');
  const kept = records
    .slice(0, cut + 1)
    .filter(({ type }) => type === 'process.started' || type === 'history');
  const atUs = records[0]!.atUs;
  const started = { v: 1, type: 'run.started', run, branch, atUs } as const;
  await storage.append([started, ...kept.map((record) => ({ ...record, branch }))]);
}
