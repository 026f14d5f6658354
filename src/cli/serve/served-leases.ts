/** The leases of the runs that `ringzero serve` drives. Who looks at one that is over, or whose holder is gone, sees that a server had it. */
import type { LeaseKeeper } from '../../host/lease-keeper.ts';
import type { Clock } from '../../host/ports.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { RunLeases } from '../../server/served-world.ts';
import { takeRun } from '../store/run-lease.ts';
import { isDriven, standingOf } from '../store/run-state.ts';
import { isServer, serverName } from '../store/worker-name.ts';

export function servedLeases(storage: StorageManager, clock: Clock): RunLeases {
  const holder = serverName();
  return {
    take: (run, onLost): Promise<LeaseKeeper> => takeRun({ storage, clock, run, onLost, holder }),
    standing: (summary) => standingOf(storage, summary, clock.nowUs()),
    isLeft: ({ lease }) =>
      lease !== undefined && isServer(lease.holder) && !isDriven({ lease }, clock.nowUs()),
  };
}
