/** docs/watching.md tells the truth: what it shows is what a server tells, and its events are all that there are. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { listen } from '../../src/server/listen.ts';
import { watchLimits } from '../../src/server/watch/watcher.ts';
import { DocsPage } from '../support/docs-page.ts';
import { openServer } from '../support/open-server.ts';
import { projectRoot } from '../support/source.ts';
import { overEventStream } from '../support/watching.ts';

const page = new DocsPage('docs/watching.md');

/** Times are each run's own. */
const normal = (text: string): string => text.replaceAll(/Us":\d+/g, 'Us":N').trim();

test('what it shows is what a server tells', async () => {
  await using server = await openServer();
  const port = await listen(server.app, { host: '127.0.0.1', port: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-page-'));
  try {
    const made = await server.post('/api/traces', { messages: [{ role: 'user', content: 'What is 6*7?' }] });
    const { trace_id: run } = (await made.json()) as { trace_id: string };
    await overEventStream(port.url, `/api/traces/${run}/watch`);
    const [shown = ''] = page.blocks('console');
    const [, query = '', said = ''] = /\/watch(\?\S+)'\n([^]*)$/.exec(shown) ?? [];
    const answer = await fetch(`${port.url}/api/traces/${run}/watch${query}`);
    expect(normal(await answer.text())).toBe(normal(said));
    const script = join(folder, 'watch.mjs');
    writeFileSync(script, page.blocks('js')[0]!);
    const { stdout } = await promisify(execFile)(process.execPath, [script, port.url, run]);
    expect(stdout).toBe(page.blocks('text')[0]);
  } finally {
    server.services.watches.close();
    await port.close(0);
    rmSync(folder, { recursive: true });
  }
});

test('its table has every event and no other, and its limits are those', () => {
  const source = readFileSync(join(projectRoot, 'src/agents/traces/watch-event.ts'), 'utf8');
  const types = [...source.matchAll(/readonly type:([^;]*);/g)].flatMap(([, told = '']) =>
    [...told.matchAll(/'(\w+)'/g)].map(([, type]) => type!),
  );
  const rows = page.text.match(/^\| `[a-z_]+`.*?\|/gm)!;
  const named = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, type]) => type!));
  const byName = (a: string, b: string): number => (a < b ? -1 : 1);
  expect(named.toSorted(byName)).toEqual(types.toSorted(byName));
  const { heldBytes, behind, stallMs } = watchLimits;
  expect([heldBytes, behind, stallMs]).toEqual([256 * 1_024, 1_024 * 1_024, 10_000]);
});
