import { expect, test } from 'vitest';

import { rngFor } from '../../src/base/rng.ts';
import { RunRecorder } from '../../src/host/run-recorder.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { runStarted } from '../kernel/storage-records.ts';
import { failingStorage, randomFate, type Fate } from '../support/failing-storage.ts';

test('a storage that is unavailable at times, or whose answers are lost, keeps the whole recording, each line once', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const stored = new MemoryStorage();
    await stored.append([runStarted()]);
    const random = randomFate(rngFor(seed, 'recorder'), 0.3);
    let fate: () => Fate = random;
    let now = 0;
    const due: (() => void)[] = [];
    const recorder = new RunRecorder({
      storage: failingStorage(stored, () => fate()),
      clock: {
        nowUs: () => now++,
        at(_, act) {
          due.push(act);
          return () => due.splice(0);
        },
      },
      run: 'r1',
      session: 's',
      onFailure: (why) => expect.unreachable(String(why)),
    });
    for (let line = 0; line < 40; line++) {
      recorder.add(JSON.stringify({ line }));
      if (line % 3 === 0) for (const act of due.splice(0)) act();
      await new Promise(setImmediate);
    }
    fate = () => 'done';
    await recorder.close();
    const parts = await stored.recordings('r1');
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
    expect(parts.flatMap(({ lines }) => lines)).toEqual(Array.from({ length: 40 }, (_, line) => ({ line })));
  }
});
