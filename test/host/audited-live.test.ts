/** What the audit log of a live run tells beside results: what the model thought, and who said yes. */
import { expect, test } from 'vitest';

import { AuditContents } from '../../src/host/audit-contents.ts';
import { OpenQuestions } from '../../src/host/open-questions.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { Program } from '../../src/kernel/syscalls.ts';
import { live, said } from '../support/live.ts';

const program: Program = {
  name: 'p',
  version: 1,
  *body() {
    yield { kind: 'allocate', text: '{"role":"user","text":"delete it"}', tokens: 3 };
    yield { kind: 'think', maxOutput: 10, request: {} };
    yield { kind: 'checkpoint', state: { step: 1 } };
    yield { kind: 'callTools', calls: [{ tool: 'delete', arguments: { file: 'a' } }] };
    return 'done';
  },
};

test('reasoning by the page that holds it, the person by name, and contents by their hashes', async () => {
  const storage = new MemoryStorage();
  const questions = new OpenQuestions();
  const world = live({
    program,
    people: questions,
    kernel: {
      tools: [{ name: 'delete', description: 'd', parameters: { type: 'object' }, approval: true }],
    },
    model: {
      call: async (_call, _stop, tell) => {
        tell({ type: 'reasoning', text: 'They want it ' });
        tell({ type: 'reasoning', text: 'gone.' });
        return said('I delete it.');
      },
    },
    tools: { call: () => Promise.resolve({ ok: true, value: 'deleted' }) },
    options: { storage },
  });
  questions.watch((news) => {
    if (news.type !== 'asked') return;
    queueMicrotask(() => world.live.answer(news.ask.request, 'edit', { file: 'b' }, 'ada'));
  });
  const { end } = world.live.spawn({ program: 'p', name: 'deleter', arguments: null, run: 'r' });
  await end;
  const whole = (await storage.whole('r'))!;
  const contents = new AuditContents(whole);
  const told = whole.audit.map(({ record }) => ({
    action: record.action,
    person: record.person,
    input: contents.input(record),
    output: contents.output(record),
    reasoning: contents.reasoning(record),
    changed: contents.changed(record),
  }));
  expect(told).toMatchObject([
    {
      action: 'think',
      reasoning: 'They want it gone.',
      output: { text: 'I delete it.' },
      input: ['{"role":"user","text":"delete it"}'],
    },
    { action: 'checkpoint', input: { step: 1 } },
    {
      action: 'person/edit',
      person: 'ada',
      input: { tool: 'delete', arguments: { file: 'a' } },
      output: { file: 'b' },
    },
    { action: 'tool/delete', input: { file: 'b' }, output: 'deleted' },
  ]);
  expect(told.every(({ changed }) => changed === undefined)).toBe(true);
  expect(await storage.verifyAudit('r')).toMatchObject({ ok: true });
  world.live.close();
});
