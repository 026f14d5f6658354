import { expect, test } from 'vitest';

import { runInThreads } from '../../src/cli/thread-pool.ts';
import { threadProblem } from '../../src/cli/threads.ts';

test('threads from source need a Node that reads TypeScript', () => {
  const [old, between] = [
    { features: {}, version: 'v20.20.2' },
    { features: { typescript: false }, version: 'v22.12.0' },
  ];
  for (const node of [old, between]) {
    expect(threadProblem('file:///x/pool.ts', node)).toContain(`22.18 or later; this one is ${node.version}`);
    expect(threadProblem('file:///x/pool.js', node)).toBeUndefined();
  }
  const own = { features: { typescript: 'strip' }, version: 'v24.0.0' };
  expect(threadProblem('file:///x/pool.ts', own)).toBeUndefined();
});

test('where no thread can start, jobs run one after another, with a note', async () => {
  const done: string[] = [];
  const notes: string[] = [];
  await runInThreads(
    ['a', 'b', 'c'],
    {
      entry: 'none',
      async run(
        job,
        shared: string,
        post: (message: { readonly kind: 'done'; readonly text: string }) => void,
      ) {
        await Promise.resolve();
        post({ kind: 'done', text: shared + job });
      },
      shared: 'x',
      threads: 2,
      receive: (message) => void (message.kind === 'done' && done.push(message.text)),
      io: { err: (text) => void notes.push(text) },
    },
    'because',
  );
  expect(done).toEqual(['xa', 'xb', 'xc']);
  expect(notes).toEqual(['note: all runs in one thread: because']);
});

test('the first failure ends the rest, and is told once', async () => {
  const told: string[] = [];
  await runInThreads(
    ['good', 'bad', 'never run'],
    {
      entry: 'none',
      async run(job, _shared: undefined, post: (message: { readonly kind: string }) => void) {
        await Promise.resolve();
        post({ kind: job });
        if (job !== 'bad') return;
        post({ kind: 'failure' });
        post({ kind: 'failure' });
      },
      shared: undefined,
      threads: 1,
      receive: ({ kind }) => void told.push(kind),
      io: { err: () => undefined },
    },
    'because',
  );
  expect(told).toEqual(['good', 'bad', 'failure']);
});
