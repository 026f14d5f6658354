/** docs/run.md tells the truth: its commands print what the page says, its files are taken, and it names every option, tool and field. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { builtInTools } from '../../src/agents/tools/built-in.ts';
import { AgentService } from '../../src/cli/live/agent-service.ts';
import { approvalModes } from '../../src/cli/live/approval.ts';
import { readConfig } from '../../src/cli/live/config-file.ts';
import type { LiveWorld } from '../../src/cli/live/live-world.ts';
import { OpenQuestions } from '../../src/host/open-questions.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/run.md');
const files = scratch();
const [team = '', memories = '', settings = ''] = page.blocks('json');

/** Times, names of runs, the version of Node, and what follows from times. */
const normal = (text: string): string =>
  text
    .replaceAll(/ in [\d.]+ (ms|s|µs):/g, ' in some time:')
    .replaceAll(/ in [\d.]+ (ms|s|µs)$/gm, ' in some time')
    .replaceAll(/ +[\d.]+ (ms|s|µs) {2}/g, ' some time  ')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'some day')
    .replaceAll(/run-[0-9a-z]{10}/g, 'run-some')
    .replaceAll(/[0-9a-f]{64}/g, 'some hash')
    .replaceAll(/(ok {4}node +)[\d.]+/g, '$1some version');

test('its commands print what it says', () => {
  const commands = page.runCommands((folder) => {
    writeFileSync(join(folder, 'team.json'), team);
    writeFileSync(join(folder, 'memories.json'), memories);
  }, normal);
  expect(commands.length).toBeGreaterThan(6);
  for (const { words, printed, said } of commands)
    expect({ words, printed }).toEqual({ words, printed: said });
}, 60_000);

test('it names every option of its commands, every tool, field and way of approving', async () => {
  for (const command of ['run', 'resume', 'doctor', 'mcp']) {
    const { out } = await runCli([command, '--help']);
    const options = [...out.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option = '']) => option);
    expect(options.length).toBeGreaterThan(3);
    for (const option of options)
      if (!['--help', '--seed', '--model-url', '--json'].includes(option))
        expect(page.text, option).toContain(option);
  }
  const world = { tools: [], models: [], questions: new OpenQuestions() } as unknown as LiveWorld;
  const names = [...new AgentService().serve(world, 'ask'), ...builtInTools].map(({ spec }) => spec.name);
  for (const name of [
    ...names,
    ...approvalModes,
    'read_file',
    'write_file',
    'list_files',
    'search_files',
    'fetch',
    'shell',
  ])
    expect(page.text, name).toContain(`\`${name}\``);
});

test('its file of settings is taken, and has every field that there is', () => {
  const file = files.write('ringzero.json', settings);
  expect(readConfig('.', file, { PATH: '/bin', OPENAI_API_KEY: 'k' })?.config.mcp).toHaveLength(3);
  const other = files.write('other.json', '{"unknown": 1}');
  let allowed = '';
  try {
    readConfig('.', other, {});
  } catch (error) {
    allowed = /allowed: the fields (.*)$/.exec((error as Error).message)![1]!;
  }
  expect(Object.keys(JSON.parse(settings) as object)).toEqual(allowed.split(', '));
});

test('it names every event that --ndjson prints', () => {
  const events = new DocsPage('docs/memory.md').text.split('### As it happens')[1]!;
  const types = [...events.matchAll(/^\| (`\w+`[^|]*)\|/gm)].flatMap(
    ([, cell = '']) => cell.match(/`\w+`/g) ?? [],
  );
  expect(types.length).toBeGreaterThan(12);
  for (const type of types) expect(page.text).toContain(type);
});

test('its links lead to files', () => {
  for (const [, path = ''] of page.text.matchAll(/\]\(([^)]+)\)/g))
    expect(existsSync(join(projectRoot, 'docs', path)), path).toBe(true);
});
