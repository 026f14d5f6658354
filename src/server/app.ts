/** All routes of the server, over the services that they use. Tested without a port: `app.request(…)`. */
import { randomUUID } from 'node:crypto';

import { OpenAPIHono } from '@hono/zod-openapi';

import { badInput } from './bad-input.ts';
import { checkBody } from './body-check.ts';
import type { ServerEnv } from './caller.ts';
import { chatAnswerOf } from './chat/chat-errors.ts';
import { addChatRoutes } from './chat/chat-routes.ts';
import { answerOf } from './errors.ts';
import { addGuards, guardDefaults, type GuardOptions } from './guards.ts';
import { addExperienceRoutes } from './experiences/experience-routes.ts';
import { addHealthRoutes } from './health/health-routes.ts';
import { addJobRoutes } from './jobs/job-routes.ts';
import { addMetricsRoute } from './health/metrics-route.ts';
import { idempotency } from './idempotency/idempotency.ts';
import { KeptAnswers } from './idempotency/kept-answers.ts';
import { addKernelRoutes } from './kernel/kernel-routes.ts';
import { addDocumentRoutes } from './openapi/document-routes.ts';
import { addQuestionRoutes } from './questions/question-routes.ts';
import { addTraceRoutes } from './runs/trace-routes.ts';
import type { Services } from './services.ts';
import { addWatchRoutes } from './watch/watch-routes.ts';

export interface AppOptions {
  /** Of the package. */
  readonly version: string;
  /** Where errors that nobody has foreseen are told, under the id that the answer names. */
  readonly onError: (error: unknown, id: string) => void;
  /** Default: for a server on loopback without tokens. */
  readonly guards?: Partial<GuardOptions>;
}

export function createApp(
  services: Services,
  { version, onError, guards = {} }: AppOptions,
): OpenAPIHono<ServerEnv> {
  const { answerTokens, chat, experiences, jobs, questions, reflections, runs, watches, world } = services;
  const app = new OpenAPIHono<ServerEnv>({
    defaultHook(result) {
      // `data` is what was checked; the types leave it out.
      if (!result.success) throw badInput(result.error, (result as { readonly data?: unknown }).data);
    },
  });
  app.onError((error, context) => {
    const id = randomUUID();
    const isChat = context.req.path.startsWith('/v1/');
    const answer = isChat ? chatAnswerOf(context, error, id) : answerOf(context, error, id);
    if (answer.status === 500) onError(error, id);
    return answer;
  });
  addGuards(app, world.clock, { ...guardDefaults, ...guards });
  app.use(checkBody);
  app.use(idempotency(new KeptAnswers(world.storage, Date.now), Date.now));
  addHealthRoutes(app, { live: world.live, isClosing: () => services.isClosing, version });
  addTraceRoutes(app, runs);
  addExperienceRoutes(app, experiences, reflections);
  addJobRoutes(app, jobs);
  addQuestionRoutes(app, questions, answerTokens);
  addWatchRoutes(app, { watches, known: runs.known });
  addKernelRoutes(app, {
    live: world.live,
    isSeen: (run, caller) => runs.known.isSeen(run, caller),
    send: (pid, signal, caller) => runs.signal(pid, signal, caller),
  });
  addChatRoutes(app, world, chat);
  addMetricsRoute(app, world);
  addDocumentRoutes(app, version);
  return app;
}
