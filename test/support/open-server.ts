/** A server as `ringzero serve` builds it, asked without a port. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Command } from 'commander';

import { serveCommand } from '../../src/cli/commands/serve.ts';
import { liveSettings, type LiveFlags } from '../../src/cli/live/settings.ts';
import { openServedWorld } from '../../src/cli/serve/open-served-world.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { createApp } from '../../src/server/app.ts';
import type { ServerEnv } from '../../src/server/caller.ts';
import type { GuardOptions } from '../../src/server/guards.ts';
import type { ServedWorld } from '../../src/server/served-world.ts';
import { ioOf } from './run-cli.ts';

export interface OpenServer extends AsyncDisposable {
  readonly app: OpenAPIHono<ServerEnv>;
  readonly world: ServedWorld;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** `words`: flags of the command. Default storage: memory; the caller closes another. */
export async function openServer({
  words = ['--model', 'scripted'],
  storage = new MemoryStorage(),
  guards = {},
}: {
  readonly words?: readonly string[];
  readonly storage?: StorageManager;
  readonly guards?: Partial<GuardOptions>;
} = {}): Promise<OpenServer> {
  const command = new Command();
  serveCommand.register(command);
  command.parse(words, { from: 'user' });
  const settings = liveSettings(command.opts<LiveFlags>(), ioOf({}));
  const world = await openServedWorld(settings, { storage, seed: 1, watcher: {} });
  const errors: unknown[] = [];
  const app = createApp(world.served, { version: '0.0.0', onError: (error) => errors.push(error), guards });
  return {
    app,
    world: world.served,
    get: async (path, headers = {}) => app.request(path, { headers: { Host: 'localhost', ...headers } }),
    post: async (path, body, headers = {}) =>
      app.request(path, {
        method: 'POST',
        headers: { Host: 'localhost', 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      await world.close();
      if (errors.length > 0) throw errors[0];
    },
  };
}
