/** What a storage must tell of each run at any moment, whatever crashed before. */
import { firstBranch } from '../../src/kernel/branches.ts';
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
    checkOrder(store, run);
  }
}

/** A syscall is one act: told once, also when a crash came while it was under way. A batch is an act for each of its calls, and whatever has a result is told. */
function checkActs(store: MemoryStore, run: string): void {
  const told = new Set<string>();
  const batches = new Map<string, number>();
  for (const { record } of store.audit(run)) {
    const act = `${record.pid}/${record.n}`;
    if (record.action.startsWith('tool/')) {
      if (!record.action.endsWith('/late')) batches.set(act, (batches.get(act) ?? 0) + 1);
      continue;
    }
    if (told.has(act)) throw new Error(`${run}: ${act} is audited twice`);
    told.add(act);
  }
  // Branches share the log.
  if (store.branches(run).length > 1) return;
  for (const { pid, n, kind, result } of store.history(run)) {
    const act = `${pid}/${n}`;
    if (kind === 'callTools' && result.ok) {
      const results = (result.value as readonly unknown[]).length;
      // A read may be made again.
      if ((batches.get(act) ?? 0) < results)
        throw new Error(`${run}: of the ${results} calls of ${act} not all are audited`);
    } else if (kind === 'think' && result.ok && !told.has(act))
      throw new Error(`${run}: ${act} is not audited`);
  }
}

/** What is known of a process, as far as its branch has been read. */
interface Past {
  readonly parent: number;
  sent: number;
  received: number;
  isOver: boolean;
  /** It was told to end: by whom, or because its parent was. */
  ending: 'signal' | 'parent' | undefined;
}

/** Whoever was told to end does nothing more, and takes its children along; nobody looks in vain for a message that is there. */
function checkOrder(store: MemoryStore, run: string): void {
  const processes = new Map<number, Past>();
  for (const record of store.records(run, firstBranch)) {
    const { pid, type } = record;
    const fail = (what: string): never => {
      throw new Error(`process ${pid} of ${run}: ${what}`);
    };
    if (type === 'process.started') {
      processes.set(pid, { parent: record.parent, sent: 0, received: 0, isOver: false, ending: undefined });
      continue;
    }
    const past = processes.get(pid)!;
    if (type === 'message.sent') past.sent++;
    else if (type === 'signal.sent' && (record.signal === 'terminate' || record.signal === 'kill'))
      past.ending = 'signal';
    else if (type === 'history') {
      if (past.ending === 'signal') fail(`was told to end, and got the result of syscall ${record.n}`);
      if (record.kind !== 'receive') continue;
      if (record.result.ok) past.received++;
      else if (record.result.code === 'TIMEOUT' && past.sent > past.received)
        fail(
          `waited in vain for a message (syscall ${record.n}), and ${past.sent - past.received} are there`,
        );
    } else if (type === 'process.ended') {
      past.isOver = true;
      const isTold = record.outcome === 'cancelled' || record.outcome === 'killed';
      if (past.ending !== undefined && !isTold) fail(`was told to end, and ended as ${record.outcome}`);
      if (isTold)
        for (const child of processes.values())
          if (child.parent === pid && !child.isOver) child.ending ??= 'parent';
    }
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
