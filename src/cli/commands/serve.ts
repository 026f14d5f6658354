/** `ringzero serve`: runs of agents over HTTP (docs/server.md). */
import type { Command as CommanderCommand } from 'commander';

import { createApp } from '../../server/app.ts';
import { listen } from '../../server/listen.ts';
import { openServices } from '../../server/services.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { addLiveFlags, liveSettings, type LiveFlags } from '../live/settings.ts';
import { parseInteger } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { addGuardFlags, guardOptions, type GuardFlags } from '../serve/guard-flags.ts';
import { openServedWorld } from '../serve/open-served-world.ts';
import { openStore } from '../store/open-store.ts';
import { addStoreFlags, type StoreFlags } from '../store/store-place.ts';

interface ServeOptions extends CommonOptions, LiveFlags, GuardFlags, Omit<StoreFlags, 'config'> {
  readonly port: number;
  readonly activeRuns: number;
}

export const serveCommand: Command<ServeOptions> = {
  name: 'serve',
  summary: 'Drive and watch agents over HTTP.',
  register(command: CommanderCommand): void {
    addLiveFlags(command);
    addStoreFlags(command);
    addGuardFlags(command);
    command.option(
      '--port <n>',
      '0: any free one',
      (text) => parseInteger('--port', text, { min: 0, max: 65_535 }),
      4_790,
    );
    command.option(
      '--active-runs <n>',
      'runs that go on at once, at most; a request for more is answered with 429',
      (text) => parseInteger('--active-runs', text, { min: 1, max: 100_000 }),
      1_000,
    );
  },
  async run({ options }: Call<ServeOptions>, io: Io): Promise<number> {
    const settings = liveSettings(options, io);
    const guards = guardOptions(options, io);
    const { storage } = await openStore(options, io);
    const world = await openServedWorld(settings, {
      storage,
      seed: options.seed,
      watcher: { onNotice: (line) => io.err(line) },
    });
    const services = openServices(world.served, { active: options.activeRuns });
    const app = createApp(services, {
      version: packageVersion(),
      onError: (error, id) =>
        io.err(`error ${id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
      guards,
    });
    const server = await listen(app, options);
    io.out(`listening on ${server.url}`);
    await new Promise<void>((resolve) => io.person.onInterrupt(resolve));
    await server.close();
    await world.close();
    await storage.close();
    return 0;
  },
};
