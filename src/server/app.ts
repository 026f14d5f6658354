/** All routes of the server, over the services that they use. Tested without a port: `app.request(…)`. */
import { OpenAPIHono } from '@hono/zod-openapi';

import type { ServerEnv } from './caller.ts';
import { answerOf, Refused } from './errors.ts';
import { addGuards, guardDefaults, type GuardOptions } from './guards.ts';
import { addHealthRoutes } from './health/health-routes.ts';
import { RunService } from './runs/run-service.ts';
import { addTraceRoutes } from './runs/trace-routes.ts';
import type { ServedWorld } from './served-world.ts';

export interface AppOptions {
  /** Of the package. */
  readonly version: string;
  /** Where errors that nobody has foreseen are told. */
  readonly onError: (error: unknown) => void;
  /** Default: for a server on loopback without tokens. */
  readonly guards?: Partial<GuardOptions>;
  /** It takes no more requests. */
  readonly isClosing?: () => boolean;
}

export function createApp(
  world: ServedWorld,
  { version, onError, guards = {}, isClosing = () => false }: AppOptions,
): OpenAPIHono<ServerEnv> {
  const app = new OpenAPIHono<ServerEnv>({
    defaultHook(result) {
      if (result.success) return;
      const [issue] = result.error.issues;
      const field = issue?.path.join('.') ?? '';
      throw new Refused(422, 'INVALID_ARGUMENT', `${field}: ${issue?.message ?? 'is not what it may be'}`, {
        field,
      });
    },
  });
  app.onError((error, context) => {
    const answer = answerOf(context, error);
    if (answer.status === 500) onError(error);
    return answer;
  });
  app.notFound((context) =>
    answerOf(
      context,
      new Refused(404, 'NOT_FOUND', `${context.req.method} ${context.req.path}: there is no such path`),
    ),
  );
  addGuards(app, world.clock, { ...guardDefaults, ...guards });
  addHealthRoutes(app, { live: world.live, isClosing, version });
  addTraceRoutes(app, new RunService(world));
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Ring Zero', version } });
  return app;
}
