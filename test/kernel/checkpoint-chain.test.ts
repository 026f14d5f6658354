import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { assemble, chainHash, PromptChain, tipOf } from '../../src/kernel/checkpoint-chain.ts';
import type { PromptDelta } from '../../src/kernel/checkpoint-chain.ts';
import type { PromptNode } from '../../src/kernel/records.ts';
import { node } from './storage-records.ts';

test('the empty prompt has an empty tip; each node changes it, and so does each of its fields', () => {
  expect(tipOf([])).toBe('');
  expect(tipOf([node('a')])).toBe(chainHash('', node('a')));
  expect(tipOf([node('a'), node('b')])).toBe(chainHash(tipOf([node('a')]), node('b')));
  const variants: Partial<PromptNode>[] = [
    {},
    { hash: 'b' },
    { tokens: 101 },
    { pages: 2 },
    { space: 's' },
    { first: 1 },
    { importance: 0.7 },
    { pinned: true },
  ];
  expect(new Set(variants.map((fields) => tipOf([node('a', fields)]))).size).toBe(variants.length);
  expect(tipOf([node('a'), node('b')])).not.toBe(tipOf([node('b'), node('a')]));
});

test('tips are the same in every version: they are stored', () => {
  expect(tipOf([node('a'), node('b', { importance: 0.1 + 0.2, pinned: true })])).toBe(
    '6fb1ecf8263879c76fbb1d2ee02fc285e3c08100354514feb593df00d21c08f0',
  );
});

test('a checkpoint tells what is new since the one before', () => {
  const chain = new PromptChain();
  const first = chain.next([node('a'), node('b')]);
  expect(first).toEqual({
    base: '',
    keep: 0,
    nodes: [node('a'), node('b')],
    tip: tipOf([node('a'), node('b')]),
  });
  const second = chain.next([node('a'), node('b'), node('c')]);
  expect(second).toMatchObject({ base: first.tip, keep: 2, nodes: [node('c')] });
  expect(chain.next([node('a'), node('b'), node('c')])).toEqual({
    base: second.tip,
    keep: 3,
    nodes: [],
    tip: second.tip,
  });
  expect(chain.next([node('a')])).toEqual({ base: second.tip, keep: 1, nodes: [], tip: tipOf([node('a')]) });
  expect(chain.next([node('x')])).toMatchObject({ base: '', keep: 0, nodes: [node('x')] });
  expect(chain.next([])).toEqual({ base: '', keep: 0, nodes: [], tip: '' });
});

test('an entry that is changed in place is seen to have changed, and records keep what they said', () => {
  const entry = { ...node('a') };
  const chain = new PromptChain();
  const first = chain.next([entry]);
  (entry as { importance: number }).importance = 0.9;
  expect(first.nodes).toEqual([node('a')]);
  expect(chain.next([entry])).toMatchObject({ keep: 0, nodes: [node('a', { importance: 0.9 })] });
});

test('a restored chain goes on as the one that was saved', () => {
  const prompt = [node('a'), node('b')];
  const saved = new PromptChain();
  saved.next(prompt);
  const restored = new PromptChain(prompt);
  expect(restored.tip).toBe(saved.tip);
  expect(restored.next([...prompt, node('c')])).toEqual(saved.next([...prompt, node('c')]));
});

test('storage grows with what is new, not with the prompt', () => {
  const chain = new PromptChain();
  const prompt: PromptNode[] = [];
  let stored = 0;
  for (let step = 0; step < 200; step++) {
    prompt.push(node(`question ${step}`), node(`answer ${step}`));
    stored += chain.next(prompt).nodes.length;
  }
  expect(stored).toBe(400); // whole prompts would be 40,200 nodes
});

/** A prompt's life: grown, cut back, changed within, started again. */
const edit = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('grow' as const), by: fc.integer({ min: 0, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), by: fc.nat({ max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pin' as const), by: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), by: fc.nat({ max: 20 }) }) },
);

test('any chain of checkpoints gives back each prompt whole', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 25 }), (edits) => {
      const chain = new PromptChain();
      const deltas: PromptDelta[] = [];
      let prompt: PromptNode[] = [];
      let serial = 0;
      for (const { kind, by } of edits) {
        const before = prompt;
        if (kind === 'grow')
          prompt = [...prompt, ...Array.from({ length: by }, () => node(`h${serial++ % 7}`))];
        else if (kind === 'cut') prompt = prompt.slice(0, Math.max(0, prompt.length - by));
        else if (kind === 'drop') prompt = prompt.toSpliced(by, 1);
        else
          prompt = prompt.map((entry, index) => (index === by ? { ...entry, pinned: !entry.pinned } : entry));
        const delta = chain.next(prompt);
        deltas.push(delta);
        expect(delta.tip).toBe(tipOf(prompt));
        expect(assemble(deltas)).toEqual(prompt);
        // No more is told than the nodes behind the first difference.
        const same = prompt.findIndex(
          (entry, index) => JSON.stringify(entry) !== JSON.stringify(before[index]),
        );
        expect(delta.nodes.length).toBe(same === -1 ? 0 : prompt.length - same);
      }
    }),
    { seed: 11, numRuns: 300 },
  );
});

test('a chain with a missing, foreign or altered checkpoint is not assembled', () => {
  const chain = new PromptChain();
  const deltas = [[node('a')], [node('a'), node('b')], [node('a'), node('b'), node('c')]].map((prompt) =>
    chain.next(prompt),
  );
  const [first, second, third] = deltas as [PromptDelta, PromptDelta, PromptDelta];
  const check = (checkpoints: PromptDelta[], why: RegExp) => {
    expect(() => assemble(checkpoints)).toThrow(why);
    expect(() => assemble(checkpoints)).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }));
  };
  expect(assemble(deltas)).toHaveLength(3);
  expect(assemble([])).toEqual([]);
  check([first, third], /builds on/);
  check([second, third], /builds on/);
  check([first, { ...second, keep: 2 }], /keeps 2 nodes of the 1 before it/);
  check([first, { ...second, nodes: [node('x')] }], /names its prompt/);
  check([{ ...first, nodes: [node('x')] }, second, third], /names its prompt/);
  check([{ ...first, tip: '' }], /names its prompt/);
});
