/** Every section agrees with what the homework programs and the textbooks answer. */
import { expect, test } from 'vitest';

import { solve } from '../../../src/lessons/ostep/index.ts';
import { sectionNames } from '../../../src/lessons/ostep/sections.ts';
import { difference, haveReference, referenceMissing, referenceSections } from './reference.ts';

for (const section of [...sectionNames, 'seededProblems'])
  test(`${section} agrees with the reference${referenceMissing}`, { skip: !haveReference }, () => {
    const cases = referenceSections().get(section) ?? [];
    expect(cases.length).toBeGreaterThan(0);
    const wrong = cases.flatMap(({ answer, knownAnswer: _known, generated: _generated, ...problem }) => {
      const found = difference(answer, solve(section, problem));
      return found === undefined ? [] : [`${problem.id} ${found}`];
    });
    expect(wrong).toEqual([]);
  });

test('a section that there is not', () => {
  expect(() => solve('disks', {})).toThrow(
    /^section: "disks" is not allowed; allowed: .*mlfq.*seededProblems$/,
  );
});
