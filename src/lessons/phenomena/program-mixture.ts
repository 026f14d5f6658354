/**
 * A workload of agent programs of several shapes, drawn from a seed: what policies that know programs, and not only calls, are compared on. The shapes are those of the
 * published evaluations: a chat is a call or a few; a tool user makes many short calls with tools between; a writer makes a few long ones; a team asks its members side by side.
 */
import { exponential, type Sampler, weightedChoice } from '../../base/distributions.ts';
import { clampInteger } from '../../base/math.ts';
import { type Rng, rngFor } from '../../base/rng.ts';
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import { type Workload, workloadOf } from '../../sim/workloads/workload.ts';

export const programShapes = ['chat', 'tool user', 'writer', 'team'] as const;
export type ProgramShape = (typeof programShapes)[number];

interface Shape {
  /** Of all programs. */
  readonly share: number;
  /** Model calls: so many and up to that many. */
  readonly calls: readonly [least: number, most: number];
  /** Mean answer, tokens; exponential. */
  readonly answerTokens: number;
}

/** A team has `calls` members, which make two calls each. */
export const shapes: Readonly<Record<ProgramShape, Shape>> = {
  chat: { share: 0.4, calls: [1, 3], answerTokens: 150 },
  'tool user': { share: 0.35, calls: [15, 30], answerTokens: 60 },
  writer: { share: 0.1, calls: [4, 8], answerTokens: 1_500 },
  team: { share: 0.15, calls: [3, 6], answerTokens: 200 },
};

/** Tokens of each program's prompt. */
const promptTokens = 1_000;
/** Mean time of a tool; exponential. */
const toolUs = 2_000_000;
/** The tool that stands for all. */
const toolName = 'shell';

/** One agent a program, `SHAPE N`, each with a stream of its own; without arrivals. */
export function programMixture(programs: number, seed: number): Workload {
  const shapeIndex = weightedChoice(programShapes.map((shape) => shapes[shape].share));
  const agents = Array.from({ length: programs }, (_, index): AgentSpec => {
    const rng = rngFor(seed, `programs/${index + 1}`);
    const shape = programShapes[shapeIndex(rng)]!;
    return { name: `${shape} ${index + 1}`, steps: stepsOf(shape, rng) };
  });
  return workloadOf('programs', 'generated', agents);
}

/** The shape of a program of the mixture, by its name. */
export function shapeOf(name: string): ProgramShape {
  return name.replace(/ \d+$/, '') as ProgramShape;
}

function stepsOf(shape: ProgramShape, rng: Rng): AgentStep[] {
  const [least, most] = shapes[shape].calls;
  const count = least + rng.integer(most - least + 1);
  const answer = exponential({ mean: shapes[shape].answerTokens });
  return shape === 'team' ? team(count, answer, rng) : sequence(count, answer, rng);
}

/** Calls one after another, with a tool between. */
function sequence(calls: number, answer: Sampler, rng: Rng): AgentStep[] {
  const steps: AgentStep[] = [{ op: 'page', kind: 'user', tokens: promptTokens }];
  const tool = exponential({ mean: toolUs });
  for (let call = 0; call < calls; call++) {
    if (call > 0)
      steps.push({
        op: 'tools',
        keep: false,
        calls: [{ tool: toolName, arguments: {}, result: '', durationUs: atLeastOne(tool(rng)) }],
      });
    steps.push({ op: 'think', tokensOut: atLeastOne(answer(rng)), keep: false });
  }
  return steps;
}

/** A call that plans, members side by side, and a call that sums up. */
function team(members: number, answer: Sampler, rng: Rng): AgentStep[] {
  const keys = Array.from({ length: members }, (_, index) => `member-${index + 1}`);
  return [
    ...sequence(1, answer, rng),
    ...keys.map((key): AgentStep => ({
      op: 'spawn',
      key,
      agent: { name: key, steps: sequence(2, answer, rng) },
    })),
    ...keys.map((key): AgentStep => ({ op: 'wait', key })),
    { op: 'think', tokensOut: atLeastOne(answer(rng)), keep: false },
  ];
}

const atLeastOne = (value: number): number => clampInteger(value, 1, Number.MAX_SAFE_INTEGER);
