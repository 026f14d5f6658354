/** The agents of a scenario file: written out step by step, or drawn by a generator (docs/scenario.md documents every field). */
import type { AgentSpec, AgentStep, RecordedToolCall } from '../../agents/steps.ts';
import { KernelError } from '../../kernel/errors.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import {
  anyJson,
  below,
  integer,
  list,
  name,
  number,
  numberAbove,
  object,
  oneOf,
  record,
  refused,
  tagged,
  text,
  timeUs,
  yesOrNo,
} from './checked-json.ts';
import type { Field, Reader } from './checked-json.ts';
import { fileError } from './fields.ts';
import {
  leastWeight,
  mostShares,
  mostTokenSeconds,
  type SchedulingFacts,
} from '../../kernel/scheduling-facts.ts';
import { generateJobs } from './generate-jobs.ts';
import { generateSessions } from './generate-sessions.ts';
import type { Workload } from './workload.ts';

/** What agents may refer to. */
export interface AgentWorld {
  readonly seed: number;
  /** Names of the budgets. */
  readonly budgets: readonly string[];
  /** Tools that can be called with a recorded result, and of these the ones that can really run. */
  readonly tools: readonly string[] | 'any';
  readonly runnable: readonly string[];
  /** The largest page that fits wherever the agent is placed, tokens; Infinity when none is too large. */
  readonly largestPage: number;
}

/** The agents of one entry of the list. `isGenerated`: their tools need not be declared. */
export interface AgentGroup {
  readonly name: string;
  /** What results are broken down by; several entries may have one. */
  readonly group: string;
  readonly isGenerated: boolean;
  readonly agents: readonly AgentSpec[];
}

/** One entry of `agents`: `{ generate, … }` or an agent with its steps. */
export function agentGroup(world: AgentWorld): Reader<AgentGroup> {
  const written = writtenAgents(world);
  const generated = tagged('generate', { sessions: sessions(world), jobs: jobs(world) });
  return (field) => {
    const isGenerated =
      typeof field.value === 'object' && field.value !== null && below(field, 'generate').value !== undefined;
    return isGenerated ? generated(field) : written(field);
  };
}

// ---- Written out ---------------------------------------------------------------------------------------------------------

const priority = number(0, 100);
const scheduling: Reader<SchedulingFacts> = object(
  {},
  {
    tickets: integer(1, mostShares),
    weight: number(leastWeight, mostShares),
    deadlineUs: timeUs(1),
    client: name,
    expectedCoreUs: timeUs(0),
    expectedTokenSeconds: number(0, mostTokenSeconds),
  },
);
const tokenCount = integer(0, 1_000_000_000);
const pageTokens = integer(1, 1_000_000_000);

function writtenAgents(world: AgentWorld): Reader<AgentGroup> {
  const fields = {
    priority,
    arrivalUs: timeUs(0),
    budget: oneOfNames(world.budgets, 'budgets'),
    copies: integer(1, 1_000_000),
    group: name,
    scheduling,
  };
  const read = object({ name, steps: stepsReader(world) }, fields);
  return (field) => {
    const { copies, group, ...agent } = read(field);
    checkKeys(below(field, 'steps'), agent.steps, false);
    const agents =
      copies === undefined
        ? [agent]
        : Array.from({ length: copies }, (_, index) => ({ ...agent, name: `${agent.name}-${index + 1}` }));
    return { name: agent.name, group: group ?? agent.name, isGenerated: false, agents };
  };
}

/** An agent of a workload file: whatever tools it calls, and however large its pages are. Of its answers those become pages that say so, as in a recording. */
export function workloadAgent(runnable: readonly string[]): Reader<AgentSpec> {
  const world: AgentWorld = { seed: 0, budgets: [], tools: 'any', runnable, largestPage: Infinity };
  const fields = { priority, arrivalUs: timeUs(0), scheduling, messages: tokenCount };
  const read = object({ name, steps: stepsReader(world, false) }, fields);
  return (field) => {
    const agent = read(field);
    checkKeys(below(field, 'steps'), agent.steps, false);
    return agent;
  };
}

