/** docs/server.md tells the truth: its requests are answered as it says, and it names every option of the command. */
import { expect, test } from 'vitest';

import { DocsPage } from '../support/docs-page.ts';
import { openServer } from '../support/open-server.ts';
import { runCli } from '../support/run-cli.ts';

const page = new DocsPage('docs/server.md');

/** Times, names of runs, and what follows from times. */
const normal = (text: string): string =>
  text
    .replaceAll(/run-[0-9a-z]{10}/g, 'run-some')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'some time')
    .replaceAll(/"(confidence)": [\d.]+/g, (_, name: string) => `"${name}": some`);

test('its requests are answered as it says', async () => {
  await using server = await openServer();
  let id = '';
  const exchanges = page.blocks('http');
  expect(exchanges.length).toBeGreaterThan(5);
  for (const exchange of exchanges) {
    const [request = '', ...said] = exchange.trimEnd().split('\n');
    const [, method, path = '', body = '{}'] = /^(GET|POST) (\S+)(?: (.*))?$/.exec(request)!;
    const place = path.replace('$ID', id);
    if (id !== '')
      await expect
        .poll(async () => (await server.get(`/api/traces/${id}`)).json())
        .toMatchObject({ status: 'completed' });
    const answer =
      method === 'GET' ? await server.get(place) : await server.post(place, JSON.parse(body) as unknown);
    const told = (await answer.json()) as { trace_id?: string };
    id = told.trace_id ?? id;
    const printed = `${answer.status} ${JSON.stringify(told, null, 1)}`;
    if (process.env['RINGZERO_PAGE'] === 'print') console.log(`${request}\n${printed}\n`);
    expect([request, normal(printed)]).toEqual([request, normal(said.join('\n'))]);
  }
});

test('it names the options that the server has beside those of a run', async () => {
  const optionsOf = async (command: string): Promise<string[]> =>
    [...(await runCli([command, '--help'])).out.matchAll(/^ {2}(--[\w-]+)/gm)].map(
      ([, option = '']) => option,
    );
  const known = new Set(await optionsOf('run'));
  const own = (await optionsOf('serve')).filter((option) => !known.has(option));
  expect(own.length).toBeGreaterThan(3);
  expect(own.filter((option) => !page.text.includes(option))).toEqual([]);
});
