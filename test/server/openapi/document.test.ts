import { expect, test } from 'vitest';

import type { ApiDocument, ApiOperation } from '../../../src/server/openapi/document.ts';
import { exampleOf } from '../../../src/server/openapi/example.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { ApiConformity } from '../../support/api-conformity.ts';
import { openServer } from '../../support/open-server.ts';

const document = await documentOfServer();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, method, path, operation] as const,
  ),
);

async function documentOfServer(): Promise<ApiDocument> {
  await using server = await openServer();
  return (await (await server.get('/openapi.json')).json()) as ApiDocument;
}

test('every route of the server is in the document', async () => {
  await using server = await openServer();
  const routes = server.app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'));
  const told = new Set<string>(operations.map(([name]) => name));
  const untold = routes
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    .filter((name) => !told.has(name));
  expect(routes.length).toBeGreaterThan(3);
  expect(untold).toEqual([]);
});

test('the document is OpenAPI 3.1 and every reference in it leads somewhere', () => {
  expect(document.openapi).toBe('3.1.0');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name]) => name!);
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? [];
    expect(Object.keys(document.components.schemas), reference).toContain(name);
  }
});

test('operations have names of their own', () => {
  const names = operations.map(([, , , { operationId }]) => operationId);
  expect(names.filter((name) => !/^[a-z][a-zA-Z]+$/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

test.each(operations)(
  '%s says what it answers, what it wants and to whom',
  (_name, method, path, operation) => {
    const { summary, tags, responses, security, parameters = [], requestBody } = operation;
    expect(summary).toMatch(/^\S/);
    expect(document.tags!.map(({ name }) => name)).toContain(tags?.[0]);
    const statuses = Object.keys(responses);
    expect(statuses).toContain('500');
    expect(statuses.some((status) => /^[123]/.test(status))).toBe(true);
    if (security === undefined)
      expect(statuses).toEqual(expect.arrayContaining(['401', '403', '429', '503']));
    if (requestBody !== undefined)
      expect(statuses).toEqual(expect.arrayContaining(['400', '413', '415', '422']));
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter(({ in: place }) => place === 'path').map(({ name }) => name)).toEqual(inPath);
    expect(parameters.some(({ name }) => name === 'Idempotency-Key')).toBe(method === 'post');
  },
);

test.each(operations.filter(([, , , { requestBody }]) => requestBody !== undefined))(
  '%s: the example of its body is one that it takes',
  (_name, _method, _path, { requestBody }: ApiOperation) => {
    const schema = requestBody!.content['application/json']!.schema!;
    const conformity = new ApiConformity(document);
    expect(conformity.schemaProblem(schema, exampleOf(document, schema) as Json)).toBeUndefined();
  },
);