/** `keepsAnswers`: of calls that don't say whether theirs becomes a page. */
function stepsReader(world: AgentWorld, keepsAnswers = true): Reader<readonly AgentStep[]> {
  const op = anyJson;
  const fitting = fits(world);
  const page = object(
    { op, kind: oneOf(['system', 'user', 'assistant', 'tool', 'block']) },
    { text: text(), tokens: fitting(pageTokens), importance: number(0, 1), pinned: yesOrNo },
  );
  const think = object(
    { op, tokensOut: tokenCount },
    { tokensIn: tokenCount, durationUs: timeUs(0), text: text(), keep: yesOrNo, maxOutput: pageTokens },
  );
  const run: Reader<readonly [number, number]> = (field) => {
    const numbers = list(anyJson)(field);
    if (numbers.length !== 2) throw refused(field, '[first block, number of blocks]');
    return [integer(0, 4_294_967_295)(below(field, 0)), integer(1, 4_294_967_296)(below(field, 1))];
  };
  const wellFormed: Reader<unknown> = tagged<unknown>('op', {
    page: (field) => {
      const read = page(field);
      if (read.text === undefined && read.tokens === undefined)
        throw refused(below(field, 'tokens'), 'an integer above 0 (or a text)');
      if (read.tokens === undefined) fitting(() => estimateTokens(read.text!))(below(field, 'text'));
      return read;
    },
    context: object(
      { op, space: name, blockTokens: fitting(pageTokens), keep: tokenCount, runs: list(run) },
      {},
    ),
    think: (field) => (keepsAnswers ? { keep: true, ...think(field) } : think(field)),
    tools: object({ op, calls: list(toolCall(world), 1) }, { keep: yesOrNo }),
    ask: object({ op }, { question: text(), answer: text(), durationUs: timeUs(0) }),
    sleep: object({ op, us: timeUs(1) }, {}),
    spawn: object({ op, key: name, agent: (field) => child(field) }, {}),
    wait: object({ op, key: name }, {}),
    checkpoint: object({ op }, {}),
    send: object({ op, to: name, text: text() }, {}),
    receive: object({ op }, {}),
    acquire: object({ op, lock: name }, { timeoutUs: timeUs(0) }),
    release: object({ op, lock: name }, {}),
    semOpen: object({ op, semaphore: name, count: integer(0, 2_147_483_647) }, {}),
    semWait: object({ op, semaphore: name }, { timeoutUs: timeUs(0) }),
    semPost: object({ op, semaphore: name }, {}),
  });
  const steps = list(wellFormed, 1) as Reader<readonly AgentStep[]>;
  const child = object({ name, steps }, { priority, scheduling });
  return steps;
}

/** A page larger than memory could never be loaded. */
function fits({ largestPage }: AgentWorld): (reader: Reader<number>) => Reader<number> {
  return (reader) => (field) => {
    const tokens = reader(field);
    if (tokens > largestPage) throw tooLarge(field, tokens, largestPage);
    return tokens;
  };
}

function tooLarge({ file, path }: Field, tokens: number, largest: number): KernelError {
  return fileError(
    { file, at: '' },
    `${path}: a page of ${tokens} tokens is not allowed; allowed: up to the context memory of ${largest} tokens`,
  );
}

function toolCall({ tools, runnable }: AgentWorld): Reader<RecordedToolCall> {
  const read = object(
    { tool: tools === 'any' ? toolName : oneOfNames(tools, 'tools'), arguments: anyJson },
    { result: text(), failed: yesOrNo, durationUs: timeUs(0) },
  );
  return (field) => {
    const call = read({ ...field, value: withArguments(field.value) });
    if (call.result === undefined && !runnable.includes(call.tool)) {
      throw refused(
        below(field, 'result'),
        `a text (only the built-in tools really run: ${runnable.join(', ')})`,
      );
    }
    return call;
  };
}

const toolName = text('1 to 128 letters, digits, "_", "." and "-"', (value) =>
  /^[a-zA-Z0-9_.-]{1,128}$/.test(value),
);

/** No arguments are `{}`. */
function withArguments(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { arguments: {}, ...value }
    : value;
}

function oneOfNames(names: readonly string[], field: string): Reader<string> {
  return text(names.length === 0 ? `none, because there are no ${field}` : names.join(', '), (value) =>
    names.includes(value),
  );
}

