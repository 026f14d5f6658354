/** What is kept of how a run was started: enough to build its world again, and no secret. */
import { mkdirSync } from 'node:fs';

import { Command as CommanderCommand } from 'commander';
import { expect, test } from 'vitest';

import {
  addLiveFlags,
  liveSettings,
  type LiveFlags,
  type LiveSettings,
} from '../../../src/cli/live/settings.ts';
import { runSettings, type RunSettings } from '../../../src/cli/store/run-settings.ts';
import { settingsOf } from '../../../src/cli/store/stored-world.ts';
import type { Io } from '../../../src/cli/command.ts';
import type { LiveSpec } from '../../../src/sim/live-spec.ts';
import { ioOf, scratch } from '../../support/run-cli.ts';

const files = scratch();
mkdirSync(files.path('here'));
mkdirSync(files.path('there'));
const secrets = {
  RINGZERO_MODEL_KEY: 'secret-of-the-endpoint',
  OTHER_KEY: 'secret-of-the-other',
  TOKEN_OF_TOOLS: 'secret-of-the-tools',
};
const environment = {
  ...secrets,
  RINGZERO_MODEL_URL: 'https://models.example/v1?code=secret-in-the-query',
  RINGZERO_MODEL: 'first',
};
files.write(
  'here/ringzero.json',
  JSON.stringify({
    models: { second: { name: 'second-large', url: 'http://other.example/v1', keyVariable: 'OTHER_KEY' } },
    routes: { complex: ['second'] },
    mcp: [
      {
        name: 'tools',
        command: 'serve',
        args: [
          '--api-key',
          'secret-word',
          '--token=secret-flag',
          'secret-of-the-tools',
          'http://u:secret@h/',
          '--port',
          '7',
        ],
        env: ['TOKEN_OF_TOOLS'],
      },
      { name: 'web', url: 'https://web.example/mcp?key=secret-of-web' },
      { name: 'plain', command: 'plain', args: ['a b'] },
    ],
  }),
);
const here = (given: Partial<Io> = {}): Io => ioOf({ folder: files.path('here'), environment, ...given });

function settings(words: readonly string[], io = here()): LiveSettings {
  const command = new CommanderCommand();
  addLiveFlags(command);
  command.parse(words, { from: 'user' });
  return liveSettings(command.opts<LiveFlags>(), io);
}

function kept(given: LiveSettings): RunSettings {
  const names = ['first', 'second'];
  const models = names.map((name) => given.models.model(name));
  const engines = models.map(({ name, windowTokens, prices }) => ({
    name,
    ...(windowTokens === undefined ? {} : { windowTokens }),
    ...(prices === undefined ? {} : { prices }),
  }));
  const spec = { kind: 'live', seed: 7, engines } as unknown as LiveSpec;
  return JSON.parse(
    JSON.stringify(runSettings(given, { spec, models, tools: ['calculator'], ringzero: 'test' })),
  ) as RunSettings;
}

const given = settings(['--system', 'Be brief.', '--root', '.', '--budget-tokens', '9', '--iterations', '3']);
const stored = kept(given);

test('no secret is kept, whatever it stands in', () => {
  expect(JSON.stringify(stored)).not.toMatch(/secret/);
  expect(JSON.stringify(stored)).toContain('"args":["--api-key",null,null,null,null,"--port","7"]');
});

test('with what the environment and the file still have, the world is that of its start', () => {
  const again = settingsOf('r', stored, { mcp: [] }, here());
  const { models, redactor, ...rest } = again;
  const { models: before, redactor: redactorBefore, config: _, ...restBefore } = given;
  const telling = Object.values(secrets).join(' ');
  expect(redactor.text(telling)).toBe(redactorBefore.text(telling));
  expect(rest).toEqual({
    ...restBefore,
    config: undefined,
    tools: ['calculator'],
    furtherModels: ['first', 'second'],
  });
  expect([models.chain, models.routes]).toEqual([before.chain, before.routes]);
  expect(models.model('first')).toEqual(before.model('first'));
  const second = before.model('second');
  // Where its key belongs is told by the variable.
  expect(models.model('second')).toEqual({
    ...second,
    endpoint: { ...second.endpoint, keyPlace: 'OTHER_KEY' },
  });
});

test('flags stand in the place of what was kept', () => {
  const flags = { mcp: [], approve: 'always', budgetTokens: 20, modelUrl: 'http://near/v1' } as const;
  const again = settingsOf('r', stored, flags, here());
  expect(again).toMatchObject({ approve: 'always', budget: { tokens: 20 } });
  expect(again.models.model('first').endpoint).toMatchObject({ url: 'http://near/v1', model: 'first' });
  expect(again.models.model('second').endpoint).toMatchObject({ url: 'http://other.example/v1' });
});

test('what is kept nowhere is asked for in one line', () => {
  const refused = (changed: RunSettings, io: Io, mcp: readonly string[] = []): string => {
    try {
      settingsOf('r', changed, { mcp }, io);
    } catch (error) {
      expect(error).toMatchObject({ name: 'KernelError', code: 'INVALID_ARGUMENT' });
      expect((error as Error).message).not.toMatch(/secret-|\n/);
      return (error as Error).message;
    }
    return '';
  };
  const there = (more: Io['environment'] = {}): Io =>
    here({ folder: files.path('there'), environment: { ...environment, ...more } });
  const [tools, web] = stored.mcp;
  expect(refused({ ...stored, mcp: [tools!] }, there())).toContain(
    'of MCP server tools, a word of its command',
  );
  expect(refused({ ...stored, mcp: [web!] }, there())).toContain('of MCP server web, the query');
  expect(refused({ ...stored, mcp: [tools!] }, there({ TOKEN_OF_TOOLS: undefined }))).toBe(
    'run r: MCP server tools gets the variable TOKEN_OF_TOOLS, which is not set',
  );
  expect(refused({ ...stored, mcp: [] }, there({ RINGZERO_MODEL_URL: undefined }))).toContain(
    'of the URL of model first, https://models.example/v1, the query is not kept',
  );
  // The key that is set now is for another endpoint.
  const [first] = stored.models;
  const whole = { ...first!, endpoint: { ...first!.endpoint!, isCut: false } };
  const elsewhere = there({ RINGZERO_MODEL_URL: 'https://else.example/v1?code=secret-x' });
  expect(refused({ ...stored, models: [whole], mcp: [] }, elsewhere)).toContain(
    'model first is asked at https://models.example/v1, and RINGZERO_MODEL_KEY is for https://else.example/v1',
  );
  const keyless = there({ RINGZERO_MODEL_URL: undefined, RINGZERO_MODEL_KEY: undefined });
  expect(refused({ ...stored, models: [whole], mcp: [] }, keyless)).toBe('');
  expect(refused({ ...stored, mcp: [tools!] }, there(), ['tools --all of it'])).toBe('');
});
