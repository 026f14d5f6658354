/** How far agents are from their next calls. */
import { expect, test } from 'vitest';

import type { AgentSpec, AgentStep } from '../../src/agents/steps.ts';
import { Workflow } from '../../src/agents/workflow.ts';
import type { Pid } from '../../src/kernel/ids.ts';

const think: AgentStep = { op: 'think', tokensOut: 1 };
const sleep: AgentStep = { op: 'sleep', us: 5 };
const receive: AgentStep = { op: 'receive' };
const wait = (key: string): AgentStep => ({ op: 'wait', key });
const agent = (name: string, ...steps: AgentStep[]): AgentSpec => ({ name, steps });
const spawn = (key: string, ...steps: AgentStep[]): AgentStep => ({
  op: 'spawn',
  key,
  agent: agent(key, ...steps),
});

/** One agent of each list of steps, each at the step that the number says; pids from 1. `children`: of the first, by key. */
function workflowOf(
  children: Record<string, number>,
  ...agents: readonly (readonly [next: number, ...steps: AgentStep[]])[]
): Workflow {
  const workflow = new Workflow();
  for (const [index, [next, ...steps]] of agents.entries())
    workflow.enter((index + 1) as Pid, { steps, next, children: index === 0 ? children : {} });
  return workflow;
}
const stepsOf = (workflow: Workflow, ...pids: number[]): number[] =>
  pids.map((pid) => workflow.stepsToCall(pid as Pid));

test('one that calls, one that is about to, one that never will again, one that nobody knows', () => {
  const workflow = workflowOf({}, [1, sleep, think], [0, sleep, think], [1, think, sleep]);
  expect(stepsOf(workflow, 1, 2, 3, 4)).toEqual([0, 1, Infinity, Infinity]);
  workflow.leave(1 as Pid);
  expect(stepsOf(workflow, 1)).toEqual([Infinity]);
});

test('who waits for others is as far from its call as the last of them is from its end', () => {
  const family = (next: number): Workflow =>
    workflowOf(
      { a: 2, b: 3 },
      [next, wait('a'), wait('b'), think],
      [1, think, think, think],
      [0, sleep, think, think, sleep, think],
    );
  // Two calls of a, three of b, side by side.
  expect(stepsOf(family(0), 1, 2, 3)).toEqual([4, 0, 1]);
  expect(stepsOf(family(1), 1)).toEqual([4]);
  expect(stepsOf(family(2), 1)).toEqual([0]);
});

test('children that are still to be spawned, children of children, and messages count, too', () => {
  const nested = spawn('c', think, spawn('d', think, think), think, wait('d'), think);
  // c: a call, beside which and the next d makes its two; and its last.
  expect(stepsOf(workflowOf({}, [0, sleep, nested, wait('c'), think]), 1)).toEqual([5]);
  expect(stepsOf(workflowOf({}, [0, receive, receive, think]), 1)).toEqual([3]);
  // Whoever has ended keeps nobody waiting.
  expect(stepsOf(workflowOf({ a: 2 }, [0, wait('a'), wait('unknown'), think]), 1)).toEqual([1]);
});
