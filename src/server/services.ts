/** What the routes are made of. */
import type { DrivenLimits } from './runs/driven-runs.ts';
import { LeftRuns } from './runs/left-runs.ts';
import { RunService } from './runs/run-service.ts';
import type { ServedWorld } from './served-world.ts';
import { openWatches, type Watches } from './watch/open-watches.ts';

export interface Services {
  readonly world: ServedWorld;
  readonly runs: RunService;
  readonly watches: Watches;
  readonly left: LeftRuns;
  /** Nothing more is taken up; all that goes on is parked for the next server, until `hurry` resolves. Never rejects. */
  close(hurry: Promise<unknown>): Promise<void>;
}

export interface ServiceOptions extends DrivenLimits {
  /** A line for whoever runs the server. */
  readonly onNotice: (line: string) => void;
}

export function openServices(world: ServedWorld, { onNotice, ...limits }: ServiceOptions): Services {
  const runs = new RunService(world, limits);
  const watches = openWatches(world, { onError: (error) => onNotice(`watching: ${String(error)}`) });
  const left = new LeftRuns({ world, runs, onNotice });
  return {
    world,
    runs,
    watches,
    left,
    async close(hurry) {
      left.close();
      await runs.close(hurry);
      // They are told that their runs are parked.
      watches.close();
    },
  };
}
