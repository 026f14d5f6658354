import { expect, test } from 'vitest';

import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { LeftRuns } from '../../src/server/runs/left-runs.ts';
import { openServer } from '../support/open-server.ts';

test('the runs of a server that dies are taken up also by one that was alone when it started', async () => {
  const storage = new MemoryStorage();
  await using server = await openServer({ storage });
  const alarms: (() => void)[] = [];
  const { world } = server;
  const clock = {
    nowUs: () => world.clock.nowUs(),
    at: (_us: number, act: () => void) => {
      alarms.push(act);
      return () => {};
    },
  };
  const said: string[] = [];
  const left = new LeftRuns({
    world: { ...world, clock },
    runs: server.services.runs,
    onNotice: (line) => said.push(line),
  });
  await left.takeUp();
  // Another one comes, and dies with a run under way.
  await using dying = await openServer({ storage });
  const made = await dying.post('/api/traces', {
    messages: [{ role: 'user', content: 'ask_person {"question":"May I?"}' }],
  });
  const { trace_id: id } = (await made.json()) as { readonly trace_id: string };
  await expect.poll(() => dying.services.runs.world.questions.open().length).toBe(1);
  await dying.services.close(Promise.resolve());
  expect(alarms).toHaveLength(1);
  alarms[0]!();
  await expect.poll(() => said).toEqual([`${id} goes on`]);
  left.close();
});
