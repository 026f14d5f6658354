/** What a storage must tell of each run at any moment, whatever crashed before. */
import type { HistoryRecord } from '../../src/kernel/records.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { StoredProcess } from '../../src/kernel/storage.ts';
import type { ChildEnd, Message } from '../../src/kernel/syscalls.ts';

/** Throws when a promise is broken. */
export function checkStored(store: MemoryStore): void {
  for (const { run } of store.runs()) {
    if (!store.verifyAudit(run).ok) throw new Error(`${run}: its audit chain is broken`);
    checkActs(store, run);
    for (const process of store.processes(run)) checkProcess(store, process);
  }
}

/** A syscall is one act: told once, also when a crash came while it was under way. A batch is an act for each of its calls, and a person's word is one of its own. */
function checkActs(store: MemoryStore, run: string): void {
  const told = new Set<string>();
  for (const { record } of store.audit(run)) {
    const act = `${record.pid}/${record.n}`;
    if (record.action.startsWith('tool/') || record.action.startsWith('person/')) continue;
    if (told.has(act)) throw new Error(`${run}: ${act} is audited twice`);
    told.add(act);
  }
}

export function checkProcess(store: MemoryStore, { run, branch, pid }: StoredProcess): void {
  const fail = (what: string): never => {
    throw new Error(`process ${pid} of ${run}: ${what}`);
  };
  const history = store.history(run, { branch, pid });
  const checkpoints = store['find'](run)!.process({ branch, pid })!.checkpoints;
  // The result of a checkpoint is missing when the crash came before it.
  const numbers = new Set([...history, ...checkpoints].map(({ n }) => n));
  for (let n = 1; n <= numbers.size; n++) if (!numbers.has(n)) fail(`nothing is stored of syscall ${n}`);

  const journal = store.journal({ run, branch, pid });
  const sent = journal.flatMap((record) => (record.type === 'message.sent' ? [record.message] : []));
  const received = valuesOf<Message>(history, 'receive').map(({ message }) => message);
  if (JSON.stringify(received) !== JSON.stringify(sent.slice(0, received.length)))
    fail(`was sent ${JSON.stringify(sent)}, received ${JSON.stringify(received)}`);

  const told = valuesOf<ChildEnd>(history, 'wait').map((end) => end.pid);
  if (new Set(told).size < told.length) fail(`was told of the ends of ${told.join(', ')}`);

  const starts = journal.flatMap((record) =>
    record.type === 'tool.started' ? [`${record.n}/${record.index}, attempt ${record.attempt}`] : [],
  );
  if (new Set(starts).size < starts.length) fail(`writes were started twice: ${starts.join('; ')}`);
}

/** Of its syscalls of this kind that went well. */
function valuesOf<Value>(history: readonly HistoryRecord[], kind: string): Value[] {
  return history.flatMap((record) =>
    record.kind === kind && record.result.ok ? [record.result.value as unknown as Value] : [],
  );
}
