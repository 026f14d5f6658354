/** The pages on phenomena are those that their experiments make, and the commands on them show the same figures. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { filesOf, indexRow, type ResultPage } from '../../bench/phenomena/page.ts';
import { longPages, quickPages } from '../../bench/phenomena/pages.ts';
import { convoyEffect } from '../../src/lessons/phenomena/convoy-effect.ts';
import { runCli, runJson } from '../support/run-cli.ts';
import { isSoak } from '../support/seeds.ts';
import { projectRoot } from '../support/source.ts';

const folder = join(projectRoot, 'docs/results');
const made = Object.entries(quickPages).map(([name, make]) => ({ name, page: make() }));
const list = readFileSync(join(folder, 'README.md'), 'utf8');

function expectUpToDate(name: string, page: ResultPage): void {
  expect(page.name).toBe(name);
  for (const [file, content] of filesOf(page)) {
    const path = join(folder, file);
    expect(existsSync(path), file).toBe(true);
    expect(readFileSync(path, 'utf8'), file).toBe(content);
  }
  expect(list).toContain(`| ${indexRow(page).join(' | ')} |`);
}

test.each(made)('$name is as `npm run results` makes it', ({ name, page }) => expectUpToDate(name, page));

const note = isSoak ? '' : ' (skipped: only npm run soak makes it)';

for (const [name, make] of Object.entries(longPages))
  test(`${name} is as \`npm run results\` makes it${note}`, { skip: !isSoak }, async (context) => {
    const page = await make();
    if (page === undefined) context.skip('../shared/traces is not there');
    else expectUpToDate(name, page);
  });

test('the list names all pages in order, and no other files are there', () => {
  const names = [...Object.keys(quickPages), ...Object.keys(longPages)];
  const rows = [...list.matchAll(/^\| \[.*?\]\((.*?)\.md\)/gm)].map(([, name]) => name);
  expect(rows).toEqual(names);
  const known = new Set([
    'README.md',
    'agents.md',
    'kernel.md',
    'paging.md',
    'scheduling.md',
    'storage.md',
    'server.md',
    'sweep.md',
  ]);
  for (const { page } of made) for (const file of filesOf(page).keys()) known.add(file);
  for (const name of Object.keys(longPages))
    for (const ending of ['md', 'svg']) known.add(`${name}.${ending}`);
  expect(readdirSync(folder).filter((file) => !known.has(file))).toEqual([]);
});

test('figures are told plainly in each page, and its links lead to files', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text, file).not.toMatch(/NaN|undefined|Infinity/);
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)\)/g))
      expect(existsSync(join(folder, target)), target).toBe(true);
  }
});

const commands = made.flatMap(({ page }) => page.repeat.map(({ command }) => ({ command })));

test.each(commands)('ringzero $command', async ({ command }) => {
  const { status, err } = await runCli(command.split(' '));
  expect({ status, err }).toEqual({ status: 0, err: '' });
});

interface SchedReport {
  readonly results: readonly {
    readonly policy: string;
    readonly perJob: readonly { readonly turnaround: number; readonly waiting: number }[];
  }[];
}

const commandOf = (name: string, start: string): string[] =>
  pageNamed(name)
    .repeat.find(({ command }) => command.startsWith(start))!
    .command.split(' ');
const pageNamed = (name: string) => made.find((one) => one.name === name)!.page;

test('the commands show the figures of the pages', async () => {
  const page = await runJson<{ readonly results: readonly { readonly misses: number }[] }>(
    ...commandOf('beladys-anomaly', 'page'),
  );
  expect(page.results.slice(0, 5).map(({ misses }) => misses)).toEqual([12, 12, 9, 10, 5]);

  const convoy = await runJson<SchedReport>(
    ...commandOf('convoy-effect', 'sched').filter((word) => word !== '--gantt'),
  );
  const means = convoy.results.map(
    ({ perJob }) => perJob.slice(1).reduce((sum, { turnaround }) => sum + turnaround, 0) / 4,
  );
  expect(means).toEqual(convoyEffect().map(({ shortTurnaround }) => shortTurnaround));

  // OSTEP's rules and the kernel's own queue agree where the gamers win.
  const gamed = await runJson<{
    readonly answer: { readonly perJob: readonly { readonly wait: number; readonly turnaround: number }[] };
  }>(...commandOf('mlfq-gaming', 'ostep'));
  expect(gamed.answer.perJob[0]).toMatchObject({ wait: 360, turnaround: 560 });

  const starved = await runJson<SchedReport>(...commandOf('starvation', 'sched'));
  expect(starved.results.map(({ perJob }) => perJob[0]!.waiting)).toEqual([1_000, 360]);

  const thrashing = await runJson(...commandOf('thrashing', 'simulate'));
  expect(pageNamed('thrashing').figures.join('\n')).toMatch(
    new RegExp(`^\\| none \\|( \\d+ \\|){6} ${thrashing.modelCallsCompleted} \\|`, 'm'),
  );

  const turnarounds: number[] = [];
  for (const { command } of pageNamed('priority-inversion').repeat)
    turnarounds.push((await runJson(...command.split(' '))).perProcess[1]!.turnaroundUs / 1e6);
  expect(turnarounds).toEqual([59, 9]);

  const tenants = await runJson(...commandOf('greedy-tenant', 'simulate'));
  const modest = tenants.perProcess.filter(({ name }) => name.startsWith('modest'));
  const mean = modest.reduce((sum, { turnaroundUs }) => sum + turnaroundUs, 0) / modest.length / 1e6;
  expect(pageNamed('greedy-tenant').figures.join('\n')).toContain(`| vtc | ${mean.toFixed(1)} |`);
});
