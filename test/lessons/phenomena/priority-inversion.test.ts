import { expect, test } from 'vitest';

import { priorityInversion } from '../../../src/lessons/phenomena/priority-inversion.ts';

test('without inheritance the urgent one waits for the one in between, with it for the critical section alone', () => {
  for (const seconds of [5, 50]) {
    const [none, inheritance] = (['none', 'inheritance'] as const).map((protocol) =>
      priorityInversion(seconds, protocol),
    );
    // Three of the ten seconds are over when communications come; the bus came a second before them.
    expect(none!.agents[1]).toEqual({
      name: 'bus',
      arrival: 2,
      turnaround: 1 + seconds + 7 + 1,
      lockWait: 8 + seconds,
    });
    expect(inheritance!.agents[1]).toEqual({ name: 'bus', arrival: 2, turnaround: 8 + 1, lockWait: 8 });
    expect(inheritance!.agents.map(({ turnaround }) => turnaround)).toEqual([10, 9, 8 + seconds]);
    // The same work in another order.
    expect(none!.stretches.map(({ agent }) => agent)).toEqual([0, 2, 0, 1]);
    expect(inheritance!.stretches.map(({ agent, from, to }) => [agent, from, to])).toEqual([
      [0, 0, 10],
      [1, 10, 11],
      [2, 11, 11 + seconds],
    ]);
    expect(none!.lockWaits).toEqual([{ agent: 1, from: 2, to: 10 + seconds }]);
  }
});
