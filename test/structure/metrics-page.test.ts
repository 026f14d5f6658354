/** docs/metrics.md names everything that a run reports: each field of the JSON document, each event with its fields, each input. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { engineDefaults } from '../../src/kernel/engine-options.ts';
import { runJson } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const textOf = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const page = textOf('docs/metrics.md');
/** What stands between backticks; `a` and `a.b` both name `a`. */
const named = new Set(
  [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.split('.').concat(code!)),
);

/** Names of fields at every depth, but for what `options` holds, which docs/scenario.md documents. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    name,
    ...(name === 'options' ? [] : fieldsOf(inner)),
  ]);
}

test('every field of the JSON document of a run', async () => {
  const report = await runJson('simulate', join(projectRoot, 'examples/scenario.json'));
  const fields = new Set(fieldsOf(report));
  expect(fields.size).toBeGreaterThan(80);
  expect([...fields].filter((field) => !named.has(field))).toEqual([]);
});

/** The variants of a union as it is written: name → fields. */
function variantsOf(path: string): Map<string, string[]> {
  const [, ...variants] = textOf(path).split(/readonly type: (?=')/);
  return new Map(
    variants.map((variant) => {
      const [body = ''] = variant.split('}', 1);
      const [, type = ''] = /^'([\w.]+)'/.exec(body) ?? [];
      return [type, [...body.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field!)];
    }),
  );
}

test('every event, and its fields in its row', () => {
  const events = variantsOf('src/kernel/events.ts');
  expect(events.size).toBeGreaterThan(30);
  for (const [type, fields] of events) {
    const [row] = page.split('\n').filter((line) => line.startsWith(`| \`${type}\` `));
    expect(row, type).toBeDefined();
    expect(
      fields.filter((field) => field !== 'pid' && !row!.includes(`\`${field}\``)),
      type,
    ).toEqual([]);
  }
});

test('every input of a recording', () => {
  const inputs = [...variantsOf('src/kernel/inputs.ts').keys()];
  expect(inputs.length).toBeGreaterThan(8);
  expect(inputs.filter((type) => !named.has(type))).toEqual([]);
});

test('the default prices', () => {
  const { input, cachedInput, output } = engineDefaults.prices;
  const dollars = [input, cachedInput, output].map((price) => price / 1_000_000);
  const [, ...told] =
    /(\d+) dollars for a million prompt\s+tokens, ([\d.]+) for cached ones, (\d+) for answer tokens/.exec(
      page,
    )!;
  expect(told.map(Number)).toEqual(dollars);
});
