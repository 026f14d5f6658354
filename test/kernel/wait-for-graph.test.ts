/** The wait-for graph against exhaustive search: no false alarm and no miss, and the members are those that hold each other up. */
import { expect, test } from 'vitest';

import { rngFor, type Rng } from '../../src/base/rng.ts';
import { deadlockAt } from '../../src/kernel/wait-for-graph.ts';
import { seedCount } from '../support/seeds.ts';

/** By node: who can end its wait, any of them; undefined: it goes on by itself. */
type Graph = (readonly number[] | undefined)[];

const at =
  (graph: Graph) =>
  (node: number): readonly number[] | undefined =>
    graph[node];

test.each<readonly [what: string, graph: Graph, node: number, members: readonly number[]]>([
  ['nobody waits', [undefined], 0, []],
  ['a chain to one that goes on', [[1], [2], undefined], 0, []],
  ['a cycle of two', [[1], [0]], 0, [0, 1]],
  ['who waits for itself', [[0]], 0, [0]],
  ['who waits for nobody at all', [[]], 0, []],
  ['behind a cycle', [[1], [2], [1]], 0, []],
  ['a cycle with one behind it', [[1], [0], [0]], 1, [0, 1]],
  ['a cycle with a way out', [[1, 2], [0], undefined], 1, []],
  ['a knot', [[1, 2], [0], [1]], 2, [0, 1, 2]],
  ['a knot with a way into an older one', [[1, 2], [0], [3], [2]], 1, [0, 1]],
])('%s', (_what, graph, node, members) => {
  expect(deadlockAt(node, at(graph))).toEqual(members);
});

/** All sets of waiting nodes that have no waker outside of the set, by trying every set: whoever is in one of them. */
function stuckByTrying(graph: Graph): ReadonlySet<number> {
  const wakers = graph.map((list) => list?.reduce((set, node) => set | (1 << node), 0));
  const isClosed = (set: number): boolean =>
    wakers.every((needs, node) => ((set >> node) & 1) === 0 || (needs !== undefined && (needs & ~set) === 0));
  let stuck = 0;
  for (let set = 0; set < 1 << graph.length; set++) if (isClosed(set)) stuck |= set;
  return new Set(graph.flatMap((_, node) => ((stuck >> node) & 1 ? [node] : [])));
}

/** Who can be reached from each node in one step or more, by trying longer and longer paths. */
function reachable(graph: Graph): ReadonlySet<number>[] {
  const sets = graph.map((wakers) => new Set(wakers));
  for (let round = 0; round < graph.length; round++)
    for (const set of sets) for (const node of [...set]) for (const next of sets[node]!) set.add(next);
  return sets;
}

function expected(graph: Graph, node: number, stuck: ReadonlySet<number>): number[] {
  if (!stuck.has(node)) return [];
  const reach = reachable(graph);
  return graph.flatMap((_, other) => (reach[node]!.has(other) && reach[other]!.has(node) ? [other] : []));
}

function randomWait(rng: Rng, size: number): number[] | undefined {
  // Locks and children have one waker, most of the time; messages and semaphores many.
  const count = rng.next() < 0.6 ? 1 : rng.integer(4);
  return Array.from({ length: count }, () => rng.integer(size));
}

test('random graphs, as they come to be: waits begin and end', () => {
  const seen = { waits: 0, deadlocks: 0, behind: 0, largest: 0 };
  for (let seed = 1; seed <= seedCount(1_000, 100_000); seed++) {
    const rng = rngFor(seed, 'wait-for-graph');
    const size = 2 + rng.integer(7);
    const graph: Graph = Array.from({ length: size }, () => undefined);
    const told = new Set<number>();
    for (let step = 0; step < 3 * size; step++) {
      const node = rng.integer(size);
      const before = stuckByTrying(graph);
      if (graph[node] !== undefined) {
        // A wait ends by a waker that goes on, or from outside (it is killed, say).
        const isFreed = graph[node].some((waker) => graph[waker] === undefined);
        if (!isFreed && rng.next() < 0.8) continue;
        graph[node] = undefined;
        continue;
      }
      graph[node] = randomWait(rng, size);
      seen.waits++;
      const stuck = stuckByTrying(graph);
      const members = deadlockAt(node, at(graph));
      const context = `seed ${seed}, step ${step}, node ${node}, ${JSON.stringify(graph)}`;
      expect(members, context).toEqual(expected(graph, node, stuck));
      for (const member of members) told.add(member);
      seen.deadlocks += members.length > 0 ? 1 : 0;
      seen.behind += stuck.has(node) && members.length === 0 ? 1 : 0;
      seen.largest = Math.max(seen.largest, members.length);
      // Who is stuck now and was not before depends on this wait.
      const isNews = [...stuck].some((other) => !before.has(other));
      expect(isNews, context).toBe(stuck.has(node));
    }
    // Nobody is stuck without a deadlock to be stuck in or behind: one that was told, or a wait for nobody at all.
    const stuck = stuckByTrying(graph);
    const reach = reachable(graph);
    for (const node of stuck) {
      const ahead = [node, ...reach[node]!];
      expect(ahead.some((other) => graph[other]?.length === 0 || told.has(other))).toBe(true);
    }
  }
  expect(seen.deadlocks).toBeGreaterThan(500);
  expect(seen.behind).toBeGreaterThan(100);
  expect(seen.largest).toBeGreaterThan(4);
});
