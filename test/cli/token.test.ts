import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { guardOptions, type GuardFlags } from '../../src/cli/serve/guard-flags.ts';
import { runCli, scratch } from '../support/run-cli.ts';

const made = scratch();
let count = 0;
const flags: GuardFlags = { host: '127.0.0.1', allowOrigin: [], rate: 10, maxBody: 2_000 };

test('a token is shown once, its file keeps the hash for its owner alone, and a revoked one is gone', async () => {
  const folder = made.path(String(++count));
  mkdirSync(folder);
  const first = await runCli(['token', 'ann', '--scope', 'read', '--tenant', 'acme'], { folder });
  expect(first.out).toMatch(/^rz_[\w-]{43}$/);
  const path = join(folder, 'tokens.json');
  expect(readFileSync(path, 'utf8')).not.toContain(first.out.slice(3));
  expect(statSync(path).mode & 0o077).toBe(0);
  const known = () => guardOptions({ ...flags, tokens: 'tokens.json' }, { folder, environment: {} }).tokens!;
  expect(known().callerOf(first.out)).toMatchObject({ name: 'ann', tenant: 'acme' });
  expect((await runCli(['token', 'ann'], { folder })).err).toContain('name: "ann"');
  const second = JSON.parse((await runCli(['token', 'bob', '--json'], { folder })).out) as { token: string };
  expect((await runCli(['token', 'ann', '--revoke'], { folder })).status).toBe(0);
  expect(known().callerOf(first.out)).toBeUndefined();
  expect(known().callerOf(second.token)).toMatchObject({ name: 'bob' });
});

test('a server that others reach has tokens; a file that others may write to is none', () => {
  const folder = made.path(String(++count));
  mkdirSync(folder);
  const open = (given: Partial<GuardFlags>, environment: Record<string, string> = {}) =>
    guardOptions({ ...flags, ...given }, { folder, environment });
  for (const host of ['0.0.0.0', '::', '192.168.1.7', 'example.org'])
    expect(() => open({ host })).toThrow('--host');
  const secret = 'a-long-enough-token';
  expect(open({ host: '0.0.0.0' }, { RINGZERO_TOKEN: secret }).tokens!.callerOf(secret)!.scopes).toContain(
    'admin',
  );
  expect(() => open({}, { RINGZERO_TOKEN: 'short' })).toThrow('RINGZERO_TOKEN: too short');
  expect(() => open({ tokens: 'none.json' })).toThrow('ENOENT');
  const path = join(folder, 'tokens.json');
  writeFileSync(path, '{"tokens": []}', { mode: 0o600 });
  expect(() => open({ tokens: 'tokens.json' })).toThrow('at least one token');
  chmodSync(path, 0o666);
  expect(() => open({ tokens: 'tokens.json' })).toThrow('nobody but its owner');
  expect(() => open({ allowOrigin: ['example.org'] })).toThrow('--allow-origin');
});
