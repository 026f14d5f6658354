/** `ringzero prune`: removes runs that are over, by age, by count, by size, or by name; their audit logs stay, unless somebody says otherwise (docs/retention.md). */
import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { KeptBecause, RunSummary, StorageManager } from '../../kernel/storage.ts';
import { formatBytes } from '../../report/format.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseBytes, parseDurationUs, parseInteger } from '../options.ts';
import { findRun } from '../store/find-run.ts';
import { openStoreThere } from '../store/open-store.ts';
import { drivenWords } from '../store/run-lease.ts';
import { addStoreFlags, type StoreFlags } from '../store/store-place.ts';
import { isGone } from '../store/worker-name.ts';

interface PruneOptions extends CommonOptions, Omit<StoreFlags, 'config'> {
  readonly olderThan?: number;
  readonly keep?: number;
  readonly maxSize?: number;
  readonly unfinished: boolean;
  readonly withAudit: boolean;
  readonly dryRun: boolean;
}

export const pruneCommand: Command<PruneOptions> = {
  name: 'prune',
  summary: 'Remove runs that are over from the store; their audit logs stay.',
  register(command: CommanderCommand): void {
    command
      .argument('[runs...]', 'these runs, each by its name or how it begins')
      .option('--older-than <time>', 'runs that started longer ago, such as 12h or 30d', (text) =>
        parseDurationUs('--older-than', text),
      )
      .option('--keep <n>', 'all but the latest n', (text) => parseInteger('--keep', text, { min: 0 }))
      .option(
        '--max-size <bytes>',
        'the oldest, until the store takes no more than that, such as 500MB or 2GB',
        (text) => parseBytes('--max-size', text),
      )
      .option(
        '--unfinished',
        'also runs that are not over, when nobody is driving them; they can’t be resumed then',
        false,
      )
      .option('--with-audit', 'their audit logs, too', false)
      .option('--dry-run', 'only tell which would go', false)
      .addHelpText('after', after);
    addStoreFlags(command);
  },
  async run({ operands, options }: Call<PruneOptions>, io: Io): Promise<number> {
    const { olderThan, keep, maxSize } = options;
    if (operands.length === 0 && olderThan === undefined && keep === undefined && maxSize === undefined)
      throw new KernelError(
        'INVALID_ARGUMENT',
        'prune: nothing is said to go; allowed: names of runs, --older-than, --keep, --max-size',
      );
    if (operands.length > 0 && (olderThan ?? keep ?? maxSize) !== undefined)
      throw invalid('run', operands[0], 'names of runs, or --older-than, --keep and --max-size, not both');
    const { storage } = await openStoreThere(options, io);
    try {
      return await new Pruning(storage, options, io).run(operands);
    } finally {
      await storage.close();
    }
  },
};

const after = `
Of --older-than, --keep and --max-size each removes what it says. A run that is not over, or that somebody is driving, stays. Of a run that is
pruned the audit log stays, without contents (ringzero audit RUN --verify), and what it spent counts on in budgets.`;

type Lasting = NonNullable<RunSummary['lease']> & Pick<RunSummary, 'unfinished'>;

class Pruning {
  private readonly storage: StorageManager;
  private readonly options: PruneOptions;
  private readonly io: Io;
  private readonly atUs = new SystemClock().nowUs();
  private readonly pruned: string[] = [];
  private readonly kept = new Map<string, { readonly because: KeptBecause; readonly words: string }>();

  constructor(storage: StorageManager, options: PruneOptions, io: Io) {
    this.storage = storage;
    this.options = options;
    this.io = io;
  }

  async run(names: readonly string[]): Promise<number> {
    const { storage, options, io } = this;
    const before = await storage.sizes();
    const runs = await this.candidates();
    if (names.length > 0) await this.remove(await this.named(names));
    else {
      await this.remove(this.byAge(runs));
      if (options.maxSize !== undefined) await this.toSize(options.maxSize);
    }
    const after = await storage.sizes();
    const kept = Array.from(this.kept, ([run, { because }]) => ({ run, because }));
    if (options.json) {
      const document = {
        command: 'prune',
        dryRun: options.dryRun,
        pruned: this.pruned,
        kept,
        bytesBefore: before.disk,
        bytesAfter: after.disk,
        used: after.used,
      };
      io.out(JSON.stringify(document, null, 1));
      return 0;
    }
    for (const run of this.pruned) io.out(`${options.dryRun ? 'would go: ' : ''}${run}`);
    for (const [run, { words }] of this.kept) io.err(`stays: ${run}: ${words}`);
    const what = `${this.pruned.length} ${this.pruned.length === 1 ? 'run' : 'runs'}`;
    if (options.dryRun) io.out(`${what} would go; nothing was changed`);
    else
      io.out(`${what} pruned; the store took ${formatBytes(before.disk)}, takes ${formatBytes(after.disk)}`);
    return 0;
  }

