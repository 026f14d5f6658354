import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { schedulingPolicies, vtcDefaults, vtcWith } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';
import { seedCount } from '../../support/seeds.ts';

/** Processes 1, 2, … of these clients, each with a prompt of 100 tokens. */
function withClients(clients: readonly number[]): ArrayProcesses {
  const processes = new ArrayProcesses();
  for (const [index, client] of clients.entries()) {
    processes.clients[index + 1] = client;
    processes.prompts[index + 1] = 100;
  }
  return processes;
}

test('the client with the least counter goes first; inside a client, first come, first served', () => {
  const policy = schedulingPolicies.vtc(withClients([0, 0, 1]).context());
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  policy.charge!(pid(1), { coreUs: 1, tokensIn: 100, tokensOut: 30 }, 1);
  // Client 0 has 100 + 2 × 30, client 1 nothing.
  expect(policy.pick(core(0), 1)).toBe(3);
  expect(policy.pick(core(0), 1)).toBe(2);
});

test('a client that comes back is lifted to the least of those with calls waiting: idling earns no credit', () => {
  const policy = schedulingPolicies.vtc(withClients([0, 0, 0, 1, 1]).context());
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  expect([policy.pick(core(0), 0), policy.pick(core(0), 0)]).toEqual([1, 2]);
  // Client 1 comes for the first time, at 200 like client 0, whose call waits longer.
  policy.ready(pid(4), 10);
  policy.ready(pid(5), 11);
  expect([policy.pick(core(0), 11), policy.pick(core(0), 11), policy.pick(core(0), 11)]).toEqual([3, 4, 5]);
});

test('with nobody waiting, a client is lifted to the counter of the last that left', () => {
  const policy = schedulingPolicies.vtc(withClients([0, 1, 0, 1]).context());
  policy.ready(pid(1), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  policy.charge!(pid(1), { coreUs: 1, tokensIn: 100, tokensOut: 450 }, 1);
  policy.ready(pid(2), 2);
  expect(policy.explain!(pid(2), 2)).toContain('counter 1000 weighted tokens');
});

test('a call that found no room in memory is paid back, and keeps its place', () => {
  const policy = schedulingPolicies.vtc(withClients([0, 0, 1]).context());
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 5)).toBe(1);
  policy.waiting(pid(1), 5);
  expect(policy.explain!(pid(1), 5)).toContain('counter 0 weighted tokens');
  policy.ready(pid(1), 0);
  expect([policy.pick(core(0), 6), policy.pick(core(0), 6), policy.pick(core(0), 6)]).toEqual([1, 3, 2]);
});

test('a preempted call pays for its prompt once', () => {
  const processes = withClients([0, 1]);
  const policy = vtcWith({ ...vtcDefaults, sliceUs: 1_000_000 })(processes.context());
  policy.ready(pid(1), 0);
  policy.pick(core(0), 0);
  processes.underWay[1] = true;
  policy.charge!(pid(1), { coreUs: 1_000_000, tokensIn: 100, tokensOut: 10 }, 1_000_000);
  policy.ready(pid(1), 1_000_000);
  policy.pick(core(0), 1_000_000);
  expect(policy.explain!(pid(1), 1_000_000)).toContain('counter 120 weighted tokens');
});

test('twice the weight is twice the service', () => {
  const processes = withClients([0, 1, 0, 1]);
  processes.weights.push(1, 1, 2, 1, 2);
  const policy = schedulingPolicies.vtc(processes.context());
  const picks = [0, 0];
  for (const id of [1, 2, 3, 4]) policy.ready(pid(id), 0);
  for (let us = 1; us <= 300; us++) {
    const picked = policy.pick(core(0), us)!;
    picks[processes.client(picked)]!++;
    policy.charge!(picked, { coreUs: 1, tokensIn: 100, tokensOut: 50 }, us);
    policy.waiting(picked, us);
    policy.ready(picked, us);
  }
  expect(picks).toEqual([100, 200]);
});

/**
 * Theorem 4.4 of the paper, for charges at the end of a call: while two clients both have calls waiting, what they receive differs by at most twice
 * U = max(w_in L, w_out M).
 */
test('the proven bound: of two clients with calls waiting, neither receives more than 2U more', () => {
  const { inputWeight, outputWeight } = vtcDefaults;
  let periods = 0;
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (seed, clients, cores) => {
        const rng = rngFor(seed, 'vtc');
        const processes = new ArrayProcesses();
        const policy = schedulingPolicies.vtc(processes.context());
        const longestPrompt = 1 + rng.integer(1_000);
        const longestAnswer = 1 + rng.integer(500);
        const U = Math.max(
          inputWeight * longestPrompt,
          outputWeight * cores * (longestPrompt + longestAnswer),
        );
        const received = Array.from({ length: clients }, () => 0);
        const queued = Array.from({ length: clients }, () => 0);
        // Of each pair, since both have calls waiting: the least and the largest difference.
        const spans = new Map<number, [least: number, largest: number]>();
        let worst = 0;
        const look = (): void => {
          for (let f = 0; f < clients; f++)
            for (let g = 0; g < f; g++) {
              const pair = f * clients + g;
              if (queued[f] === 0 || queued[g] === 0) {
                spans.delete(pair);
                continue;
              }
              const difference = received[f]! - received[g]!;
              const span = spans.get(pair) ?? [difference, difference];
              if (span[0] === span[1]) periods++;
              spans.set(pair, [Math.min(span[0], difference), Math.max(span[1], difference)]);
              const [least, largest] = spans.get(pair)!;
              worst = Math.max(worst, largest - least);
            }
        };
        const running: { pid: Pid; tokensOut: number; endUs: number }[] = [];
        const greed = Array.from({ length: clients }, () => rng.integer(6));
        // Some come late: what they did not ask for before is not owed to them.
        const comesUs = Array.from({ length: clients }, () => rng.integer(120));
        let next = 0;
        for (let us = 0; us < 240; us++) {
          for (const one of running.filter(({ endUs }) => endUs === us)) {
            running.splice(running.indexOf(one), 1);
            policy.charge!(one.pid, { coreUs: 1, tokensIn: 0, tokensOut: one.tokensOut }, us);
            policy.waiting(one.pid, us);
            received[processes.client(one.pid)]! += outputWeight * one.tokensOut;
            look();
          }
          for (let client = 0; client < clients; client++) {
            const isHere = us >= comesUs[client]! && us < 200;
            const asked = isHere ? rng.integer(greed[client]! + 1) : 0;
            for (let count = 0; count < asked; count++) {
              const id = pid(++next);
              processes.clients[id] = client;
              processes.prompts[id] = 1 + rng.integer(longestPrompt);
              policy.ready(id, us);
              queued[client]!++;
            }
          }
          look();
          while (running.length < cores) {
            const id = policy.pick(core(0), us);
            if (id === undefined) break;
            const client = processes.client(id);
            queued[client]!--;
            received[client]! += inputWeight * processes.promptTokens(id);
            running.push({
              pid: id,
              tokensOut: 1 + rng.integer(longestAnswer),
              endUs: us + 1 + rng.integer(6),
            });
            look();
          }
        }
        expect(worst).toBeLessThanOrEqual(2 * U);
      },
    ),
    { seed: 4, numRuns: seedCount(300, 10_000) },
  );
  expect(periods).toBeGreaterThan(1_000);
});
