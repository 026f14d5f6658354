/**
 * Storage as a database promises it, in virtual time. A disk keeps what was committed. A connection gathers writes and flushes them together, which takes time; what was not flushed when its machine crashes is
 * lost, and of a flush that is under way all, a part of the writes, or nothing is stored. A write is stored whole or not at all, and acknowledged only behind its commit.
 */
import { copyJson } from '../../src/base/copy-json.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { KernelRecord } from '../../src/kernel/records.ts';
import { leaseLost, type BatchIdentity, type StorageManager } from '../../src/kernel/storage.ts';
import type { FlushFault, FlushPhase } from './scenario.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What survives. */
export class SimulatedDisk {
  readonly store = new MemoryStore();
  /** How often each run's lease has gone to somebody else. */
  readonly leaseNumbers = new Map<string, number>();
}

export interface ConnectionOptions {
  readonly disk: SimulatedDisk;
  readonly time: VirtualTime;
  readonly flushUs: number;
  /** Of the flush that begins. */
  readonly faultOf: () => Pick<FlushFault, 'kind' | 'us'> | undefined;
  /** Whether it is out of reach now. */
  readonly isOut: () => boolean;
  /** The machine dies at this point of this flush; `keep` of its writes are stored. Undefined: it lives on. */
  readonly crashAt: () => { readonly phase: FlushPhase; readonly keep: number } | undefined;
  readonly crash: () => void;
  /** Carries what reaches the machine. */
  readonly deliver: (then: () => void) => void;
  /** Writes of which the machine was told that they are stored. */
  readonly onAcknowledged: (records: readonly KernelRecord[]) => void;
  /** Writes that are stored, whether or not anybody will know. */
  readonly onStored: (records: readonly KernelRecord[]) => void;
}

interface Write {
  readonly apply: () => void;
  readonly records: readonly KernelRecord[];
  /** A lease, which is prolonged for ever: it keeps nobody waiting. */
  readonly isIdle: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class SimulatedConnection implements StorageManager {
  /** It has refused something for good, as it was to. */
  hasRefused = false;
  private readonly options: ConnectionOptions;
  private readonly store: MemoryStore;
  /** Its own leases, by run, with their numbers. */
  private readonly leases = new Map<string, number>();
  private waiting: Write[] = [];
  private isFlushing = false;
  private isDead = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.store = options.disk.store;
  }

  /** Its machine is gone, and with it whatever waits. */
  die(): void {
    this.isDead = true;
    this.waiting = [];
  }

  /** Nothing waits to be stored. */
  get isIdle(): boolean {
    return !this.isFlushing && this.waiting.length === 0;
  }

  newWriter(): string {
    return this.store.newWriter();
  }

  append(records: readonly KernelRecord[], batch?: BatchIdentity): Promise<void> {
    const own = copyJson(records);
    return this.write(own, false, () => {
      for (const run of new Set(own.map(({ run }) => run))) this.checkLease(run);
      this.store.append(own, batch);
      this.options.onStored(own);
    });
  }

  remember(memory: Parameters<MemoryStore['remember']>[0]): Promise<void> {
    const own = copyJson(memory);
    return this.write([], false, () => this.store.remember(own));
  }

  async lease(claim: Parameters<MemoryStore['lease']>[0]): ReturnType<StorageManager['lease']> {
    const { leaseNumbers } = this.options.disk;
    const { run, holder } = claim;
    let verdict: ReturnType<MemoryStore['lease']> | undefined;
    await this.write([], true, () => {
      const before = this.store['leases'].get(run)?.holder;
      verdict = this.store.lease(claim);
      if (!verdict.ok) return;
      if (before !== holder) leaseNumbers.set(run, (leaseNumbers.get(run) ?? 0) + 1);
      if (before !== holder || !this.leases.has(run)) this.leases.set(run, leaseNumbers.get(run)!);
    });
    return verdict!;
  }

  release(claim: Parameters<MemoryStore['release']>[0]): Promise<void> {
    return this.write([], true, () => {
      if (this.store['leases'].get(claim.run)?.holder === claim.holder) this.leases.delete(claim.run);
      this.store.release(claim);
    });
  }

