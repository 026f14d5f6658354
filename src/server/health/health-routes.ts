/** Whether the server is there (`/health`), and whether it takes work (`/ready`): for whoever starts it again, and for whoever sends requests to one of several. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { LiveKernel } from '../../host/live-kernel.ts';
import type { ServerEnv } from '../caller.ts';

export interface Readiness {
  readonly live: Pick<LiveKernel, 'storageTrouble' | 'isBroken'>;
  /** It takes no more requests. */
  readonly isClosing: () => boolean;
  readonly version: string;
}

const healthy = z.object({ status: z.literal('ok'), version: z.string() }).openapi('Health');
const readiness = z
  .object({
    status: z.enum(['ready', 'closing', 'storage-unavailable', 'broken']),
    message: z.string().openapi({ description: "why it is not; '' when it is" }),
  })
  .openapi('Readiness');

const health = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  security: [],
  summary: 'Whether the server is there',
  responses: { 200: { description: 'it is', content: { 'application/json': { schema: healthy } } } },
});

const ready = createRoute({
  method: 'get',
  path: '/ready',
  operationId: 'getReadiness',
  security: [],
  summary: 'Whether the server takes work',
  responses: {
    200: { description: 'it does', content: { 'application/json': { schema: readiness } } },
    503: { description: 'it does not, and says why', content: { 'application/json': { schema: readiness } } },
  },
});

export function addHealthRoutes(app: OpenAPIHono<ServerEnv>, server: Readiness): void {
  app.openapi(health, (context) => context.json({ status: 'ok' as const, version: server.version }, 200));
  app.openapi(ready, (context) => {
    const { live } = server;
    if (server.isClosing())
      return context.json({ status: 'closing' as const, message: 'it is shutting down' }, 503);
    if (live.isBroken)
      return context.json(
        { status: 'broken' as const, message: 'the kernel broke down; its log says why' },
        503,
      );
    const trouble = live.storageTrouble;
    if (trouble !== undefined)
      return context.json(
        { status: 'storage-unavailable' as const, message: 'what is to be stored waits' },
        503,
      );
    return context.json({ status: 'ready' as const, message: '' }, 200);
  });
}
