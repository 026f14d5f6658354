/** A model that says anything: answers, tool calls good and bad, nonsense, failures. What it says depends on what it is asked alone, so that it says the same in every life of a run. */
import { hash53 } from '../../../src/base/hash.ts';
import { rngFor } from '../../../src/base/rng.ts';
import type { AskedCall } from '../../../src/kernel/syscalls.ts';
import type { Asked, Reply } from './agent-world.ts';
import { Draw } from '../../sim/random-draw.ts';

export function randomModel(
  seed: number,
  tools: readonly string[],
): (asked: Pick<Asked, 'messages' | 'request'>) => Reply {
  return ({ messages, request }) => {
    const prompt = JSON.stringify([messages, request]);
    const draw = new Draw(rngFor(seed, `model/${hash53(prompt)}`));
    if (draw.chance(0.06))
      return {
        failure: {
          code: draw.of(['MODEL_FAILED', 'MODEL_TIMEOUT', 'EMPTY_STREAM', 'STREAM_INCOMPLETE'] as const),
          message: 'it failed',
          retryable: draw.chance(0.7),
          ...(draw.chance(0.3) ? { retryAfterUs: draw.between(0, 20_000_000) } : {}),
        },
      };
    if (request.format !== undefined && draw.chance(0.7))
      return {
        text: JSON.stringify({
          score: draw.chance(0.9) ? 0.5 : 5,
          issues: ['x'],
          suggestions: [],
          goOn: draw.chance(0.8),
          plan: draw.chance(0.5) ? '' : 'another way',
        }),
      };
    const text = 'word '.repeat(draw.between(0, 60));
    if (draw.chance(0.15))
      return { text, finish: draw.of(['stop', 'length', 'other', 'content-filter'] as const) };
    const toolCalls = Array.from({ length: draw.between(1, 4) }, (_, index) =>
      callOf(draw, index, prompt, tools),
    );
    if (draw.chance(0.1)) toolCalls.push(toolCalls[0]!);
    return { text, toolCalls, finish: draw.chance(0.05) ? 'length' : 'tool-calls' };
  };
}

function callOf(draw: Draw, index: number, prompt: string, tools: readonly string[]): AskedCall {
  const id = draw.chance(0.1) ? '' : draw.chance(0.1) ? 'same' : `call-${index}`;
  const tool = draw.chance(0.1) ? 'unknown' : draw.of(tools);
  if (draw.chance(0.1)) return { id, tool, malformed: '{"n": 1' };
  return {
    id,
    tool,
    arguments: { of: hash53(`${prompt}/${index}/${id}`), pad: 'z'.repeat(draw.between(0, 400)) },
  };
}