  runs = (...args: Parameters<MemoryStore['runs']>): ReturnType<StorageManager['runs']> =>
    this.read((store) => store.runs(...args));
  recordings = (run: string): ReturnType<StorageManager['recordings']> =>
    this.read((store) => store.recordings(run));
  ledger = (...args: Parameters<MemoryStore['ledger']>): ReturnType<StorageManager['ledger']> =>
    this.read((store) => store.ledger(...args));
  branches = (...args: Parameters<MemoryStore['branches']>): ReturnType<StorageManager['branches']> =>
    this.read((store) => store.branches(...args));
  records = (...args: Parameters<MemoryStore['records']>): ReturnType<StorageManager['records']> =>
    this.read((store) => store.records(...args));
  history = (...args: Parameters<MemoryStore['history']>): ReturnType<StorageManager['history']> =>
    this.read((store) => store.history(...args));
  processes = (...args: Parameters<MemoryStore['processes']>): ReturnType<StorageManager['processes']> =>
    this.read((store) => store.processes(...args));
  ends = (...args: Parameters<MemoryStore['ends']>): ReturnType<StorageManager['ends']> =>
    this.read((store) => store.ends(...args));
  journal = (...args: Parameters<MemoryStore['journal']>): ReturnType<StorageManager['journal']> =>
    this.read((store) => store.journal(...args));
  tally = (...args: Parameters<MemoryStore['tally']>): ReturnType<StorageManager['tally']> =>
    this.read((store) => store.tally(...args));
  lastCheckpoint = (
    ...args: Parameters<MemoryStore['lastCheckpoint']>
  ): ReturnType<StorageManager['lastCheckpoint']> => this.read((store) => store.lastCheckpoint(...args));
  pages = (...args: Parameters<MemoryStore['pages']>): ReturnType<StorageManager['pages']> =>
    this.read((store) => store.pages(...args));
  audit = (...args: Parameters<MemoryStore['audit']>): ReturnType<StorageManager['audit']> =>
    this.read((store) => store.audit(...args));
  verifyAudit = (
    ...args: Parameters<MemoryStore['verifyAudit']>
  ): ReturnType<StorageManager['verifyAudit']> => this.read((store) => store.verifyAudit(...args));
  recall = (...args: Parameters<MemoryStore['recall']>): ReturnType<StorageManager['recall']> =>
    this.read((store) => store.recall(...args));
  remembered = (...args: Parameters<MemoryStore['remembered']>): ReturnType<StorageManager['remembered']> =>
    this.read((store) => store.remembered(...args));

  whole = (...args: Parameters<MemoryStore['whole']>): ReturnType<StorageManager['whole']> =>
    this.read((store) => store.whole(...args));
  sizes = (): ReturnType<StorageManager['sizes']> => this.read((store) => store.sizes());

  async prune(order: Parameters<MemoryStore['prune']>[0]): ReturnType<StorageManager['prune']> {
    let report: ReturnType<MemoryStore['prune']> | undefined;
    await this.write([], false, () => {
      report = this.store.prune(order);
    });
    return report!;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** A reader sees what is stored when it asks. */
  private read<Value>(reader: (store: MemoryStore) => Value): Promise<Value> {
    const { deliver } = this.options;
    return new Promise((resolve, reject) => {
      if (this.isDead) return;
      if (this.options.isOut()) return deliver(() => reject(failureOf('lost')));
      try {
        const value = reader(this.store);
        deliver(() => resolve(value));
      } catch (error) {
        deliver(() => reject(error));
      }
    });
  }

  private checkLease(run: string): void {
    const own = this.leases.get(run);
    const isFencedOff =
      own === undefined
        ? this.store['leases'].get(run) !== undefined
        : own !== this.options.disk.leaseNumbers.get(run);
    if (isFencedOff) throw leaseLost(run);
  }

  private write(records: readonly KernelRecord[], isIdle: boolean, apply: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isDead) return;
      this.waiting.push({ apply, records, isIdle, resolve, reject });
      // Whatever is written in the same instant joins.
      if (!this.isFlushing && this.waiting.length === 1)
        this.options.time.after(
          0,
          () => {
            if (!this.isFlushing) this.flush();
          },
          isIdle,
        );
    });
  }

  private flush(): void {
    const taken = this.waiting;
    if (this.isDead || taken.length === 0) return;
    this.waiting = [];
    this.isFlushing = true;
    const { time, flushUs, crashAt, faultOf, crash } = this.options;
    const death = crashAt();
    const fault = faultOf();
    if (death?.phase === 'before') return crash();
    const us = flushUs + (fault?.kind === 'slow' ? fault.us : 0);
    const isIdle = taken.every((write) => write.isIdle);
    time.after(us, () => this.commit(taken, fault, death), isIdle);
  }

  private commit(
    taken: readonly Write[],
    fault: Pick<FlushFault, 'kind' | 'us'> | undefined,
    death: ReturnType<ConnectionOptions['crashAt']>,
  ): void {
    // Nobody knows of a machine that is gone how far its last flush came.
    if (this.isDead) return;
    const { crash, deliver } = this.options;
    const isStored = fault === undefined || fault.kind === 'slow' || fault.kind === 'unknown';
    this.hasRefused ||= fault?.kind === 'refused';
    const kept = death?.phase === 'torn' ? taken.slice(0, death.keep) : taken;
    const answers = kept.map((write) => (isStored ? this.stored(write) : undefined));
    if (death?.phase === 'torn' || death?.phase === 'unacknowledged') return crash();
    deliver(() => {
      this.isFlushing = false;
      for (const [index, write] of taken.entries())
        this.answer(
          write,
          fault === undefined || fault.kind === 'slow' ? answers[index] : failureOf(fault.kind),
        );
      if (death?.phase === 'acknowledged') this.options.time.after(0, crash);
      if (this.waiting.length > 0) this.flush();
    });
  }

  /** What is wrong with the write, if anything is. */
  private stored({ apply }: Write): unknown {
    try {
      apply();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private answer({ records, resolve, reject }: Write, error: unknown): void {
    if (error !== undefined) return reject(error);
    this.options.onAcknowledged(records);
    resolve();
  }
}

function failureOf(kind: FlushFault['kind']): KernelError {
  if (kind === 'refused') return new KernelError('STORAGE_FAILED', 'storage: the disk is broken');
  const what = kind === 'full' ? 'the disk is full' : 'the connection was lost';
  return new KernelError('STORAGE_UNAVAILABLE', `storage: ${what}`);
}
