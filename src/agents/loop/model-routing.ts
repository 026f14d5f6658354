/** Which models an agent asks, and in which order: by how complex its task looks, before anything was paid for. Pure: the same task always takes the same route. */

export const complexities = ['simple', 'standard', 'complex'] as const;
export type Complexity = (typeof complexities)[number];

/** Chains of models. A complexity without one takes the agent's own chain. */
export type RouteTable = { readonly [Level in Complexity]?: readonly string[] };

/**
 * A heuristic of our own; it reads the task and the number of tools, never the models' answers. Points: 1 for more than 60 words and another for more than 250; 1 for each further question, line of a
 * list or "then", up to 2; 1 for a block of code; 1 for a verb of analysis or construction; 1 for more than 5 tools. 0 points: simple; 1 or 2: standard; more: complex. A task that is taken for simpler than it is
 * costs quality, one that is taken for more complex costs money: the route table says what either is worth.
 */
export function complexityOf(task: string, toolCount: number): Complexity {
  const words = task.split(/\s+/).length;
  const questions = Math.max(0, task.split('?').length - 2);
  const parts = (task.match(/^\s*(?:[-*]|\d+[.)])\s/gm) ?? []).length;
  const sequels = (task.match(/\bthen\b/gi) ?? []).length;
  let points = (words > 60 ? 1 : 0) + (words > 250 ? 1 : 0);
  points += Math.min(2, questions + parts + sequels);
  if (task.includes('```')) points++;
  if (demanding.test(task)) points++;
  if (toolCount > 5) points++;
  return points === 0 ? 'simple' : points <= 2 ? 'standard' : 'complex';
}

const demanding =
  /\b(?:analy[sz]e|compare|debug|derive|design|evaluate|implement|investigate|optimi[sz]e|plan|prove|refactor|research|review)\b/i;

/** In the order in which they are tried; undefined stands for the engine's own model. */
export function chainOf(task: {
  readonly task: string;
  readonly tools: readonly string[];
  readonly models: readonly string[];
  readonly routes: RouteTable;
}): readonly (string | undefined)[] {
  const chain = task.routes[complexityOf(task.task, task.tools.length)] ?? task.models;
  return chain.length === 0 ? [undefined] : chain;
}
