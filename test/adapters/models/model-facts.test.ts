/** What stands around a call: its failure in words, the environment, prices and the counting of tokens. */
import { expect, test } from 'vitest';

import { clean, retryAfter } from '../../../src/adapters/models/model-errors.ts';
import {
  modelFromEnvironment,
  openAiCompatible,
  shownUrl,
} from '../../../src/adapters/models/openai-compatible.ts';
import { priceTable, pricesOf, updatedPrices } from '../../../src/adapters/models/prices.ts';
import { loadTokenizer } from '../../../src/adapters/models/tokenizer.ts';
import { checkPrices } from '../../../src/kernel/engine-options.ts';

const now = Date.UTC(2025, 9, 21, 7, 28, 0);

test.each([
  [{ 'retry-after': '3' }, 3_000_000],
  [{ 'retry-after': '0.5' }, 500_000],
  [{ 'retry-after': 'Tue, 21 Oct 2025 07:28:10 GMT' }, 10_000_000],
  [{ 'retry-after': 'Tue, 21 Oct 2025 07:27:00 GMT' }, 0],
  [{ 'retry-after': '9', 'retry-after-ms': '1500' }, 1_500_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '-3' }, undefined],
  [{ 'retry-after': '9'.repeat(30) }, undefined],
  [{}, undefined],
] as const)('Retry-After %o is %s µs', (headers, expected) => {
  expect(retryAfter(headers, now)).toBe(expected);
});

test('a message is one line, not long, without secrets in any form', () => {
  const secret = 'se"cret+key/1234';
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret), btoa(secret)];
  const message = clean(`a\r\n\u0007b ${forms.join(' ')} ${'x'.repeat(500)}`, [secret]);
  expect(message).toMatch(/^a b \*\*\* \*\*\* "\*\*\*" \*\*\* x+…$/);
  expect(message.length).toBeLessThan(310);
});

test('the environment names an endpoint, or none', () => {
  expect(modelFromEnvironment({})).toBeUndefined();
  expect(modelFromEnvironment({ RINGZERO_MODEL_URL: ' ' })).toBeUndefined();
  expect(
    modelFromEnvironment({
      RINGZERO_MODEL_URL: 'http://localhost:11434/v1 ',
      RINGZERO_MODEL_KEY: '',
      RINGZERO_MODEL: 'qwen3',
    }),
  ).toEqual({ url: 'http://localhost:11434/v1', model: 'qwen3' });
  expect(() => modelFromEnvironment({ RINGZERO_MODEL_KEY: 'sk-secret' })).toThrow(
    'RINGZERO_MODEL_URL: is not set, but RINGZERO_MODEL_KEY is; allowed: an http or https URL such as http://localhost:11434/v1',
  );
});

test('a URL or a key that cannot be one is refused at once, and no secret is told', () => {
  expect(() => openAiCompatible({ url: 'localhost:11434' })).toThrow(
    'model url: "localhost:11434" is not allowed',
  );
  expect(() => openAiCompatible({ url: 'nonsense' })).toThrow('model url: "nonsense" is not allowed');
  for (const options of [
    { url: 'https://user:sk-secret@example.org/v1' },
    { url: 'user:sk-secret@example.org/v1' },
    { url: 'example.org/v1?api-key=sk-secret' },
    { url: 'ftp://user:sk-secret@example.org/v1?key=sk-secret' },
    { url: 'https://example.org/v1', key: 'sk-secret\n' },
  ])
    expect(() => openAiCompatible(options)).toThrow(/^(?!.*sk-secret).*is not allowed/);
});

test('a URL is shown without its query and without a password', () => {
  expect(shownUrl('https://user:pass@example.org/v1?api-key=secret')).toBe('https://…@example.org/v1?…');
  expect(shownUrl('http://localhost:8080/v1')).toBe('http://localhost:8080/v1');
});

test('each price of the table is one, and cached input is not dearer', () => {
  for (const [model, prices] of Object.entries(priceTable)) {
    expect(() => checkPrices(model, prices)).not.toThrow();
    expect(prices.cachedInput).toBeLessThanOrEqual(prices.input);
  }
});

test('a price is found under the names that providers have for one model, and under no other', () => {
  const own = { input: 2_500_000, cachedInput: 1_250_000, output: 10_000_000 };
  for (const name of ['gpt-4o', 'openai/gpt-4o', 'gpt-4o-2024-08-06', 'azure/openai/gpt-4o-2024-08-06'])
    expect(pricesOf(name)).toEqual(own);
  expect(pricesOf('gpt-4o-mini')?.input).toBe(150_000);
  expect(pricesOf('claude-sonnet-4-20250514')).toEqual(priceTable['claude-sonnet-4']);
  for (const name of ['gpt-4o-super', 'qwen3', 'toString', '']) expect(pricesOf(name)).toBeUndefined();
});

test('a file updates the table, or says what is wrong with it', () => {
  const prices = { input: 1, cachedInput: 0, output: 2 };
  const table = updatedPrices('prices.json', JSON.stringify({ 'gpt-4o': prices, mine: prices }));
  expect([pricesOf('gpt-4o', table), pricesOf('mine', table), pricesOf('o3', table)]).toEqual([
    prices,
    prices,
    priceTable['o3'],
  ]);
  expect(() => updatedPrices('prices.json', '{')).toThrow(/^prices.json: is not JSON/);
  expect(() => updatedPrices('prices.json', '[]')).toThrow('prices.json: a list is not allowed');
  expect(() => updatedPrices('prices.json', '{"m": {"input": -1, "cachedInput": 0, "output": 0}}')).toThrow(
    'prices.json: m.input: -1 is not allowed',
  );
});

test('tokens are counted as the vocabulary has them, whatever the text is', async () => {
  const countTokens = await loadTokenizer();
  expect(countTokens('')).toBe(0);
  expect(countTokens('hello world')).toBe(2);
  expect(countTokens('The quick brown fox jumps over the lazy dog.')).toBe(10);
  // A text that looks like a special token, and half a character.
  expect(countTokens('<|endoftext|>')).toBeGreaterThan(1);
  expect(countTokens('\ud800')).toBeGreaterThan(0);
  // One word that is as long as a window: counted in pieces, not in minutes.
  expect(countTokens('a'.repeat(100_000))).toBe(12_500);
}, 5_000);
