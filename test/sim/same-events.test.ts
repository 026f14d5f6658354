/** The same inputs give the same event log to the byte, here and in a browser: a bundle, run without anything of Node. */
import { beforeAll, expect, test } from 'vitest';

import { bundleForBrowser, runBare } from '../support/browser-bundle.ts';
import { seedCount } from '../support/seeds.ts';
import { runWorld } from './random-world.ts';
import { eventLogs } from './same-events-scenario.ts';

let browser: { readonly eventLogs: typeof eventLogs; readonly runWorld: typeof runWorld };

beforeAll(async () => {
  const entry = `
    export { eventLogs } from './test/sim/same-events-scenario.ts';
    export { runWorld } from './test/sim/random-world.ts';`;
  browser = runBare(await bundleForBrowser(entry)) as typeof browser;
});

test('all policies on one busy scenario: the same bytes', () => {
  const here = eventLogs();
  const there = browser.eventLogs();
  expect(Object.keys(there)).toEqual(Object.keys(here));
  for (const [policies, log] of Object.entries(here)) expect(there[policies], policies).toBe(log);
  // The scenario has what could differ, and the policies do differ.
  for (const type of [
    'call.stopped',
    'page.evicted',
    'budget.settled',
    'tool.started',
    'process.suspended',
    'person.answered',
  ])
    expect(here['priority importance-lru none prefix'], type).toContain(`"type":"${type}"`);
  expect(Object.values(here).some((log) => log.includes('"on":"budget"'))).toBe(true);
  expect(new Set(Object.values(here)).size).toBeGreaterThan(Object.keys(here).length / 2);
});

test('random worlds: the same hash of all events', () => {
  for (let seed = 1; seed <= seedCount(8, 1_000); seed++) {
    const here = runWorld(seed);
    const there = browser.runWorld(seed);
    expect([there.hash, there.events, there.steps], `seed ${seed}`).toEqual([
      here.hash,
      here.events,
      here.steps,
    ]);
  }
});
