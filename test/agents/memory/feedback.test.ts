import { expect, test } from 'vitest';

import { halfLifeUs, rememberSkill, type Experience } from '../../../src/agents/memory/experience.ts';
import { checkFeedback, rememberFeedback, type Feedback } from '../../../src/agents/memory/feedback.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import type { RecalledMemory, SyscallResult } from '../../../src/kernel/syscalls.ts';
import { runAgents } from '../../support/run-agents.ts';

const praise: Feedback = {
  kind: 'positive',
  condition: 'Writing a report',
  did: 'began with the result',
  text: 'clear',
  run: 'r1',
  step: 3,
};

/** What the scope holds after these, one after another, `everyUs` apart. */
function after(feedback: readonly Feedback[], everyUs = 0): { told: Experience[]; held: RecalledMemory[] } {
  const { value } = runAgents({
    agents: [
      {
        body: function* (sys) {
          const told: Json[] = [];
          for (const one of feedback) {
            const result = yield* rememberFeedback(sys, 'team', one);
            told.push(result.ok ? result.value : result.code);
            if (everyUs > 0) yield { kind: 'sleep', us: everyUs };
          }
          const held = (yield {
            kind: 'recall',
            scope: 'team',
            query: 'report',
            limit: 50,
          }) as SyscallResult<RecalledMemory[]>;
          return { told, held: held.ok ? held.value : [] };
        },
      },
    ],
  });
  return value(1) as unknown as { told: Experience[]; held: RecalledMemory[] };
}

const rulesOf = (held: readonly RecalledMemory[]): Record<string, number> =>
  Object.fromEntries(held.map(({ data }) => [(data as Experience).rule, (data as Experience).confidence]));

test('praise becomes an experience of confidence 0.8, a correction one of 0.6', () => {
  const correction: Feedback = { ...praise, kind: 'correction', text: 'begin with the question' };
  expect(after([praise]).told).toEqual([
    {
      kind: 'experience',
      condition: 'Writing a report',
      rule: 'began with the result',
      evidence: [{ run: 'r1', step: 3, text: 'clear' }],
      source: 'positive',
      confidence: 0.8,
    },
  ]);
  const [corrected] = after([correction]).told;
  expect(corrected).toMatchObject({ rule: 'begin with the question', source: 'correction', confidence: 0.6 });
});

test('the same said twice of one step is said once; of another step it makes the same experience surer', () => {
  const again: Feedback = { ...praise, condition: 'writing a REPORT!', step: 9 };
  const { held, told } = after([praise, praise, again]);
  expect(held).toHaveLength(1);
  expect(told[1]).toEqual(told[0]);
  expect(told[2]!.confidence).toBe(0.95);
  expect(told[2]!.evidence).toHaveLength(2);
});

test('a later correction takes the place of an earlier one, and lowers the praise of something else', () => {
  const first: Feedback = { ...praise, kind: 'correction', text: 'begin with the question' };
  const second: Feedback = { ...first, text: 'begin with a summary', step: 8 };
  const { held } = after([praise, first, second]);
  const rules = rulesOf(held);
  expect(rules).toEqual({
    'began with the result': 0.2,
    'begin with a summary': 0.6,
  });
});

test('blame lowers the praise of the same, and praise the blame', () => {
  const blame: Feedback = { ...praise, kind: 'negative', text: 'too short', step: 4 };
  const { held } = after([praise, blame]);
  expect(held.map(({ data }) => [(data as Experience).source, (data as Experience).confidence])).toEqual([
    ['negative', 0.6],
    ['positive', 0.4],
  ]);
});

test('what is long ago counts less when it is said again', () => {
  const { told } = after([praise, { ...praise, step: 4 }], halfLifeUs);
  expect(told[1]!.confidence).toBeCloseTo(1 - 0.6 * 0.2, 9);
});

test('a scope holds no more evidence than the latest five', () => {
  const many = Array.from({ length: 9 }, (_, step) => ({ ...praise, step: step + 1 }));
  expect(
    after(many)
      .told.at(-1)!
      .evidence.map(({ step }) => step),
  ).toEqual([5, 6, 7, 8, 9]);
});

test.each([
  [{ kind: 'praise' }, 'feedback.kind: "praise" is not allowed; allowed: positive, negative, correction'],
  [{ condition: ' ' }, 'feedback.condition'],
  [{ kind: 'correction', text: '' }, 'feedback.text'],
  [{ did: '', text: '' }, 'feedback.text'],
  [{ step: 0 }, 'feedback.step: 0 is not allowed'],
  [{ run: 5 }, 'feedback.run'],
])('feedback with %j is refused', (wrong, line) => {
  expect(() => checkFeedback({ ...praise, ...wrong })).toThrow(line);
});

test('a skill is named by its name and has a text', () => {
  expect(rememberSkill('team', { name: 'release', when: 'a release', text: 'tag it' }).key).toBe(
    'skill/release',
  );
  expect(() => rememberSkill('team', { name: ' ', when: '', text: 'x' })).toThrow('skill.name');
  expect(() => rememberSkill('team', { name: 'x', when: '', text: '' })).toThrow('skill.text');
});
