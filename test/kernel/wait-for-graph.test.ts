/** The wait-for graph against exhaustive search: no false alarm and no miss, and the members are all that hold each other up. */
import { expect, test } from 'vitest';

import { rngFor, type Rng } from '../../src/base/rng.ts';
import { deadlockAt, type Wait } from '../../src/kernel/wait-for-graph.ts';
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

// ---- Waits for several -----------------------------------------------------------------------------------------------------

/** It is over when wakers have acted that weigh `needed` together. */
interface Weighed {
  readonly weights: ReadonlyMap<number, number>;
  readonly needed: number;
}
type WeighedGraph = (Weighed | undefined)[];

const isAny = ({ weights, needed }: Weighed): boolean =>
  [...weights.values()].every((weight) => weight >= needed);

function waitAt(graph: WeighedGraph, told: ReadonlySet<number>): (node: number) => Wait {
  return (node) => {
    const wait = graph[node];
    if (wait === undefined || told.has(node)) return undefined;
    const wakers = [...wait.weights.keys()];
    if (isAny(wait)) return wakers;
    const isOver = (acts: (waker: number) => boolean): boolean =>
      wakers.filter(acts).reduce((sum, waker) => sum + wait.weights.get(waker)!, 0) >= wait.needed;
    return { wakers, isOver };
  };
}

/** Whoever is in a set of waiting nodes, none of them among `told`, that goes on for nothing that those outside of it do: by trying every set. */
function stuckApartFrom(graph: WeighedGraph, told: ReadonlySet<number>): ReadonlySet<number> {
  const waits = graph.map((wait, node) =>
    wait === undefined || told.has(node) ? undefined : { needed: wait.needed, weights: [...wait.weights] },
  );
  let stuck = 0;
  for (let set = 1; set < 1 << graph.length; set++) {
    if ((set | stuck) === stuck) continue;
    const isStuck = waits.every((wait, node) => {
      if (((set >> node) & 1) === 0) return true;
      if (wait === undefined) return false;
      let weight = 0;
      for (const [waker, each] of wait.weights) if (((set >> waker) & 1) === 0) weight += each;
      return weight < wait.needed;
    });
    if (isStuck) stuck |= set;
  }
  return new Set(graph.flatMap((_, node) => ((stuck >> node) & 1 ? [node] : [])));
}

function reachableWithin(
  graph: WeighedGraph,
  within: ReadonlySet<number>,
  from: number,
): ReadonlySet<number> {
  const found = new Set([from]);
  for (const node of found)
    for (const waker of graph[node]!.weights.keys()) if (within.has(waker)) found.add(waker);
  return found;
}

function randomWeighed(rng: Rng, size: number): Weighed {
  const isJoint = rng.next() < 0.5;
  const count = isJoint ? 1 + rng.integer(4) : rng.next() < 0.6 ? 1 : rng.integer(4);
  const weights = new Map<number, number>();
  for (let waker = 0; waker < count; waker++)
    weights.set(rng.integer(size), isJoint ? 1 + rng.integer(3) : 1);
  const sum = [...weights.values()].reduce((all, weight) => all + weight, 0);
  return { weights, needed: isJoint ? 1 + rng.integer(sum) : 1 };
}

test('random graphs in which some wait for several at once: each deadlock is told when it closes, or when what hid it is over', () => {
  const seen = { told: 0, joint: 0, behind: 0, later: 0, largest: 0 };
  for (let seed = 1; seed <= seedCount(800, 100_000); seed++) {
    const rng = rngFor(seed, 'wait-for-several');
    const size = 2 + rng.integer(6);
    const graph: WeighedGraph = Array.from({ length: size }, () => undefined);
    let groups: ReadonlySet<number>[] = [];
    const told = new Set<number>();
    const lookAt = (node: number, context: string): boolean => {
      const members = deadlockAt(node, waitAt(graph, told));
      const stuck = stuckApartFrom(graph, told);
      if (members.length === 0) return false;
      // All that wait for each other and go on for nobody else.
      const group = new Set(members);
      expect(group.has(node) && members.every((member) => stuck.has(member)), context).toBe(true);
      const others = new Set([...graph.keys()].filter((other) => !group.has(other)));
      expect([...stuckApartFrom(graph, others)], context).toEqual(members);
      for (const member of members)
        expect(reachableWithin(graph, group, member).size, context).toBe(members.length);
      groups.push(group);
      for (const member of members) told.add(member);
      seen.told++;
      seen.largest = Math.max(seen.largest, members.length);
      if (members.some((member) => !isAny(graph[member]!))) seen.joint++;
      return true;
    };
    for (let step = 0; step < 2 * size; step++) {
      const node = rng.integer(size);
      const context = `seed ${seed}, step ${step}, node ${node}`;
      if (graph[node] === undefined) {
        graph[node] = randomWeighed(rng, size);
        if (!lookAt(node, context) && told.size > 0 && stuckApartFrom(graph, new Set()).has(node))
          seen.behind++;
      } else {
        // It goes on, by whatever it is: a deadlock of it is over, and what is left of that or stood behind it is looked at.
        if (told.has(node) && rng.next() < 0.7) continue;
        graph[node] = undefined;
        groups = groups.filter((group) => {
          if (!group.has(node)) return true;
          for (const member of group) told.delete(member);
          return false;
        });
        for (const other of graph.keys()) if (lookAt(other, context)) seen.later++;
      }
      expect([...stuckApartFrom(graph, told)], context).toEqual([]);
    }
  }
  expect(seen.told).toBeGreaterThan(500);
  expect(seen.joint).toBeGreaterThan(200);
  expect(seen.behind).toBeGreaterThan(100);
  expect(seen.later).toBeGreaterThan(0);
  expect(seen.largest).toBeGreaterThan(4);
});