/** A child is spawned before it is waited for or sent to, and only a child has a parent. */
function checkKeys(steps: Field, of: readonly AgentStep[], isChild: boolean): void {
  const keys = new Set<string>();
  for (const [index, step] of of.entries()) {
    const field = below(steps, index);
    const known = [...keys].join(', ') || 'none, because no child was spawned before';
    if (step.op === 'spawn') {
      if (keys.has(step.key) || step.key === 'parent')
        throw refused(below(field, 'key'), 'a key that is not taken yet, and not parent');
      keys.add(step.key);
      checkKeys(below(below(field, 'agent'), 'steps'), step.agent.steps, true);
    } else if (step.op === 'wait' && !keys.has(step.key)) throw refused(below(field, 'key'), known);
    else if (step.op === 'send' && !keys.has(step.to) && !(isChild && step.to === 'parent')) {
      throw refused(below(field, 'to'), isChild ? `parent, or the key of a child (${known})` : known);
    }
  }
}

// ---- Generated -----------------------------------------------------------------------------------------------------------

const groupFields = { count: integer(1, 1_000_000) };
const factor = numberAbove(0, 1_000);
const weight = number(0, 1_000_000);
const meanUs = timeUs(1);

function sessions(world: AgentWorld): Reader<AgentGroup> {
  const budget = oneOfNames(world.budgets, 'budgets');
  const read = object(
    { generate: anyJson, ...groupFields },
    {
      name,
      group: name,
      budget,
      priority,
      calls: factor,
      context: factor,
      answers: factor,
      waits: factor,
      callTimes: oneOf(['drawn', 'engine']),
      tools: record(weight),
    },
  );
  return (field) => {
    const weights = below(field, 'tools');
    const { generate: _kind, name: prefix, group, budget, priority, ...options } = read(field);
    // Generated calls have no arguments: a tool that really runs would refuse them.
    for (const tool of Object.keys(options.tools ?? {}))
      if (world.runnable.includes(tool))
        throw refused(
          { ...weights, value: tool },
          `other names than ${world.runnable.join(', ')}, which really run`,
        );
    return groupOf(
      field,
      { prefix, group, budget, priority },
      (seed) => generateSessions({ ...options, seed }),
      world,
    );
  };
}

function jobs(world: AgentWorld): Reader<AgentGroup> {
  const budget = oneOfNames(world.budgets, 'budgets');
  const read = object(
    { generate: anyJson, ...groupFields },
    {
      name,
      group: name,
      budget,
      bursts: integer(1, 100_000),
      computeBoundShare: number(0, 1),
      longBurstUs: meanUs,
      shortBurstUs: meanUs,
      ioUs: meanUs,
      pageTokens: fits(world)(pageTokens),
      answerTokens: tokenCount,
      priorities: list(priority, 1),
    },
  );
  return (field) => {
    const { generate: _kind, name: prefix, group, budget, ...options } = read(field);
    return groupOf(
      field,
      { prefix, group, budget, priority: undefined },
      (seed) => generateJobs({ ...options, seed }),
      world,
    );
  };
}

interface GroupNames {
  readonly prefix: string | undefined;
  readonly group: string | undefined;
  readonly budget: string | undefined;
  readonly priority: number | undefined;
}

/** Two groups of one kind must neither draw the same chance nor share content: their streams and their blocks carry the group's name. */
function groupOf(
  field: Field,
  { prefix, group: ownGroup, budget, priority }: GroupNames,
  generate: (seed: string) => Workload,
  world: AgentWorld,
): AgentGroup {
  const group = prefix ?? String(below(field, 'generate').value);
  const named = (inner: string): string => (prefix === undefined ? inner : `${prefix}/${inner}`);
  try {
    const drawn = generate(`${world.seed}/${group}`).agents;
    for (const { steps } of drawn)
      for (const step of steps) {
        if (step.op === 'context' && step.blockTokens > world.largestPage)
          throw tooLarge(field, step.blockTokens, world.largestPage);
      }
    const agents = drawn.map(({ arrivalUs: _all, ...agent }): AgentSpec => ({
      ...agent,
      name: named(agent.name),
      steps: agent.steps.map((step) =>
        step.op === 'context' ? { ...step, space: named(step.space) } : step,
      ),
      ...(budget === undefined ? {} : { budget }),
      ...(priority === undefined ? {} : { priority }),
    }));
    return { name: group, group: ownGroup ?? group, isGenerated: true, agents };
  } catch (error) {
    // What only the generator checks, such as weights that are all 0.
    if (error instanceof KernelError && error.code === 'INVALID_ARGUMENT')
      throw fileError({ file: field.file, at: '' }, `${field.path}.${error.message}`, error);
    throw error;
  }
}
