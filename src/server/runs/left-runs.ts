/**
 * Runs that a server was driving when it ended or died: the next one goes on with them, and so does another one of the same storage. What somebody has stopped or parked stays as it is, and so does what never was a
 * server's.
 */
import { messageOf } from '../../kernel/errors.ts';
import type { RunSummary } from '../../kernel/storage.ts';
import type { ServedWorld } from '../served-world.ts';
import type { RunService } from './run-service.ts';

/** After this time the leases of a server that died on another machine are over, µs. */
const lookAgainUs = 31_000_000;

export interface LeftRunsOptions {
  readonly world: ServedWorld;
  readonly runs: RunService;
  /** A line for whoever runs the server. */
  readonly onNotice: (line: string) => void;
}

export class LeftRuns {
  private readonly options: LeftRunsOptions;
  private cancel: (() => void) | undefined;
  /** They could not go on here; that is told once. */
  private readonly refused = new Set<string>();
  private isClosed = false;

  constructor(options: LeftRunsOptions) {
    this.options = options;
  }

  /** Goes on with all there are now, and later with those of servers that may have died. Resolves when those of now go on. Never rejects. */
  async takeUp(): Promise<void> {
    const { world, runs, onNotice } = this.options;
    try {
      for (const summary of await world.storage.runs()) {
        if (this.isClosed) return;
        if (!isCandidate(summary) || runs.driven.get(summary.run) !== undefined) continue;
        if (world.leases.isLeft(summary)) await this.goOn(summary.run);
      }
    } catch (error) {
      onNotice(`runs that were left are looked for again: ${messageOf(error)}`);
    }
    // Another server of the storage may be there, or come, and die.
    if (!this.isClosed)
      this.cancel = world.clock.at(world.clock.nowUs() + lookAgainUs, () => void this.takeUp());
  }

  close(): void {
    this.isClosed = true;
    this.cancel?.();
  }

  private async goOn(run: string): Promise<void> {
    const { runs, onNotice } = this.options;
    if (this.refused.has(run)) return;
    try {
      if (await runs.goOnWithLeft(run)) onNotice(`${run} goes on`);
    } catch (error) {
      this.refused.add(run);
      onNotice(`${run} does not go on: ${messageOf(error)}`);
    }
  }
}

const isCandidate = ({ unfinished, lease, prunedUs }: RunSummary): boolean =>
  unfinished > 0 && lease !== undefined && prunedUs === undefined;
