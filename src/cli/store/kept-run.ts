/** A run that a command drives: leased, in its world, on whatever it is kept in, until it has ended or is parked. */
import { SystemClock } from '../../adapters/clock/system-clock.ts';
import type { LeaseKeeper } from '../../host/lease-keeper.ts';
import type { KernelError } from '../../kernel/errors.ts';
import type { Begun, DrivenRun } from '../live/driven-run.ts';
import type { LiveWorld } from '../live/live-world.ts';
import type { OpenStore } from './open-store.ts';
import { takeRun } from './run-lease.ts';

export class KeptRun {
  private readonly keeper: LeaseKeeper;
  private world: LiveWorld | undefined;
  private lost: KernelError | undefined;

  /** Throws KernelError LEASE_LOST while somebody else drives it. */
  static async take({ storage }: Pick<OpenStore, 'storage'>, run: string): Promise<KeptRun> {
    const clock = new SystemClock();
    const made: { kept?: KeptRun } = {};
    const keeper = await takeRun({ storage, run, clock, onLost: (why) => made.kept!.lose(why) });
    return (made.kept = new KeptRun(keeper));
  }

  private constructor(keeper: LeaseKeeper) {
    this.keeper = keeper;
  }

  /** Returns the exit status. */
  async drive(driven: DrivenRun, world: LiveWorld, begin: () => Begun): Promise<number> {
    this.world = world;
    try {
      if (this.lost !== undefined) throw this.lost;
      return await driven.drive(world, begin);
    } finally {
      await world.close({ isHurried: driven.isHurried });
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
