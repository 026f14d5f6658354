/** A server as `ringzero serve` builds it, asked without a port. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Command } from 'commander';

import { serveCommand } from '../../src/cli/commands/serve.ts';
import { liveSettings, type LiveFlags } from '../../src/cli/live/settings.ts';
import { startSimulationJob } from '../../src/cli/serve/simulation-job.ts';
import { openServedWorld } from '../../src/cli/serve/open-served-world.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { createApp } from '../../src/server/app.ts';
import type { ServerEnv } from '../../src/server/caller.ts';
import type { GuardOptions } from '../../src/server/guards.ts';
import type { ServedWorld } from '../../src/server/served-world.ts';
import { openServices, type ServiceOptions, type Services } from '../../src/server/services.ts';
import { documentOf } from '../../src/server/openapi/document.ts';
import { ApiConformity } from './api-conformity.ts';
import { ioOf } from './run-cli.ts';

export interface OpenServer extends AsyncDisposable {
  readonly app: OpenAPIHono<ServerEnv>;
  readonly world: ServedWorld;
  readonly services: Services;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Every server documents the same routes. */
let conformity: ApiConformity | undefined;

/** `words`: flags of the command. Default storage: memory; the caller closes another. An answer that is not as documented fails the test. */
export async function openServer({
  words = ['--model', 'scripted'],
  storage = new MemoryStorage(),
  guards = {},
  environment = {},
  options = {},
  onError,
}: {
  readonly words?: readonly string[];
  readonly storage?: StorageManager;
  readonly guards?: Partial<GuardOptions>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly options?: Partial<ServiceOptions>;
  /** Absent: an error that nobody has foreseen fails the test. */
  readonly onError?: (error: unknown, id: string) => void;
} = {}): Promise<OpenServer> {
  const command = new Command();
  serveCommand.register(command);
  command.parse(words, { from: 'user' });
  const settings = liveSettings(command.opts<LiveFlags>(), ioOf({ environment }));
  const world = await openServedWorld(settings, { storage, seed: 1, watcher: {} });
  const errors: unknown[] = [];
  const services = openServices(world.served, {
    active: 1_000,
    onNotice: () => {},
    startJob: startSimulationJob,
    ...options,
  });
  const app = createApp(services, {
    version: '0.0.0',
    guards,
    onError: onError ?? ((error) => errors.push(error)),
  });
  conformity ??= new ApiConformity(documentOf(app, '0.0.0'));
  const checked = async (method: string, path: string, init: RequestInit): Promise<Response> => {
    const answer = await app.request(path, { method, ...init });
    const type = answer.headers.get('Content-Type') ?? '';
    // Of a stream that may never end only the head is checked.
    const text = type.startsWith('application/json') ? await answer.clone().text() : '-';
    const problem = conformity!.problemOf(method, path, answer.status, type, text);
    if (problem !== undefined) errors.push(new Error(problem));
    return answer;
  };
  return {
    app,
    world: world.served,
    services,
    get: (path, headers = {}) => checked('GET', path, { headers: { Host: 'localhost', ...headers } }),
    post: (path, body, headers = {}) =>
      checked('POST', path, {
        headers: { Host: 'localhost', 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      await world.close();
      if (errors.length > 0) throw errors[0];
    },
  };
}
