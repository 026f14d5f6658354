/** What an agent is started with here: the settings, its tools, and what follows from the models that it asks: how much a call may contain, and how long an answer may be. */
import { agentDefaults, type AgentTask } from '../../agents/loop/agent-task.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { modelsNamedBy, type LiveModel } from './model-choice.ts';
import type { LiveSettings } from './settings.ts';

export type AgentArguments = Omit<AgentTask, 'task'>;

/** `own`: what is said of this agent alone; who names models of its own takes no routes of others. Throws KernelError INVALID_ARGUMENT. */
export function agentArguments(
  settings: LiveSettings,
  tools: readonly string[],
  own: Readonly<Record<string, Json>> = {},
): AgentArguments {
  const { system, memories, models, agent } = settings;
  const routes = own['models'] === undefined ? models.routes : {};
  const given: AgentArguments = {
    ...(system === undefined ? {} : { system }),
    ...(memories.scopes.length === 0 ? {} : { memories: { scopes: memories.scopes } }),
    tools,
    models: models.chain,
    ...(Object.keys(routes).length === 0 ? {} : { routes }),
    ...agent,
    ...own,
  };
  const asked = modelsNamedBy(given).map((name) => models.model(name));
  const windowTokens = windowOf(given, asked);
  return {
    ...given,
    windowTokens,
    maxOutput: given.maxOutput ?? longestAnswer(settings.budget, asked, windowTokens),
  };
}

/** The smallest of the windows of its models: whoever is asked next must be able to read what was said before. */
function windowOf({ windowTokens: given }: AgentArguments, asked: readonly LiveModel[]): number {
  let most = Infinity;
  let smallest: LiveModel | undefined;
  for (const model of asked) {
    if (model.windowTokens === undefined || model.windowTokens >= most) continue;
    most = model.windowTokens;
    smallest = model;
  }
  if (given !== undefined && given > most)
    throw invalid('windowTokens', given, `up to ${most}, what model ${smallest!.name} takes`);
  return given ?? (most === Infinity ? agentDefaults.windowTokens : most);
}

/** No call starts unless its longest answer is paid for: of a small budget that is a quarter, so that there is more than one; of a small window, too, which has to hold what is asked. */
function longestAnswer(
  { tokens, usd }: LiveSettings['budget'],
  asked: readonly LiveModel[],
  windowTokens: number,
): number {
  const price = Math.max(0, ...asked.map(({ prices }) => prices?.output ?? 0));
  const affordable = usd === undefined || price === 0 ? Infinity : (usd * 1e12) / price;
  const most = Math.floor(Math.min(tokens ?? Infinity, affordable, windowTokens) / 4);
  return Math.max(1, Math.min(agentDefaults.maxOutput, most));
}
