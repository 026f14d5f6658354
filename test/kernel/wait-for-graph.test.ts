/** The wait-for graph against exhaustive search: no false alarm and no miss, and the members are all that hold each other up. */
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
  ['who waits for nobody at all', [[]], 0, [0]],
  ['behind a cycle', [[1], [2], [1]], 0, []],
  ['a cycle with one behind it', [[1], [0], [0]], 1, [0, 1]],
  ['a cycle with a way out', [[1, 2], [0], undefined], 1, []],
  ['a knot', [[1, 2], [0], [1]], 2, [0, 1, 2]],
  ['a cycle with a way into an older knot', [[1, 2], [0], [3], [2]], 1, []],
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

/** Who can be reached from each node in no step or more, by trying longer and longer paths. */
function reachable(graph: Graph): ReadonlySet<number>[] {
  const sets = graph.map((wakers, node) => new Set([node, ...(wakers ?? [])]));
  for (let round = 0; round < graph.length; round++)
    for (const set of sets) for (const node of Array.from(set)) for (const next of sets[node]!) set.add(next);
  return sets;
}

/** The knots among the stuck nodes: where everybody that can be reached leads back. */
function knots(graph: Graph): ReadonlySet<string> {
  const stuck = stuckByTrying(graph);
  const reach = reachable(graph);
  const found = new Set<string>();
  for (const node of stuck) {
    const members = [...reach[node]!].toSorted((a, b) => a - b);
    if (members.every((other) => reach[other]!.has(node))) found.add(members.join(' '));
    // Nobody is stuck but in a knot or behind one.
    expect(members.every((other) => stuck.has(other))).toBe(true);
  }
  return found;
}

function randomWait(rng: Rng, size: number): number[] {
  // Locks and children have one waker, most of the time; messages and semaphores many.
  const count = rng.next() < 0.6 ? 1 : rng.integer(4);
  return Array.from({ length: count }, () => rng.integer(size));
}

test('random graphs, as they come to be: each knot is told when it closes, and nothing else is', () => {
  const seen = { waits: 0, told: 0, behind: 0, largest: 0 };
  for (let seed = 1; seed <= seedCount(1_000, 100_000); seed++) {
    const rng = rngFor(seed, 'wait-for-graph');
    const size = 2 + rng.integer(7);
    const graph: Graph = Array.from({ length: size }, () => undefined);
    let before = knots(graph);
    for (let step = 0; step < 2 * size; step++) {
      const node = rng.integer(size);
      const wakers = graph[node];
      const context = `seed ${seed}, step ${step}, node ${node}, ${JSON.stringify(graph)}`;
      if (wakers !== undefined) {
        // A wait ends by a waker that goes on, or from outside (it is killed, say).
        const isFreed = wakers.some((waker) => graph[waker] === undefined);
        if (!isFreed && rng.next() < 0.8) continue;
        graph[node] = undefined;
        const after = knots(graph);
        expect(
          [...after].filter((knot) => !before.has(knot)),
          context,
        ).toEqual([]);
        before = after;
        continue;
      }
      graph[node] = randomWait(rng, size);
      const after = knots(graph);
      const members = deadlockAt(node, at(graph));
      const told = members.length === 0 ? [] : [members.join(' ')];
      expect(told, context).toEqual([...after].filter((knot) => !before.has(knot)));
      before = after;
      seen.waits++;
      seen.told += told.length;
      seen.largest = Math.max(seen.largest, members.length);
      if (members.length === 0 && stuckByTrying(graph).has(node)) seen.behind++;
    }
  }
  expect(seen.told).toBeGreaterThan(500);
  expect(seen.behind).toBeGreaterThan(100);
  expect(seen.largest).toBeGreaterThan(4);
});
