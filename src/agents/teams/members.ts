import type { Json, Pid } from '../../kernel/ids.ts';
import type { ChildEnd, Message, Spawn, Sys, Syscall, SyscallResult, Wait } from '../../kernel/syscalls.ts';
import { textOf } from '../loop/mail.ts';
import { depthWithin } from '../loop/own-tools.ts';
import type { Contribution } from './contribution.ts';
import { teamDefaults, type Member, type TeamTask } from './team-task.ts';

/** A team at work. */
export interface Team extends TeamTask {
  readonly sys: Sys;
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

/** A member at work. */
interface AtWork {
  readonly place: number;
  /** When it must have ended, µs; Infinity: it may take its time. */
  readonly dueUs: number;
  hasTimedOut: boolean;
}

/**
 * Lets members work, at most `parallel` of them at a time, and gives what came of each in the order of the assignments. One that fails, is cancelled, takes too long or cannot be spawned
 * is told like the others, and keeps nobody else from working. What the team is told meanwhile is passed on to those at work, and told to those that begin later.
 */
export function* work(assignments: readonly Assignment[], team: Team): TeamSteps<Contribution[]> {
  const { parallel = teamDefaults.parallel, sys } = team;
  const contributions: Contribution[] = [];
  const atWork = new Map<Pid, AtWork>();
  let next = 0;
  for (;;) {
    yield* passOn(team, [...atWork.keys()]);
    while (next < assignments.length && atWork.size < parallel) {
      const place = next++;
      const assignment = assignments[place]!;
      const spawned = (yield spawnOf(assignment, team)) as SyscallResult<Pid>;
      const dueUs = sys.now + (assignment.member.timeoutUs ?? Infinity);
      if (spawned.ok) atWork.set(spawned.value, { place, dueUs, hasTimedOut: false });
      else
        contributions[place] = contributionOf(assignment, 0, 'failed', `${spawned.code}: ${spawned.message}`);
    }
    if (atWork.size === 0) return contributions;
    const ended = (yield waitFor(sys, atWork)) as SyscallResult<ChildEnd>;
    if (!ended.ok) {
      if (ended.code === 'TIMEOUT') yield* endLate(sys, atWork);
      // Nobody else waits for them, so that they are there to be waited for.
      else if (ended.code !== 'INTERRUPTED') throw new Error(`${ended.code}: ${ended.message}`);
      continue;
    }
    const { pid, outcome, value } = ended.value;
    const member = atWork.get(pid);
    if (member === undefined) continue;
    atWork.delete(pid);
    const assignment = assignments[member.place]!;
    const isLate = member.hasTimedOut && outcome === 'cancelled';
    const message = `it took longer than ${assignment.member.timeoutUs} µs`;
    const left = isLate ? { answer: '', message } : value;
    contributions[member.place] = contributionOf(assignment, pid, outcome, left);
  }
}

/** For whoever ends next, or a message, and no longer than the next one may take. */
function waitFor({ now }: Sys, atWork: ReadonlyMap<Pid, AtWork>): Wait {
  let dueUs = Infinity;
  for (const member of atWork.values()) if (!member.hasTimedOut) dueUs = Math.min(dueUs, member.dueUs);
  const limit = dueUs === Infinity ? {} : { timeoutUs: Math.max(0, dueUs - now) };
  return { kind: 'wait', pid: 0, orMessage: true, ...limit };
}

function* endLate(sys: Sys, atWork: ReadonlyMap<Pid, AtWork>): TeamSteps<void> {
  for (const [pid, member] of atWork) {
    if (member.hasTimedOut || member.dueUs > sys.now) continue;
    member.hasTimedOut = true;
    // One that has ended meanwhile is told as it ended.
    yield { kind: 'signal', pid, signal: 'terminate' };
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
