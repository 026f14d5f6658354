/** What the routes are made of. */
import type { DrivenLimits } from './runs/driven-runs.ts';
import { RunService } from './runs/run-service.ts';
import type { ServedWorld } from './served-world.ts';
import { openWatches, type Watches } from './watch/open-watches.ts';

export interface Services {
  readonly world: ServedWorld;
  readonly runs: RunService;
  readonly watches: Watches;
}

export interface ServiceOptions extends DrivenLimits {
  /** A line for whoever runs the server. */
  readonly onNotice: (line: string) => void;
}

export function openServices(world: ServedWorld, { onNotice, ...limits }: ServiceOptions): Services {
  const runs = new RunService(world, limits);
  const watches = openWatches(world, { onError: (error) => onNotice(`watching: ${String(error)}`) });
  return { world, runs, watches };
}
