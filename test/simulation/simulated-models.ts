/** The models of a scenario: one server for all kernels and all their lives, which says what the script has for each call of a process, in the time that stands there. */
import type { ModelCall } from '../../src/agents/model/model-call.ts';
import type { Message } from '../../src/agents/model/messages.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { hash32 } from '../../src/base/hash.ts';
import type { ModelReply } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import type { AskedCall } from '../../src/kernel/syscalls.ts';
import { CallOrder } from '../../src/sim/devices/models/call-order.ts';
import type { Stretch, Turn } from './scenario.ts';

/** What a call will come to, and when. */
export interface Speech {
  /** The whole text, also where only a part of it is told. */
  readonly text: string;
  readonly us: number;
  readonly pieces: number;
  /** The adapter itself fails. */
  readonly isThrown: boolean;
  /** What of the text is told. */
  readonly told: string;
  readonly reply: Omit<ModelReply, 'text'>;
}

const refusedUs = 50_000;
/** Longer than any call may take. */
const stallUs = 600_000_000;

export class SimulatedModels {
  private readonly storms: readonly Stretch[];
  private readonly order = new CallOrder();
  /** The same call has the same answer, whoever asks again. */
  private readonly given = new Map<string, Speech>();

  constructor(storms: readonly Stretch[]) {
    this.storms = storms;
  }

  /** `process`: who asks. `turns`: what there is for it. */
  answer(call: ModelCall, process: string, turns: readonly Turn[], nowUs: number): Speech {
    const { run, branch, pid, n } = call.identity;
    const key = `${run}/${branch}/${pid}/${n}`;
    const known = this.given.get(key);
    if (known !== undefined) return known;
    const storm = this.storms.find(({ fromUs, untilUs }) => fromUs <= nowUs && nowUs < untilUs);
    if (storm !== undefined) return refused(429, storm.untilUs - nowUs);
    const nth = this.order.nth(call.identity);
    const turn = turns[nth - 1];
    const name = `${process}-${pid}.${nth}`;
    const isAside = call.request.purpose === 'reflection' && turn?.text === undefined;
    const speech =
      isAside && turn?.fault === undefined
        ? saying(reflectionOf(name, nth))
        : turn === undefined
          ? saying(`${name} has read ${digestOf(call.messages)}`)
          : spoken(turn, name, call.maxOutput);
    this.given.set(key, speech);
    return speech;
  }
}

function saying(text: string): Speech {
  const reply = { toolCalls: [], finish: 'stop', usage: { tokensOut: estimateTokens(text) } } as const;
  return { text, told: text, us: 100_000, pieces: 1, isThrown: false, reply };
}

function reflectionOf(name: string, nth: number): string {
  const plan = nth % 2 === 0 ? `as ${name} says` : '';
  return JSON.stringify({ score: 0.5, issues: [], suggestions: [], goOn: nth % 5 > 0, plan });
}

/** What the answer tells when nothing is left of the script, so that whatever got lost on its way into the prompt is missed in the end. */
function digestOf(messages: readonly Message[]): string {
  return `${messages.length} messages, ${hash32(canonicalJson(messages), 0).toString(16)}`;
}

function spoken(turn: Turn, name: string, maxOutput: number): Speech {
  const { text = `this is ${name}`, us, pieces, tokens, calls, fault } = turn;
  const toolCalls = calls.map(({ tool, arguments: args }, index): AskedCall => ({
    id: `${name}.${index}`,
    tool,
    arguments: args,
  }));
  const usage = fault === 'silent' ? {} : { tokensIn: 50, tokensOut: Math.min(tokens, maxOutput) };
  const whole: Speech = {
    text,
    told: text,
    us,
    pieces,
    isThrown: fault === 'thrown',
    reply: { toolCalls, usage, finish: toolCalls.length > 0 ? 'tool-calls' : 'stop' },
  };
  switch (fault) {
    case 'refused':
      return refused(503, undefined);
    case 'rejected':
      return refused(400, undefined);
    case 'stalled':
      return { ...failing(whole, '', { code: 'EMPTY_STREAM', message: 'nothing came' }), us: stallUs };
    case 'empty':
      return failing(whole, '', { code: 'EMPTY_STREAM', message: 'the answer had no event' });
    case 'broken-off':
      return failing(whole, text.slice(0, Math.floor(text.length / 2)), {
        code: 'STREAM_INCOMPLETE',
        message: 'the answer broke off',
      });
    case 'cut-off': {
      const last = toolCalls.at(-1);
      const told = last === undefined ? text.slice(0, Math.ceil(text.length / 2)) : text;
      const malformed = JSON.stringify(last?.arguments ?? {}).slice(0, -2);
      const cut =
        last === undefined
          ? []
          : [...toolCalls.slice(0, -1), { id: last.id, tool: last.tool, malformed } satisfies AskedCall];
      return { ...whole, text: told, told, reply: { toolCalls: cut, finish: 'length', usage } };
    }
    default:
      return whole;
  }
}

function failing(
  whole: Speech,
  told: string,
  { code, message }: Pick<NonNullable<ModelReply['failed']>, 'code' | 'message'>,
): Speech {
  const failed = { code, message, failure: { retryable: true } };
  const usage = { tokensOut: told === '' ? 0 : estimateTokens(told) };
  return { ...whole, told, reply: { toolCalls: [], usage, failed } };
}

/** `waitUs`: the server asks to wait so long. Nothing is billed. */
function refused(status: number, waitUs: number | undefined): Speech {
  const failure = {
    retryable: status !== 400,
    status,
    ...(waitUs === undefined ? {} : { retryAfterUs: waitUs }),
  };
  return {
    text: '',
    told: '',
    us: refusedUs,
    pieces: 0,
    isThrown: false,
    reply: {
      toolCalls: [],
      usage: { tokensIn: 0, tokensOut: 0 },
      failed: { code: 'MODEL_FAILED', message: `the model's server answered ${status}`, failure },
    },
  };
}
