import type { Json, Pid } from '../../kernel/ids.ts';
import type { ChildEnd, Message, Spawn, Syscall, SyscallResult } from '../../kernel/syscalls.ts';
import { textOf } from '../loop/mail.ts';
import { depthWithin } from '../loop/own-tools.ts';
import type { Contribution } from './contribution.ts';
import { teamDefaults, type Member, type TeamTask } from './team-task.ts';

/** A team at work. */
export interface Team extends TeamTask {
  /** What the team has been told since it began: for members that begin later. */
  readonly notes: string[];
}

/** A member, and what it is asked. */
export interface Assignment {
  readonly member: Member;
  readonly task: string;
  readonly round: number;
}

export type TeamSteps<Value> = Generator<Syscall, Value, SyscallResult<unknown>>;

/**
 * Lets members work, at most `parallel` of them at a time, and gives what came of each in the order of the assignments. One that fails, is cancelled or cannot be spawned is told
 * like the others, and keeps nobody else from working. What the team is told meanwhile is passed on to those at work, and told to those that begin later.
 */
export function* work(assignments: readonly Assignment[], team: Team): TeamSteps<Contribution[]> {
  const { parallel = teamDefaults.parallel } = team;
  const contributions: Contribution[] = [];
  const placeOf = new Map<Pid, number>();
  let next = 0;
  for (;;) {
    yield* passOn(team, [...placeOf.keys()]);
    while (next < assignments.length && placeOf.size < parallel) {
      const place = next++;
      const assignment = assignments[place]!;
      const spawned = (yield spawnOf(assignment, team)) as SyscallResult<Pid>;
      if (spawned.ok) placeOf.set(spawned.value, place);
      else
        contributions[place] = contributionOf(assignment, 0, 'failed', `${spawned.code}: ${spawned.message}`);
    }
    if (placeOf.size === 0) return contributions;
    const ended = (yield { kind: 'wait', pid: 0, orMessage: true }) as SyscallResult<ChildEnd>;
    if (!ended.ok && ended.code === 'INTERRUPTED') continue;
    // Nobody else waits for them, so that they are there to be waited for.
    if (!ended.ok) throw new Error(`${ended.code}: ${ended.message}`);
    const { pid, outcome, value } = ended.value;
    const place = placeOf.get(pid);
    if (place === undefined) continue;
    placeOf.delete(pid);
    contributions[place] = contributionOf(assignments[place]!, pid, outcome, value);
  }
}

/** Words of the world, or of who started the team: a member that does not read them has lost nothing. */
function* passOn({ notes }: Team, atWork: readonly Pid[]): TeamSteps<void> {
  for (;;) {
    const mail = (yield { kind: 'receive', timeoutUs: 0 }) as SyscallResult<Message>;
    if (!mail.ok) return;
    const user = textOf(mail.value.message);
    notes.push(user);
    for (const to of atWork) yield { kind: 'send', to, message: { user } };
  }
}

function contributionOf(
  { member, round }: Assignment,
  pid: Pid | 0,
  outcome: Contribution['outcome'],
  value: Json,
): Contribution {
  return { member: member.name, round, pid, outcome, value };
}

function spawnOf({ member, task }: Assignment, team: Team): Spawn {
  const { depth = teamDefaults.depth, members, messages = false, notes } = team;
  const { name, role, program = 'agent', arguments: args = {}, budget, priority } = member;
  const asked = [...(role === undefined ? [] : [`Your role: ${role}`]), task, ...notes].join('\n\n');
  const colleagues = members.map((other) => other.name).filter((other) => other !== name);
  const writes = messages && program === 'agent' && members.includes(member) && colleagues.length > 0;
  return {
    kind: 'spawn',
    program,
    name,
    arguments: {
      ...(writes ? { colleagues } : {}),
      ...args,
      ...(program === 'team' ? { depth: depthWithin(args, depth) } : {}),
      task: asked,
    },
    ...(budget === undefined ? {} : { budget }),
    ...(priority === undefined ? {} : { priority }),
  };
}
