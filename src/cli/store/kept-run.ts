/** A run that a command drives: leased, in its world, on whatever it is kept in, until it has ended or is parked. */
import { nanoid } from 'nanoid';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import type { LeaseKeeper } from '../../host/lease-keeper.ts';
import type { Clock } from '../../host/ports.ts';
import { RunRecorder } from '../../host/run-recorder.ts';
import type { KernelError } from '../../kernel/errors.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { Begun, DrivenRun } from '../live/driven-run.ts';
import type { LiveWorld } from '../live/live-world.ts';
import type { OpenStore } from './open-store.ts';
import { takeRun } from './run-lease.ts';

export class KeptRun {
  private readonly keeper: LeaseKeeper;
  private readonly storage: StorageManager;
  private readonly run: string;
  private readonly clock: Clock;
  private recorder: RunRecorder | undefined;
  private world: LiveWorld | undefined;
  private lost: KernelError | undefined;

  /** Throws KernelError LEASE_LOST while somebody else drives it. */
  static async take({ storage }: Pick<OpenStore, 'storage'>, run: string): Promise<KeptRun> {
    const clock = new SystemClock();
    const made: { kept?: KeptRun } = {};
    const keeper = await takeRun({ storage, run, clock, onLost: (why) => made.kept!.lose(why) });
    return (made.kept = new KeptRun({ keeper, storage, run, clock }));
  }

  private constructor(given: {
    readonly keeper: LeaseKeeper;
    readonly storage: StorageManager;
    readonly run: string;
    readonly clock: Clock;
  }) {
    ({ keeper: this.keeper, storage: this.storage, run: this.run, clock: this.clock } = given);
  }

  /** Takes the lines of the recording of its world. `onFailure`: it is not kept any further. */
  record(onFailure: (why: unknown) => void): (line: string) => void {
    const { storage, run, clock } = this;
    this.recorder = new RunRecorder({ storage, run, clock, session: nanoid(10), onFailure });
    return this.recorder.add;
  }

  /** Returns the exit status. */
  async drive(driven: DrivenRun, world: LiveWorld, begin: () => Begun): Promise<number> {
    this.world = world;
    try {
      if (this.lost !== undefined) throw this.lost;
      return await driven.drive(world, begin);
    } finally {
      await world.close({ isHurried: driven.isHurried });
      await this.recorder?.close();
    }
  }

  /** Others may go on with it. */
  release(): Promise<void> {
    return this.keeper.release();
  }

  /** Nothing more is done by a worker whose lease another has. */
  private lose(why: KernelError): void {
    this.lost = why;
    this.world?.live.close(why);
  }
}
