import type { Json, Pid } from '../../kernel/ids.ts';
import type { ChildEnd, Spawn, Syscall, SyscallResult } from '../../kernel/syscalls.ts';
import type { Contribution } from './contribution.ts';
import { teamDefaults, type Member, type TeamTask } from './team-task.ts';

/** A member, and what it is asked. */
export interface Assignment {
  readonly member: Member;
  readonly task: string;
  readonly round: number;
}

export type TeamSteps<Value> = Generator<Syscall, Value, SyscallResult<unknown>>;

/**
 * Lets members work, at most `parallel` of them at a time, and gives what came of each in the order of the assignments. One that fails, is cancelled or cannot be spawned is told
 * like the others, and keeps nobody else from working.
 */
export function* work(
  assignments: readonly Assignment[],
  { parallel = teamDefaults.parallel, depth = teamDefaults.depth }: TeamTask,
): TeamSteps<Contribution[]> {
  const contributions: Contribution[] = [];
  const placeOf = new Map<Pid, number>();
  let next = 0;
  for (;;) {
    while (next < assignments.length && placeOf.size < parallel) {
      const place = next++;
      const assignment = assignments[place]!;
      const spawned = (yield spawnOf(assignment, depth)) as SyscallResult<Pid>;
      if (spawned.ok) placeOf.set(spawned.value, place);
      else
        contributions[place] = contributionOf(assignment, 0, 'failed', `${spawned.code}: ${spawned.message}`);
    }
    if (placeOf.size === 0) return contributions;
    const ended = (yield { kind: 'wait', pid: 0 }) as SyscallResult<ChildEnd>;
    // Nobody else waits for them, so that they are there to be waited for.
    if (!ended.ok) throw new Error(`${ended.code}: ${ended.message}`);
    const { pid, outcome, value } = ended.value;
    const place = placeOf.get(pid);
    if (place === undefined) continue;
    placeOf.delete(pid);
    contributions[place] = contributionOf(assignments[place]!, pid, outcome, value);
  }
}

/** A team within the team may go no deeper than what is left. */
function depthWithin(args: NonNullable<Member['arguments']>, depth: number): Json {
  const own = args['depth'];
  return own !== undefined && !(typeof own === 'number' && own >= depth) ? own : depth - 1;
}

function contributionOf(
  { member, round }: Assignment,
  pid: Pid | 0,
  outcome: Contribution['outcome'],
  value: Json,
): Contribution {
  return { member: member.name, round, pid, outcome, value };
}

function spawnOf({ member, task }: Assignment, depth: number): Spawn {
  const { name, role, program = 'agent', arguments: args = {}, budget, priority } = member;
  const asked = role === undefined ? task : `Your role: ${role}\n\n${task}`;
  return {
    kind: 'spawn',
    program,
    name,
    arguments: { ...args, ...(program === 'team' ? { depth: depthWithin(args, depth) } : {}), task: asked },
    ...(budget === undefined ? {} : { budget }),
    ...(priority === undefined ? {} : { priority }),
  };
}
