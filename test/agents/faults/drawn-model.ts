/** What the models of a drawn world say: plans where a leader is asked for one, else anything within the schemas, behind a bad line and a server that refuses everybody for a time. */
import type { ModelCall, SimulatedModel } from '../../../src/agents/model/model-call.ts';
import { rngFor } from '../../../src/base/rng.ts';
import type { ThinkScript } from '../../../src/kernel/syscalls.ts';
import { processKey } from '../../../src/sim/devices/models/call-order.ts';
import { faultyModel, refusedWith } from '../../../src/sim/devices/models/faulty-model.ts';
import { randomModel } from '../../../src/sim/devices/models/random-model.ts';
import { saying } from '../../../src/sim/devices/models/scripted-model.ts';
import { Draw } from '../../sim/random-draw.ts';
import type { FaultWorld } from './draw-world.ts';

/** Longer than any call may take. */
const stallUs = 600_000_000;

/** `nowUs`: of the simulation. `note`: counts what came about. */
export function drawnModel(
  seed: number,
  { model, modelFaults, storms }: Pick<FaultWorld, 'model' | 'modelFaults' | 'storms'>,
  { nowUs, note }: { readonly nowUs: () => number; readonly note: (what: string) => void },
): SimulatedModel {
  const talks = moody(seed, planning(seed, randomModel(seed, model)));
  const faulty = faultyModel(talks, seed, { faults: modelFaults, stallUs });
  /** The last call of each process: one that is stopped and goes on is told what it was told, though a storm came or went meanwhile. */
  const told = new Map<string, { readonly n: number; readonly script: ThinkScript }>();
  return {
    answer(call) {
      const process = processKey(call.identity);
      const last = told.get(process);
      if (last?.n === call.identity.n) return last.script;
      const atUs = nowUs();
      const storm = storms.find(({ fromUs, untilUs }) => fromUs <= atUs && atUs < untilUs);
      const script =
        storm === undefined
          ? faulty.answer(call)
          : refusedWith(429, { retryable: true, retryAfterUs: storm.untilUs - atUs });
      note(storm === undefined ? `model: ${kindOf(script, call)}` : 'model: storm');
      told.set(process, { n: call.identity.n, script });
      return script;
    },
  };
}

/** A leader gets its plan, mostly. */
function planning(seed: number, otherwise: SimulatedModel): SimulatedModel {
  return {
    answer(call) {
      const asked = call.messages.findLast(({ role }) => role === 'user');
      const names = asked?.role === 'user' ? membersIn(asked.text) : [];
      const draw = drawOf(seed, 'plans', call);
      if (names.length === 0 || draw.chance(0.25)) return otherwise.answer(call);
      const parts = Array.from({ length: draw.between(1, 4) }, () => ({
        member: draw.chance(0.05) ? 'nobody' : draw.of(names),
        task: 'Do your part.',
      }));
      return saying(`Here it is: ${JSON.stringify(parts)}`);
    },
  };
}

const membersIn = (text: string): readonly string[] =>
  /Divide this task among the members of your team: (.*?)\. Answer/.exec(text)?.[1]?.match(/member-\d+/g) ??
  [];

/** Now and then it won't answer, ends for a reason of its own, says OK to its own answer, or asks for a tool with arguments that don't fit. */
function moody(seed: number, model: SimulatedModel): SimulatedModel {
  return {
    answer(call) {
      const script = model.answer(call);
      const draw = drawOf(seed, 'moods', call);
      const mood = draw.weighted({ none: 90, filter: 1, other: 1, ok: 4, misfit: 4 });
      const { toolCalls = [] } = script;
      if (mood === 'filter' || mood === 'other')
        return { ...script, toolCalls: [], finish: mood === 'filter' ? 'content-filter' : 'other' };
      if (mood === 'ok' && call.request.purpose === 'critique') return saying('OK');
      if (mood === 'misfit' && toolCalls[0]?.arguments !== undefined)
        return { ...script, toolCalls: toolCalls.with(0, { ...toolCalls[0], arguments: { path: 7 } }) };
      return script;
    },
  };
}

function drawOf(seed: number, what: string, { identity: { run, branch, pid, n } }: ModelCall): Draw {
  return new Draw(rngFor(seed, `model-${what}/${run}/${branch}/${pid}/${n}`));
}

/** What kind of an answer it is, by what can be seen of it. */
function kindOf(
  { failure, durationUs, toolCalls = [], finish = 'stop' }: ThinkScript,
  call: ModelCall,
): string {
  if (failure !== undefined) {
    const { code, status, retryable } = failure;
    if (durationUs === stallUs) return 'stalled';
    return status === undefined
      ? code
      : `${retryable ? 'refused' : 'rejected'} ${status === 429 ? 429 : 'otherwise'}`;
  }
  const { pid, n } = call.identity;
  if (toolCalls.some(({ id }) => id === `call_${pid}_${n}_again`)) return 'repeated call';
  if (toolCalls.some(({ malformed }) => malformed !== undefined))
    return finish === 'length' ? 'cut off in a call' : 'malformed call';
  return toolCalls.length > 0 ? 'calls' : `text, ${finish}`;
}
