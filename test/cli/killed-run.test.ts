/** The command line itself, killed with SIGKILL. More of it: `npm run crash -- --commands N`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { killedCommand } from '../crash/killed-commands.ts';
import { seedCount } from '../support/seeds.ts';

const place = mkdtempSync(join(tmpdir(), 'ringzero-killed-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

test('a run that is killed goes on with resume to the same answer, and acts once', async () => {
  let kills = 0;
  for (let seed = 1; seed <= seedCount(1, 20); seed++) {
    const one = await killedCommand(place, { seed, most: 1 });
    expect([seed, one.problems]).toEqual([seed, []]);
    kills += one.kills;
  }
  expect(kills).toBeGreaterThan(0);
});
