/** `/openapi.json`, the page that shows it at `/docs`, and what a path answers to a method that it does not have. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';
import { jsonAnswer } from './answers.ts';
import { docsPage, docsPolicy } from './docs-page.ts';
import { documentOf, type ApiDocument } from './document.ts';

const documentRoute = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getDocument',
  summary: 'This document',
  security: [],
  responses: { 200: jsonAnswer('OpenAPI 3.1', z.record(z.string(), z.unknown())) },
});

const pageRoute = createRoute({
  method: 'get',
  path: '/docs',
  operationId: 'getDocsPage',
  summary: 'This document as a page to read and to try',
  security: [],
  responses: { 200: { description: 'the page', content: { 'text/html': { schema: z.string() } } } },
});

/** Behind all other routes. The document is made when it is first asked for, so that a server starts sooner. */
export function addDocumentRoutes(app: OpenAPIHono<ServerEnv>, version: string): void {
  let made: ApiDocument | undefined;
  const document = (): ApiDocument => (made ??= documentOf(app, version));
  let page: string | undefined;
  let paths: readonly DocumentedPath[] | undefined;
  app.openapi(documentRoute, (context) =>
    context.json(document() as unknown as Record<string, unknown>, 200),
  );
  app.openapi(pageRoute, (context) => {
    context.header('Content-Security-Policy', docsPolicy);
    return context.html((page ??= docsPage(document())), 200);
  });
  app.notFound((context) => {
    const { method, path } = context.req;
    paths ??= pathsOf(document());
    const allow = paths.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : []));
    if (allow.length === 0) throw new Refused(404, 'NOT_FOUND', `${method} ${path}: there is no such path`);
    throw new Refused(405, 'METHOD', `${method} ${path}: is not allowed; allowed: ${allow.join(', ')}`, {
      allow,
    });
  });
}

interface DocumentedPath {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

const pathsOf = ({ paths }: ApiDocument): DocumentedPath[] =>
  Object.entries(paths).map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
    methods: Object.keys(operations).map((method) => method.toUpperCase()),
  }));
