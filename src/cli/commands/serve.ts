/** `ringzero serve`: runs of agents over HTTP (docs/server.md). */
import type { Command as CommanderCommand } from 'commander';

import { createApp } from '../../server/app.ts';
import { openServices } from '../../server/services.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { addLiveFlags, liveSettings, type LiveFlags } from '../live/settings.ts';
import { parseDurationUs, parseInteger } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { addGuardFlags, guardOptions, type GuardFlags } from '../serve/guard-flags.ts';
import { defaultPort } from '../serve/ask-server.ts';
import { openServedWorld } from '../serve/open-served-world.ts';
import { startSimulationJob } from '../serve/simulation-job.ts';
import { serveUntilTold } from '../serve/serving.ts';
import { webhookOptions, webhookVariable } from '../serve/webhook-flag.ts';
import { openStore } from '../store/open-store.ts';
import { addStoreFlags, type StoreFlags } from '../store/store-place.ts';

interface ServeOptions extends CommonOptions, LiveFlags, GuardFlags, Omit<StoreFlags, 'config'> {
  readonly port: number;
  readonly activeRuns: number;
  readonly continue: boolean;
  readonly approvalWebhook?: string;
  readonly shutdownTimeout?: number;
}

const shutdownTimeoutUs = 30_000_000;

const after = `
A SIGTERM or Ctrl-C parks all runs; the next server on the same store goes on with them. A second one does not wait for what runs.`;

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
      defaultPort,
    );
    command.option(
      '--active-runs <n>',
      'runs that go on at once, at most; a request for more is answered with 429',
      (text) => parseInteger('--active-runs', text, { min: 1, max: 100_000 }),
      1_000,
    );
    command
      .option(
        '--approval-webhook <url>',
        `is told of each question that waits for a person, signed with ${webhookVariable}`,
      )
      .option('--no-continue', 'leave the runs that a server before this one was driving as they are')
      .option(
        '--shutdown-timeout <time>',
        'how long calls and tools under way are waited for when it is told to end (default: 30s)',
        (text) => parseDurationUs('--shutdown-timeout', text),
      )
      .addHelpText('after', after);
  },
  async run({ options }: Call<ServeOptions>, io: Io): Promise<number> {
    const settings = liveSettings(options, io);
    const guards = guardOptions(options, io);
    const webhook = webhookOptions(options.approvalWebhook, io.environment);
    const { storage } = await openStore(options, io);
    const world = await openServedWorld(settings, {
      storage,
      seed: options.seed,
      watcher: { onNotice: (line) => io.err(line) },
    });
    const services = openServices(world.served, {
      active: options.activeRuns,
      webhook,
      startJob: startSimulationJob,
      onNotice: (line) => io.err(line),
    });
    const app = createApp(services, {
      version: packageVersion(),
      onError: (error, id) =>
        io.err(`error ${id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
      guards,
    });
    try {
      return await serveUntilTold(
        app,
        services,
        {
          ...options,
          isContinuing: options.continue,
          shutdownTimeoutUs: options.shutdownTimeout ?? shutdownTimeoutUs,
        },
        io,
      );
    } finally {
      await world.close();
      await storage.close();
    }
  },
};
