/** Self-critique: the model looks over its final answer. What it writes instead replaces the answer only when it is whole: an answer never loses its tail, by running out of room or by "the rest as above". */
import type { AgentRun } from './agent-run.ts';
import { askAside } from './aside.ts';
import type { Steps } from './conversation.ts';

const question = `Look over your final answer above: is it right, complete, and an answer to what was asked? If it can stay as it is, answer with the one word OK. Otherwise write the whole improved answer, from its first word to its last, and nothing else.`;

/** Characters from which an answer is long: in place of such a one, nothing is taken for whole that is less than half as long. */
const longLength = 1_000;

/** The answer that stands in the end: the given one, or a whole one in its place, in the conversation, too. */
export function* critique(run: AgentRun, answer: string): Steps<string> {
  const { task, conversation } = run;
  const asked = yield* askAside(run, question, { purpose: 'critique', maxOutput: task.maxOutput });
  if (!asked.ok) return answer;
  const { text, finish, toolCalls = [] } = asked.value;
  const revised = text.trim();
  if (finish !== 'stop' || toolCalls.length > 0 || revised === '' || /^ok\W*$/i.test(revised)) return answer;
  if (answer.length >= longLength && revised.length < answer.length / 2) return answer;
  yield* conversation.retract();
  yield* conversation.answer({ role: 'assistant', text: revised });
  return revised;
}
