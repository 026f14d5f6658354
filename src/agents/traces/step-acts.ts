/** What one step of a kernel gives out beside its events, as far as traces need it: by process, in the order of its syscalls. */
import type { Json, Pid } from '../../kernel/ids.ts';
import type { Input } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { HistoryRecord, LedgerRecord, ProcessEnded } from '../../kernel/records.ts';
import { RunPids } from '../../kernel/run-pids.ts';
import type { CallStart, PersonAsk, StorageRequest, ToolStart } from '../../kernel/requests.ts';

export type Act = { readonly n: number } & (
  | { readonly what: 'call'; readonly start: CallStart }
  | { readonly what: 'tool'; readonly start: ToolStart }
  | { readonly what: 'ask'; readonly ask: PersonAsk }
  | { readonly what: 'storage'; readonly request: StorageRequest }
  | { readonly what: 'settled'; readonly record: LedgerRecord }
  | { readonly what: 'result'; readonly record: HistoryRecord }
);

/**
 * Events, records and requests are told in lists of their own. Whoever reads the events takes, before what a process does in its n-th syscall, what stands here of those before it: one step of the
 * kernel may end a syscall and begin others.
 */
export class StepActs {
  private readonly acts = new Map<Pid, Act[]>();
  private readonly starts = new Map<Pid, Json>();
  private readonly ends = new Map<Pid, ProcessEnded>();

  /** `pids`: it knows the events of the step. */
  constructor({ records, requests }: StepOutput, input: Input, pids = new RunPids()) {
    if (input.type === 'run.restored')
      for (const { started } of input.processes)
        this.starts.set(pids.pidOf(started.run, started.pid), started.arguments);
    // What is asked for stands before what comes of it.
    for (const request of requests) {
      switch (request.type) {
        case 'call.start':
          this.add(request.pid, { n: request.identity.n, what: 'call', start: request });
          break;
        case 'tool.start':
          this.add(request.pid, { n: request.identity.n, what: 'tool', start: request });
          break;
        case 'person.ask':
          this.add(request.pid, { n: request.identity.n, what: 'ask', ask: request });
          break;
        case 'storage.request':
          this.add(request.pid, { n: request.identity.n, what: 'storage', request });
          break;
        default:
          break;
      }
    }
    for (const record of records) {
      if (!('pid' in record)) continue;
      const pid = pids.pidOf(record.run, record.pid);
      if (record.type === 'process.started') this.starts.set(pid, record.arguments);
      else if (record.type === 'process.ended') this.ends.set(pid, record);
      else if (record.type === 'history') this.add(pid, { n: record.n, what: 'result', record });
      else if (record.type === 'ledger' && record.what === 'settled')
        this.add(pid, { n: record.n, what: 'settled', record });
    }
    for (const acts of this.acts.values()) acts.sort((a, b) => a.n - b.n);
  }

  argumentsOf(pid: Pid): Json {
    return this.starts.get(pid) ?? null;
  }

  endOf(pid: Pid): Json {
    return this.ends.get(pid)?.value ?? null;
  }

  /** Takes the next act of `pid` that belongs to a syscall before the `n`-th. */
  take(pid: Pid, n: number): Act | undefined {
    const acts = this.acts.get(pid);
    return acts?.[0] !== undefined && acts[0].n < n ? acts.shift() : undefined;
  }

  /** The syscall by which `pid` spawned what its run knows as `child`; 0: it is not told here. */
  spawnOf(pid: Pid, child: Pid): number {
    const act = this.acts
      .get(pid)
      ?.find(
        (one) =>
          one.what === 'result' &&
          one.record.kind === 'spawn' &&
          one.record.result.ok &&
          one.record.result.value === child,
      );
    return act?.n ?? 0;
  }

  pids(): IterableIterator<Pid> {
    return this.acts.keys();
  }

  private add(pid: Pid, act: Act): void {
    const acts = this.acts.get(pid);
    if (acts === undefined) this.acts.set(pid, [act]);
    else acts.push(act);
  }
}
