import { isRecord } from '../../kernel/budget-limits.ts';
import { shown } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { answerOf, type Contribution } from './contribution.ts';
import { work, type Assignment, type Team, type TeamSteps } from './members.ts';
import type { Member, TeamTask } from './team-task.ts';

/** Parts of a plan for each member of the team, at most: each is a run of a member. */
const partsEach = 10;

/** How often a leader whose plan is none is told so and asked again. */
const repeats = 1;

/**
 * What the leader gives each member to do: a JSON list of { "member": name, "task": text }, which may stand in other text. A member may get several parts, or none. A text
 * instead: why there is no plan.
 */
export function* planOf(
  team: Team,
  leader: Member,
  all: Contribution[],
): TeamSteps<readonly Assignment[] | string> {
  const names = team.members.map(({ name, role }) => (role === undefined ? name : `${name} (${role})`));
  const question = `${team.task}\n\nDivide this task among the members of your team: ${names.join(', ')}. Answer with a JSON list of objects { "member": name, "task": text } and nothing else.`;
  let task = question;
  for (let attempt = 0; ; attempt++) {
    const [said] = yield* work([{ member: leader, task, round: attempt + 1 }], team);
    all.push(said!);
    if (said!.outcome !== 'completed') return `the leader ${leader.name} ${said!.outcome}`;
    const plan = parsed(answerOf(said!.value), team);
    if (typeof plan !== 'string') return plan;
    if (attempt === repeats) return `the leader ${leader.name} made no plan: ${plan}`;
    task = `${question}\n\nYour answer before was no such list: ${plan}`;
  }
}

function parsed(value: Json, { members }: TeamTask): readonly Assignment[] | string {
  const list = typeof value === 'string' ? listIn(value) : value;
  if (!Array.isArray(list) || list.length === 0) return 'it holds no JSON list with an entry';
  const most = partsEach * members.length;
  if (list.length > most) return `it has ${list.length} entries; allowed: up to ${most}`;
  const assignments: Assignment[] = [];
  for (const [at, part] of (list as readonly Json[]).entries()) {
    if (!isRecord(part)) return `entry ${at + 1} is no object`;
    const { member: name, task } = part;
    const member = members.find((one) => one.name === name);
    if (member === undefined)
      return `entry ${at + 1}: member: ${shown(name)} is not allowed; allowed: ${members.map((one) => one.name).join(', ')}`;
    if (typeof task !== 'string' || task === '')
      return `entry ${at + 1}: task: ${shown(task)} is not allowed; allowed: a text`;
    assignments.push({ member, task, round: 1 });
  }
  return assignments;
}

/** The outermost list in a text: models like to say something around it. */
function listIn(text: string): Json | undefined {
  const [start, end] = [text.indexOf('['), text.lastIndexOf(']')];
  if (start < 0 || end < start) return undefined;
  try {
    return JSON.parse(text.slice(start, end + 1)) as Json;
  } catch {
    return undefined;
  }
}
