/** GET /metrics: the figures of the kernel for Prometheus. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import { prometheusContentType, prometheusText } from '../../host/telemetry/prometheus-text.ts';
import type { ServerEnv } from '../caller.ts';
import type { ServedWorld } from '../served-world.ts';

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Figures of the kernel, for Prometheus',
  responses: {
    200: {
      description: 'in the text format of Prometheus',
      content: { 'text/plain': { schema: z.string() } },
    },
  },
});

export function addMetricsRoute(app: OpenAPIHono<ServerEnv>, world: Pick<ServedWorld, 'metrics'>): void {
  app.openapi(metrics, (context) =>
    context.text(prometheusText(world.metrics()), 200, { 'Content-Type': prometheusContentType }),
  );
}
