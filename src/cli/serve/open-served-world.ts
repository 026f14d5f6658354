/** The world of `ringzero serve`: that of a live run, with storage, for many runs. */
import type { Json } from '../../kernel/ids.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { ServedWorld } from '../../server/served-world.ts';
import { budgetName, openLiveWorld, type LiveWatcher } from '../live/live-world.ts';
import type { LiveSettings } from '../live/settings.ts';
import { newRunName } from '../store/run-lease.ts';
import { ownBudget } from './own-budget.ts';
import { checkSameWorld } from './same-world.ts';
import { servedLeases } from './served-leases.ts';

export interface OpenServedWorld {
  readonly served: ServedWorld;
  /** Stops everything that still runs. */
  close(): Promise<void>;
}

/** The caller closes `storage`, behind the world. Throws KernelError INVALID_ARGUMENT for whatever of the settings cannot be. */
export async function openServedWorld(
  settings: LiveSettings,
  given: { readonly storage: StorageManager; readonly seed: number; readonly watcher: LiveWatcher },
): Promise<OpenServedWorld> {
  const world = await openLiveWorld(settings, {
    ...given,
    moreModels: settings.furtherModels,
    isWatched: false,
    asksPerson: settings.approve !== 'never',
    hasFigures: true,
    isKept: true,
  });
  const { live, questions, clock, registry, models, tools } = world;
  return {
    served: {
      live,
      questions,
      clock,
      registry,
      storage: given.storage,
      leases: servedLeases(given.storage, clock),
      asks: settings.approve !== 'never',
      models: models.map(({ name }) => name),
      tools,
      budget: budgetName,
      settings: world.settings as unknown as Json,
      metrics: () => world.telemetry.metrics(),
      newRunName,
      agent: (own) => world.agent(own),
      checkGoesOn: (run, kept) => checkSameWorld(run, kept, world.settings),
      budgetsOf: ownBudget,
      redact: (value) => settings.redactor.value(value),
    },
    close: () => world.close(),
  };
}
