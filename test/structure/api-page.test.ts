/** docs/api.md tells the truth: its requests are answered as it says, its program runs, and it names every status. */
import { runInNewContext } from 'node:vm';

import { expect, test } from 'vitest';

import { ApiError, createClient } from '../../src/client/index.ts';
import { documentOf } from '../../src/server/openapi/document.ts';
import { DocsPage } from '../support/docs-page.ts';
import { openServer } from '../support/open-server.ts';

const page = new DocsPage('docs/api.md');

/** Names, times and ids are no promise. */
const withoutChance = (text: string): string =>
  text.replaceAll(/chatcmpl-[\w-]+/g, 'chatcmpl-RUN').replaceAll(/"created":\d+/g, '"created":0');

test('its requests are answered as it says', async () => {
  await using server = await openServer();
  const exchanges = page.blocks('http');
  expect(exchanges.length).toBeGreaterThan(3);
  for (const exchange of exchanges) {
    const [request = '', answer = ''] = exchange.trim().split('\n\n');
    const [head = '', body] = request.split('\n');
    const [method = '', path = ''] = head.split(' ');
    const answered = await server.app.request(path, {
      method,
      headers: { Host: 'localhost', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    });
    expect(`${answered.status}\n${withoutChance(await answered.text())}`).toBe(withoutChance(answer));
  }
});

test('its program runs and sees the end of its run', async () => {
  await using server = await openServer();
  const [program = ''] = page.blocks('ts');
  const lines: string[] = [];
  const body = program.replace(/^import .*$/m, '');
  const fetch = (url: string, init: RequestInit) =>
    server.app.request(url, {
      ...init,
      headers: { Host: 'localhost', ...(init.headers as Record<string, string>) },
    });
  await (runInNewContext(`(async () => {${body}})()`, {
    ApiError,
    createClient,
    fetch,
    setTimeout,
    crypto,
    console: {
      log: ({ type }: { readonly type: string }) => lines.push(type),
      error: (...told: unknown[]) => lines.push(told.join(' ')),
    },
  }) as Promise<void>);
  expect(lines[0]).toBe('trace_started');
  expect(lines.at(-1)).toBe('trace_completed');
});

test('it names every status that the document knows', async () => {
  await using server = await openServer();
  const { paths } = documentOf(server.app, '0.0.0');
  const statuses = Object.values(paths).flatMap((operations) =>
    Object.values(operations).flatMap(({ responses }) => Object.keys(responses)),
  );
  for (const status of new Set(statuses.filter((one) => one.startsWith('4') || one.startsWith('5'))))
    expect(page.text, status).toContain(status);
});
