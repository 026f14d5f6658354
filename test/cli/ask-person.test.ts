import { expect, test } from 'vitest';

import { AskPerson } from '../../src/cli/live/ask-person.ts';
import { OpenQuestions } from '../../src/host/open-questions.ts';
import type { Pid, RequestId } from '../../src/kernel/ids.ts';
import { ToolRegistry } from '../../src/kernel/tools.ts';
import { ioOf } from '../support/run-cli.ts';

test('when a question is withdrawn the next one is shown before what is typed means it', () => {
  const questions = new OpenQuestions();
  const screen: string[] = [];
  const answers: unknown[] = [];
  let type: (line: string | undefined) => void = () => {};
  const person = {
    isThere: true,
    onLine: (listener: typeof type) => {
      type = listener;
      return () => {};
    },
    onInterrupt: () => () => {},
  };
  const show = (line: string): void => void screen.push(line);
  const asking = new AskPerson({
    questions,
    registry: new ToolRegistry(),
    io: ioOf({ person }),
    approve: 'ask',
    view: { line: show, note: show, of: () => '' },
    answer: ({ request }, decision) => answers.push([request, decision]),
    onMessage: (text) => answers.push(text),
  });
  for (const request of [7, 8] as RequestId[])
    questions.ask({
      type: 'person.ask',
      request,
      pid: 1 as Pid,
      identity: { run: 'r', branch: 'main', pid: 1 as Pid, n: 1, index: 0 },
      question: { tool: 'mail', arguments: { to: request } },
      purpose: 'approve',
      tool: 'mail',
      script: undefined,
    });
  screen.splice(0);
  questions.withdraw(7 as RequestId);
  expect(screen.slice(0, 2)).toEqual(['question 1 is withdrawn', '? 2  mail {"to":8}']);
  type('#1 y');
  expect(screen.at(-1)).toBe('there is no open question 1; allowed: #2');
  type('y');
  expect(answers).toEqual([[8, 'approve']]);
  asking.close();
});
