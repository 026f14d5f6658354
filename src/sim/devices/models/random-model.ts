import type { ModelCall, SimulatedModel } from '../../../agents/model/model-call.ts';
import { rngFor, type Rng } from '../../../base/rng.ts';
import { invalid } from '../../../kernel/errors.ts';
import { estimateTokens } from '../../../kernel/estimate.ts';
import type { AskedCall, OfferedTool, ThinkScript } from '../../../kernel/syscalls.ts';
import { randomValue } from './random-json.ts';
import { randomText } from './random-text.ts';
import { saying } from './scripted-model.ts';

/** Shares are from 0 to 1. */
export interface RandomModelOptions {
  /** Share of the calls with tools on offer that ask for some. */
  readonly toolCalls: number;
  /** Most tools that one answer asks for, integer from 1. */
  readonly callsMax: number;
  /** Share of the asked calls whose arguments are cut off. */
  readonly malformed: number;
  /** Share of the asked calls for a tool that does not exist. */
  readonly unknownTool: number;
  /** Most words of a text, integer from 1. */
  readonly wordsMax: number;
}

/** A model that mostly works: of two calls with tools on offer, one asks for up to three. */
const randomModelDefaults: RandomModelOptions = {
  toolCalls: 0.5,
  callsMax: 3,
  malformed: 0,
  unknownTool: 0,
  wordsMax: 40,
};

/**
 * Says anything, but within the schemas: text of no meaning, calls of the tools on offer whose arguments fit, JSON of the asked format. The same call has the same answer; each
 * call has a stream of chance of its own. Throws KernelError INVALID_ARGUMENT.
 */
export function randomModel(seed: number | string, given: Partial<RandomModelOptions> = {}): SimulatedModel {
  const options = { ...randomModelDefaults, ...given };
  for (const name of ['toolCalls', 'malformed', 'unknownTool'] as const)
    if (!(options[name] >= 0 && options[name] <= 1))
      throw invalid(name, options[name], 'a number from 0 to 1');
  for (const name of ['callsMax', 'wordsMax'] as const)
    if (!Number.isInteger(options[name]) || options[name] < 1)
      throw invalid(name, options[name], 'an integer of at least 1');
  return {
    answer(call) {
      const { run, branch, pid, n } = call.identity;
      const rng = rngFor(seed, `model/${run}/${branch}/${pid}/${n}`);
      return cutToFit(answerOf(call, rng, options), call.maxOutput);
    },
  };
}

function answerOf(call: ModelCall, rng: Rng, options: RandomModelOptions): ThinkScript {
  const { tools, request } = call;
  if (tools.length > 0 && rng.next() < options.toolCalls) {
    const count = 1 + rng.integer(options.callsMax);
    const asked = Array.from({ length: count }, (_, index) => askedCall(call, index, rng, options));
    return saying(rng.next() < 0.5 ? '' : randomText(rng, 1 + rng.integer(5)), ...asked.filter(isAsked));
  }
  if (request.format !== undefined) {
    const value = randomValue(request.format, rng);
    if (value !== undefined) return saying(JSON.stringify(value));
  }
  return saying(randomText(rng, 1 + rng.integer(options.wordsMax)));
}

const isAsked = (call: AskedCall | undefined): call is AskedCall => call !== undefined;

/** Undefined: nothing fits the tool's schema. */
function askedCall(
  { tools, identity }: ModelCall,
  index: number,
  rng: Rng,
  options: RandomModelOptions,
): AskedCall | undefined {
  const tool: OfferedTool = tools[rng.integer(tools.length)]!;
  const id = `call_${identity.pid}_${identity.n}_${index}`;
  const value = randomValue(tool.parameters, rng);
  if (value === undefined) return undefined;
  if (rng.next() < options.malformed) {
    const text = JSON.stringify(value);
    return { id, tool: tool.name, malformed: text.slice(0, rng.integer(text.length)) };
  }
  const name = rng.next() < options.unknownTool ? `${tool.name}_of_another` : tool.name;
  return { id, tool: name, arguments: value };
}

/** An answer that is longer than it may be is cut off, as a server does it: of tool calls nothing whole is left then. */
function cutToFit(script: ThinkScript, maxOutput: number): ThinkScript {
  if (script.tokensOut <= maxOutput) return script;
  const { text = '', toolCalls = [] } = script;
  const kept = text.slice(0, maxOutput * 4);
  return {
    text: kept,
    tokensOut: Math.min(maxOutput, estimateTokens(kept)),
    finish: 'length',
    ...(toolCalls.length === 0
      ? {}
      : { toolCalls: toolCalls.slice(0, 1).map(({ id, tool }) => ({ id, tool, malformed: '{' })) }),
  };
}
