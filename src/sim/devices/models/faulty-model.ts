import type { ModelCall, SimulatedModel } from '../../../agents/model/model-call.ts';
import { rngFor, type Rng } from '../../../base/rng.ts';
import { invalid } from '../../../kernel/errors.ts';
import type { AskedCall, ModelFailure, ThinkScript } from '../../../kernel/syscalls.ts';
import { latencySampler, type LatencyQuantiles } from '../../latency-defaults.ts';

/** What goes wrong with a model's answers. Shares of the calls, from 0 to 1; of one call at most one goes wrong, in this order. */
export interface ModelFaults {
  /** Refused with an HTTP status: 429 with a time to wait, or one of a server that failed. */
  readonly refused: number;
  /** Refused with an HTTP status that no repeat mends: the request or the key is no good. */
  readonly rejected: number;
  /** No answer for `stallUs`: as good as none. */
  readonly stalled: number;
  /** A stream without any event. */
  readonly empty: number;
  /** A stream that breaks off: what had come is told, its tool calls are not. */
  readonly brokenOff: number;
  /** An answer that ends at half its length: its last tool call is cut off. */
  readonly cutOff: number;
  /** The last tool call is asked for twice, each time with an id of its own. */
  readonly repeated: number;
}

export const noModelFaults: ModelFaults = {
  refused: 0,
  rejected: 0,
  stalled: 0,
  empty: 0,
  brokenOff: 0,
  cutOff: 0,
  repeated: 0,
};

export interface FaultyModelOptions {
  /** Default: none of each. */
  readonly faults?: Partial<ModelFaults>;
  /** How long an answer takes, by whatever rates; default: by the engine's. */
  readonly latency?: LatencyQuantiles;
  /** Default: 10 minutes. */
  readonly stallUs?: number;
}

const refusedUs = 50_000;
const statuses = [429, 500, 502, 503];
const finalStatuses = [400, 401, 403, 404];

/** Another model behind a bad line or on a busy server. Each call has a stream of chance of its own, so that one that goes wrong doesn't change the luck of another. Throws KernelError INVALID_ARGUMENT. */
export function faultyModel(
  model: SimulatedModel,
  seed: number | string,
  { faults: given = {}, latency, stallUs = 600_000_000 }: FaultyModelOptions,
): SimulatedModel {
  const faults = { ...noModelFaults, ...given };
  for (const [name, rate] of Object.entries(faults))
    if (!(rate >= 0 && rate <= 1)) throw invalid(`faults.${name}`, rate, 'a number from 0 to 1');
  if (!Number.isSafeInteger(stallUs) || stallUs < 1)
    throw invalid('stallUs', stallUs, 'an integer of at least 1 (µs)');
  const durationOf = latency === undefined ? undefined : latencySampler(latency);
  return {
    answer(call) {
      const { run, branch, pid, n } = call.identity;
      const rng = rngFor(seed, `model-faults/${run}/${branch}/${pid}/${n}`);
      const durationUs = durationOf?.(rng);
      const fault = (Object.keys(noModelFaults) as (keyof ModelFaults)[]).find(
        (name) => rng.next() < faults[name],
      );
      const whole = model.answer(call);
      const script = durationUs === undefined ? whole : { ...whole, durationUs };
      // What its model lets fail has its fault already.
      if (fault === undefined || script.failure !== undefined) return script;
      return spoiled(fault, script, { call, rng, stallUs });
    },
  };
}

function spoiled(
  fault: keyof ModelFaults,
  script: ThinkScript,
  { call, rng, stallUs }: { readonly call: ModelCall; readonly rng: Rng; readonly stallUs: number },
): ThinkScript {
  const { text = '', toolCalls = [], tokensOut } = script;
  switch (fault) {
    case 'refused': {
      const status = statuses[rng.integer(statuses.length)]!;
      const wait = status === 429 ? { retryAfterUs: 1_000_000 * (1 + rng.integer(20)) } : {};
      return refusedWith(status, { retryable: true, ...wait });
    }
    case 'rejected':
      return refusedWith(finalStatuses[rng.integer(finalStatuses.length)]!, { retryable: false });
    case 'stalled':
      return {
        tokensOut: 0,
        durationUs: stallUs,
        failure: { code: 'EMPTY_STREAM', message: "the model's server said nothing", retryable: true },
      };
    case 'empty':
      return {
        tokensOut: 0,
        durationUs: refusedUs,
        failure: { code: 'EMPTY_STREAM', message: 'the answer had no event', retryable: true },
      };
    case 'brokenOff': {
      const share = rng.next();
      const partial = text.slice(0, Math.floor(text.length * share));
      return {
        ...takes(script, share),
        tokensOut: Math.floor(tokensOut * share),
        failure: {
          code: 'STREAM_INCOMPLETE',
          message: 'the answer broke off',
          retryable: true,
          ...(partial === '' ? {} : { partial }),
        },
      };
    }
    case 'cutOff': {
      const cut = {
        ...script,
        ...takes(script, 0.5),
        tokensOut: Math.ceil(tokensOut / 2),
        finish: 'length',
      } as const;
      if (toolCalls.length === 0) return { ...cut, text: text.slice(0, Math.ceil(text.length / 2)) };
      return { ...cut, toolCalls: [...toolCalls.slice(0, -1), cutCall(toolCalls.at(-1)!)] };
    }
    case 'repeated': {
      const last = toolCalls.at(-1);
      if (last === undefined) return script;
      const { pid, n } = call.identity;
      return { ...script, toolCalls: [...toolCalls, { ...last, id: `call_${pid}_${n}_again` }] };
    }
  }
}

/** A server that answers with this status instead of the model: nothing is billed. */
export function refusedWith(status: number, failure: ModelFailure): ThinkScript {
  const message = `the model's server answered ${status}`;
  return {
    tokensIn: 0,
    tokensOut: 0,
    durationUs: refusedUs,
    failure: { code: 'MODEL_FAILED', message, status, ...failure },
  };
}

/** A share of the time that the whole answer takes. */
function takes({ durationUs }: ThinkScript, share: number): Pick<ThinkScript, 'durationUs'> {
  return durationUs === undefined ? {} : { durationUs: Math.ceil(durationUs * share) };
}

function cutCall({ id, tool, arguments: args, malformed }: AskedCall): AskedCall {
  const text = malformed ?? JSON.stringify(args ?? {});
  return { id, tool, malformed: text.slice(0, Math.floor(text.length / 2)) };
}