  /** Those that have something to lose, in the order of their start. */
  private async candidates(): Promise<readonly RunSummary[]> {
    const runs = await this.storage.runs();
    return runs
      .filter(({ prunedUs }) => prunedUs === undefined || this.options.withAudit)
      .toSorted((a, b) => a.startedUs - b.startedUs);
  }

  private async named(names: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const name of names) found.push((await findRun(this.storage, name)).run);
    return found;
  }

  private byAge(runs: readonly RunSummary[]): readonly string[] {
    const { olderThan, keep } = this.options;
    const old =
      olderThan === undefined ? [] : runs.filter(({ startedUs }) => startedUs < this.atUs - olderThan);
    const many = keep === undefined ? [] : runs.slice(0, Math.max(0, runs.length - keep));
    return [...new Set([...old, ...many].map(({ run }) => run))];
  }

  /** What goes is an estimate, as pages are shared, until it has gone. */
  private async toSize(maxSize: number): Promise<void> {
    for (;;) {
      const { used, runs } = await this.storage.sizes();
      const gone = new Set(this.pruned);
      const bytes = new Map(runs.map(({ run, bytes: own }) => [run, own]));
      let left = used;
      if (this.options.dryRun) for (const run of gone) left -= bytes.get(run) ?? 0;
      const chosen: string[] = [];
      for (const { run, unfinished } of await this.candidates()) {
        if (left <= maxSize) break;
        if (gone.has(run) || this.kept.has(run) || (unfinished > 0 && !this.options.unfinished)) continue;
        left -= bytes.get(run) ?? 0;
        chosen.push(run);
      }
      if (chosen.length === 0) return;
      await this.remove(chosen);
      if (this.options.dryRun) return;
    }
  }

  private async remove(runs: readonly string[]): Promise<void> {
    const { unfinished, withAudit, dryRun } = this.options;
    const order = { runs, atUs: this.atUs, unfinished, withAudit, ...(dryRun ? { isTrial: true } : {}) };
    const leases = await this.leases(runs);
    if (!dryRun)
      // As by whoever would go on with them.
      for (const [run, { holder }] of leases) if (isGone(holder)) await this.storage.release({ run, holder });
    const report = await this.storage.prune(order);
    this.pruned.push(...report.pruned);
    for (const { run, because } of report.kept) {
      const lease = because === 'leased' ? leases.get(run) : undefined;
      if (lease === undefined) this.keep(run, because);
      else if (!isGone(lease.holder)) this.keep(run, because, drivenWords(lease, this.atUs));
      else if (lease.unfinished > 0 && !unfinished) this.keep(run, 'unfinished');
      else this.pruned.push(run);
    }
  }

  private keep(run: string, because: KeptBecause, words: string = reasons[because]): void {
    this.kept.set(run, { because, words });
  }

  /** Those that last, by their run, with how many of its processes are not over. */
  private async leases(runs: readonly string[]): Promise<ReadonlyMap<string, Lasting>> {
    const wanted = new Set(runs);
    const lasting = new Map<string, Lasting>();
    for (const { run, lease, unfinished } of await this.storage.runs())
      if (wanted.has(run) && lease !== undefined && lease.untilUs > this.atUs)
        lasting.set(run, { ...lease, unfinished });
    return lasting;
  }
}

const reasons: Readonly<Record<KeptBecause, string>> = {
  leased: 'somebody is driving it',
  unfinished: 'it is not over (ringzero resume goes on with it, --unfinished removes it)',
  written: 'somebody is writing to it',
  pruned: 'it was pruned before',
  unknown: 'is not here any more',
};
