/**
 * A team as a program: it spawns its members as children, gives them their parts, exchanges what they say, and makes one result of it. A member that fails or is cancelled is
 * reported; the team itself fails only when nothing is left to answer with.
 */
import { messageOf } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Program, Sys } from '../../kernel/syscalls.ts';
import { quoted } from '../model/quoted.ts';
import { answerOf, told, type Contribution } from './contribution.ts';
import { work, type Team, type TeamSteps } from './members.ts';
import { planOf } from './plan.ts';
import {
  checkTeamTask,
  teamDefaults,
  type Member,
  type TeamResult,
  type TeamTask,
  type Topology,
} from './team-task.ts';

/** Its arguments are a TeamTask, its value a TeamResult; what it fails with is one line beside the contributions. */
export const team: Program = { name: 'team', version: 1, body: (sys) => runTeam(sys) };

function* runTeam(sys: Sys): TeamSteps<Json> {
  let task: TeamTask;
  try {
    task = checkTeamTask(sys.args);
  } catch (error) {
    return yield* fail('INVALID_ARGUMENT', messageOf(error), []);
  }
  const contributions: Contribution[] = [];
  const result = yield* runs[task.topology]({ ...task, sys, notes: [] }, contributions);
  if ('failure' in result) return yield* fail('TEAM_FAILED', result.failure, contributions);
  return { answer: result.answer, contributions } satisfies TeamResult;
}

function* fail(code: string, message: string, contributions: readonly Contribution[]): TeamSteps<Json> {
  yield { kind: 'exit', outcome: 'failed', value: { message, contributions }, code, message };
  return null;
}

type TeamEnd = { readonly answer: Json } | { readonly failure: string };
/** Adds to `all` what each member gave. */
type RunTeam = (task: Team, all: Contribution[]) => TeamSteps<TeamEnd>;

const runs: Readonly<Record<Topology, RunTeam>> = {
  sequential: runSequential,
  parallel: runParallel,
  pipeline: runPipeline,
  hierarchical: runHierarchical,
  debate: runDebate,
};

function* runSequential(team: Team, all: Contribution[]): TeamSteps<TeamEnd> {
  for (const member of team.members) {
    const task = all.length === 0 ? team.task : `${team.task}\n\n${before(all)}`;
    all.push(...(yield* work([{ member, task, round: 1 }], team)));
  }
  return yield* combined(team, all, all.filter(isCompleted).slice(-1));
}

function* runParallel(team: Team, all: Contribution[]): TeamSteps<TeamEnd> {
  const assignments = team.members.map((member) => ({ member, task: team.task, round: 1 }));
  all.push(...(yield* work(assignments, team)));
  return yield* combined(team, all, all.filter(isCompleted));
}

/** What one member can't do, the next ones can't go on with. */
function* runPipeline(team: Team, all: Contribution[]): TeamSteps<TeamEnd> {
  let input = '';
  for (const [at, member] of team.members.entries()) {
    const task = at === 0 ? team.task : `${team.task}\n\nThe step before you gave:\n${input}`;
    const [made] = yield* work([{ member, task, round: 1 }], team);
    all.push(made!);
    if (!isCompleted(made!))
      return { failure: `the pipeline ended at ${member.name}, which ${made!.outcome}` };
    input = told(made!);
  }
  return { answer: answerOf(all.at(-1)!.value) };
}

function* runHierarchical(team: Team, all: Contribution[]): TeamSteps<TeamEnd> {
  const leader = team.leader!;
  const plan = yield* planOf(team, leader, all);
  if (typeof plan === 'string') return { failure: plan };
  const results = yield* work(plan, team);
  all.push(...results);
  if (!results.some(isCompleted)) return { failure: 'no member gave a result' };
  // It starts anew, and knows nothing of its plan.
  const parts = results.map(
    (result, at) => `${result.member} was to do:\n${quoted(plan[at]!.task)}\n${told(result)}`,
  );
  return yield* lastWord(team, leader, { said: beforeOf(parts), round: 2 }, all);
}

function* runDebate(team: Team, all: Contribution[]): TeamSteps<TeamEnd> {
  const { rounds = teamDefaults.rounds } = team;
  let last: Contribution[] = [];
  for (let round = 1; round <= rounds; round++) {
    const taskFor = ({ name }: Member): string => {
      if (round === 1) return team.task;
      const own = last.filter(({ member }) => member === name);
      const others = last.filter(({ member }) => member !== name);
      return `${team.task}\n\nYou said before:\n${own.map(told).join('\n\n')}\n\n${before(others)}\n\nAnswer again; keep to what you can defend, and take over what convinces you.`;
    };
    last = yield* work(
      team.members.map((member) => ({ member, task: taskFor(member), round })),
      team,
    );
    all.push(...last);
  }
  return yield* combined(team, last, last.filter(isCompleted), all);
}

/** One answer of all: the combiner's, or without one those that stand for it. */
function* combined(
  team: Team,
  contributions: readonly Contribution[],
  standing: readonly Contribution[],
  all: Contribution[] = contributions as Contribution[],
): TeamSteps<TeamEnd> {
  if (standing.length === 0) return { failure: 'no member gave a result' };
  if (team.combiner !== undefined) {
    const round = (contributions.at(-1)?.round ?? 0) + 1;
    return yield* lastWord(team, team.combiner, { said: before(contributions), round }, all);
  }
  if (standing.length === 1) return { answer: answerOf(standing[0]!.value) };
  return { answer: Object.fromEntries(standing.map(({ member, value }) => [member, answerOf(value)])) };
}

function* lastWord(
  team: Team,
  member: Member,
  { said, round }: { readonly said: string; readonly round: number },
  all: Contribution[],
): TeamSteps<TeamEnd> {
  const task = `${team.task}\n\n${said}\n\nMake one answer of these.`;
  const [word] = yield* work([{ member, task, round }], team);
  all.push(word!);
  return isCompleted(word!)
    ? { answer: answerOf(word!.value) }
    : { failure: `${member.name}, which was to combine the results, ${word!.outcome}` };
}

const isCompleted = ({ outcome }: Contribution): boolean => outcome === 'completed';

const before = (contributions: readonly Contribution[]): string => beforeOf(contributions.map(told));

const beforeOf = (words: readonly string[]): string =>
  `What the others of your team gave:\n${words.join('\n\n')}`;
