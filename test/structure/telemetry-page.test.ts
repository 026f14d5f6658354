/** docs/telemetry.md tells the truth: its tables are the mapping, its numbers those of the code, and what its program imports is there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import * as adapters from '../../src/adapters/index.ts';
import { mappingVersion, telemetryScope } from '../../src/host/telemetry/conventions.ts';
import { mostPoints } from '../../src/host/telemetry/metric-set.ts';
import * as main from '../../src/index.ts';
import { DocsPage } from '../support/docs-page.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';
import { attributeRows, eventRows, metricRows } from '../support/telemetry-tables.ts';

const page = new DocsPage('docs/telemetry.md');

/** The rows of the table behind this head, without the spaces that line them up. */
function rowsBehind(head: string): readonly (readonly string[])[] {
  const lines = page.text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const rows: string[][] = [];
  for (const line of lines.slice(from + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

test('its tables are the mapping', () => {
  expect(rowsBehind('attribute')).toEqual(attributeRows());
  expect(rowsBehind('event')).toEqual(eventRows());
  expect(rowsBehind('metric')).toEqual(metricRows());
});

test('its numbers are those of the code', () => {
  const { schemaUrl } = telemetryScope;
  expect(page.text).toContain(`This mapping is version ${mappingVersion} `);
  expect(page.text).toContain(`version ${schemaUrl.split('/').at(-1)!} of the conventions`);
  expect(page.text).toContain(`${mostPoints.toLocaleString('en')} combinations of attributes`);
});

test('every variable that is read stands there, and no other', () => {
  const source = readFileSync(join(projectRoot, 'src/adapters/telemetry/otlp-settings.ts'), 'utf8');
  const read = [...source.matchAll(/'(OTEL_\w+)'/g)].map(([, name]) => name!);
  const endpoints = ['TRACES', 'METRICS'].map((kind) => `OTEL_EXPORTER_OTLP_${kind}_ENDPOINT`);
  const told = rowsBehind('variable').flatMap(([names = '']) => names.match(/OTEL_\w+/g) ?? []);
  expect(told.toSorted()).toEqual([...new Set([...read, ...endpoints])].toSorted());
});

test('its options belong to the commands that it names', async () => {
  for (const command of ['run', 'resume', 'mcp', 'serve']) {
    const { out } = await runCli([command, '--help']);
    expect(out, command).toContain('--otlp [url]');
    expect(out, command).toContain('--otlp-content');
  }
});

test('what its program imports is there', () => {
  const [program = ''] = page.blocks('ts');
  const imported = [...program.matchAll(/import \{ ([^}]+) \} from '([^']+)'/g)];
  expect(imported.length).toBe(2);
  for (const [, names = '', from] of imported)
    for (const name of names.split(', ')) expect(from === 'ringzero' ? main : adapters).toHaveProperty(name);
});
