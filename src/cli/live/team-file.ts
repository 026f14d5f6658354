/** `--team FILE`: who works together and how, as JSON without a task; members that say nothing else are agents as the command line describes them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { agentTaskOf } from '../../agents/loop/agent-task.ts';
import { checkTeamTask, topologies, type Member } from '../../agents/teams/team-task.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { checkKnownFields } from '../../kernel/known-fields.ts';
import type { AgentArguments } from './agent-arguments.ts';
import { modelsNamedBy } from './model-choice.ts';

const fields = ['topology', 'members', 'leader', 'combiner', 'parallel', 'rounds', 'messages', 'depth'];

export interface TeamFile {
  readonly name: string;
  readonly team: Readonly<Record<string, Json>>;
}

/** Throws KernelError INVALID_FILE, and errors of the file system. */
export function readTeam(folder: string, name: string): TeamFile {
  let team: unknown;
  try {
    team = JSON.parse(readFileSync(resolve(folder, name), 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new KernelError('INVALID_FILE', `${name}: is not JSON (${messageOf(error)})`, { cause: error });
  }
  if (!isRecord(team))
    throw invalid(name, team, `an object of topology (${topologies.join(', ')}), members and more`);
  checkKnownFields(`${name}: `, team, fields);
  return { name, team: team as TeamFile['team'] };
}

/** The models that its members name, whether the rest of the file makes sense or not. */
export function modelsOfTeam({ team }: Pick<TeamFile, 'team'>): readonly string[] {
  const { members = [], leader, combiner } = team;
  const all = [...(Array.isArray(members) ? members : []), leader, combiner];
  return all.flatMap((member) => {
    const args = isRecord(member) ? member['arguments'] : undefined;
    if (!isRecord(args)) return [];
    return [...modelsNamedBy(args), ...modelsOfTeam({ team: args as TeamFile['team'] })];
  });
}

/** What an agent is given here, with what is said of it alone. */
type AgentOf = (own: Readonly<Record<string, Json>>) => AgentArguments;

/** The arguments of the program `team`. Throws KernelError INVALID_ARGUMENT that names file and field. */
export function teamArguments({ name, team }: TeamFile, task: string, agent: AgentOf): Json {
  try {
    checkTeamTask({ ...team, task });
    return { ...completed(team, agent), task };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** With what the command line says of agents in the arguments of each, and of those of teams within. */
function completed(team: TeamFile['team'], agent: AgentOf): { [field: string]: Json } {
  const complete = (member: Json): Json => {
    const { name, program = 'agent', arguments: args = {} } = member as unknown as Member;
    if (program === 'team') {
      checkTeamTask({ ...args, task: 'x' });
      return { ...(member as object), arguments: completed(args, agent) };
    }
    if (program !== 'agent') throw invalid(`member ${name}: program`, program, 'agent, team');
    let own: Readonly<Record<string, Json>>;
    try {
      own = agent(args);
      agentTaskOf({ ...own, task: 'x' });
    } catch (error) {
      throw new KernelError('INVALID_ARGUMENT', `member ${name}: arguments.${messageOf(error)}`, {
        cause: error,
      });
    }
    return { ...(member as object), arguments: own };
  };
  const made: { [field: string]: Json } = { ...team, members: (team['members'] as Json[]).map(complete) };
  for (const role of ['leader', 'combiner']) if (team[role] !== undefined) made[role] = complete(team[role]);
  return made;
}
