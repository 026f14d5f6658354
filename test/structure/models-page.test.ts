/** docs/models.md tells the truth: it names every variable, every end of a call and every simulated model, its links lead somewhere, and its price file is one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { modelVariables, openAiCompatible } from '../../src/adapters/models/openai-compatible.ts';
import { pricesOf, updatedPrices } from '../../src/adapters/models/prices.ts';
import { modelFailureCodes } from '../../src/kernel/errors.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/models.md');

test('it names every variable of the environment and every code of a failure', () => {
  for (const name of [...Object.values(modelVariables), ...modelFailureCodes])
    expect(page.text).toContain(`\`${name}\``);
  for (const [, name = ''] of page.text.matchAll(/`(RINGZERO_\w+)`/g))
    expect(Object.values(modelVariables)).toContain(name);
});

test('its URLs are taken', () => {
  const urls = [...page.text.matchAll(/`(https?:[^`]+)`/g)].map(([, url = '']) => url);
  expect(urls.length).toBeGreaterThan(3);
  for (const url of urls) expect(() => openAiCompatible({ url })).not.toThrow();
});

test('its links lead to files, and every simulated model has one', () => {
  const links = [...page.text.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path);
  for (const path of links) expect(existsSync(join(projectRoot, path)), path).toBe(true);
  const models = readdirSync(join(projectRoot, 'src/sim/devices/models')).filter((name) =>
    name.endsWith('-model.ts'),
  );
  for (const name of models) expect(links).toContain(`src/sim/devices/models/${name}`);
});

test('its price file updates the table', () => {
  const [json = ''] = page.blocks('json');
  const table = updatedPrices('prices.json', json);
  expect(pricesOf('my-own', table)).toEqual({ input: 0, cachedInput: 0, output: 0 });
  // It says what the table says of that model.
  expect(pricesOf('openai/gpt-4.1-mini', table)).toEqual(pricesOf('gpt-4.1-mini'));
});
