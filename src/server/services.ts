/** What the routes are made of. */
import type { DrivenLimits } from './runs/driven-runs.ts';
import { RunService } from './runs/run-service.ts';
import type { ServedWorld } from './served-world.ts';

export interface Services {
  readonly world: ServedWorld;
  readonly runs: RunService;
}

export function openServices(world: ServedWorld, limits: DrivenLimits): Services {
  return { world, runs: new RunService(world, limits) };
}
