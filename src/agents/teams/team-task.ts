/** What a team is asked, as plain data: the arguments of the program `team`. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { checkKnownFields } from '../../kernel/known-fields.ts';
import { longestWaitUs } from '../../kernel/syscall-handler.ts';
import type { Contribution } from './contribution.ts';

export const topologies = ['sequential', 'parallel', 'pipeline', 'hierarchical', 'debate'] as const;
export type Topology = (typeof topologies)[number];

export interface TeamTask {
  /**
   * `sequential`: one after another on the same task, each sees what those before it said. `parallel`: all at once on the same task. `pipeline`: each works on what the one before it
   * gave. `hierarchical`: the leader divides the task among the members. `debate`: all answer, then in each further round answer again with the others' answers before them.
   */
  readonly topology: Topology;
  readonly task: string;
  /** At least one; of a debate at least two. Names are unique. */
  readonly members: readonly Member[];
  /** Divides the task and combines the results: of `hierarchical`. */
  readonly leader?: Member;
  /** Makes one answer of all, where there is more than one: of `sequential`, `parallel` and `debate`; absent: the answer is the last one, all of them, those of the last round. */
  readonly combiner?: Member;
  /** Members at work at the same time, at most; default 4. */
  readonly parallel?: number;
  /** Of a debate, 1 to 10; default 2. */
  readonly rounds?: number;
  /** Whether members that are agents may write to those that are at work with them, with the tool `send_message`; default false. */
  readonly messages?: boolean;
  /** How many teams may stand one above the other from here on, 1 to 10; default 3. A team within may say less of itself, not more. */
  readonly depth?: number;
}

export interface Member {
  readonly name: string;
  /** What it is to be, told to it with its task. */
  readonly role?: string;
  /** Default: `agent`. Its arguments are an object, in which `task` is what the team asks of it. */
  readonly program?: string;
  readonly arguments?: { readonly [field: string]: Json };
  /** An existing budget node; default: the team's. */
  readonly budget?: string;
  /** The longest that it may take for each of its parts, µs, > 0; then it is terminated, and told as cancelled. Absent: as long as it takes. */
  readonly timeoutUs?: number;
  readonly priority?: number;
}

/** The value of a team. */
export type TeamResult = {
  /** What the one member that had the last word said, or what each of them said, by name. */
  readonly answer: Json;
  readonly contributions: readonly Contribution[];
};

export const teamDefaults = { parallel: 4, rounds: 2, depth: 3 } as const;

const teamFields: readonly (keyof TeamTask)[] = [
  'topology',
  'task',
  'members',
  'leader',
  'combiner',
  'parallel',
  'rounds',
  'messages',
  'depth',
];
const memberFields: readonly (keyof Member)[] = [
  'name',
  'role',
  'program',
  'arguments',
  'budget',
  'timeoutUs',
  'priority',
];

/** Throws KernelError INVALID_ARGUMENT that names the first field that is not what it may be. */
export function checkTeamTask(args: Json): TeamTask {
  if (!isRecord(args)) throw invalid('team', args, '{ topology, task, members, … }');
  checkKnownFields('', args, teamFields);
  const { topology, task, members, leader, combiner, parallel, rounds, messages, depth } = args;
  if (!topologies.includes(topology as Topology)) throw invalid('topology', topology, topologies.join(', '));
  if (typeof task !== 'string' || task === '') throw invalid('task', task, 'a text that is not empty');
  const least = topology === 'debate' ? 2 : 1;
  if (!Array.isArray(members) || members.length < least)
    throw invalid('members', members, `a list of at least ${least}`);
  for (const [index, member] of members.entries()) checkMember(`members[${index}]`, member);
  if (topology === 'hierarchical') checkMember('leader', leader);
  else if (leader !== undefined) throw invalid('leader', leader, 'none, but in a hierarchical team');
  if (combiner !== undefined) {
    if (topology === 'pipeline' || topology === 'hierarchical')
      throw invalid('combiner', combiner, `none in a ${topology} team`);
    checkMember('combiner', combiner);
  }
  if (rounds !== undefined && topology !== 'debate') throw invalid('rounds', rounds, 'none, but in a debate');
  checkCount('parallel', parallel, 1, 1_000);
  checkCount('rounds', rounds, 1, 10);
  checkCount('depth', depth, 1, 10);
  if (messages !== undefined && typeof messages !== 'boolean')
    throw invalid('messages', messages, 'true or false');
  const all = [...(members as Member[]), leader, combiner].filter((member) => member !== undefined);
  const names = (all as unknown as Member[]).map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid('members', twice, 'names that nobody else of the team has');
  return args as unknown as TeamTask;
}

function checkMember(field: string, member: unknown): void {
  if (!isRecord(member)) throw invalid(field, member, '{ name, role, … }');
  checkKnownFields(`${field}.`, member, memberFields);
  const { name, role, program, arguments: args, timeoutUs } = member;
  checkCount(`${field}.timeoutUs`, timeoutUs, 1, longestWaitUs);
  if (typeof name !== 'string' || name === '')
    throw invalid(`${field}.name`, name, 'a text that is not empty');
  for (const [key, value] of [
    ['role', role],
    ['program', program],
  ] as const)
    if (value !== undefined && typeof value !== 'string') throw invalid(`${field}.${key}`, value, 'a text');
  if (args !== undefined && !isRecord(args)) throw invalid(`${field}.arguments`, args, 'an object');
}

function checkCount(field: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw invalid(field, value, `an integer from ${least} to ${most}`);
}
