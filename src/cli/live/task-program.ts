/** The program that does a task, and what it is started with: an agent, or a team of them. */
import { agentTaskOf } from '../../agents/loop/agent-task.ts';
import type { Json } from '../../kernel/ids.ts';
import type { LiveWorld } from './live-world.ts';
import { teamArguments, type TeamFile } from './team-file.ts';

/** Throws KernelError INVALID_ARGUMENT. */
export function programOf(
  world: LiveWorld,
  task: string,
  team: TeamFile | undefined,
): { readonly program: string; readonly args: Json } {
  if (team !== undefined)
    return { program: 'team', args: teamArguments(team, task, (own) => world.agent(own)) };
  const args = { ...world.agent(), task } as unknown as Json;
  agentTaskOf(args);
  return { program: 'agent', args };
}
