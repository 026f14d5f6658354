/** The work of a recording: who came when, what models, tools and people answered, and how long each took. What the kernel made of it is left out. */
import { canonicalJson } from '../../base/canonical-json.ts';
import type { Input, SpawnInput } from '../../kernel/inputs.ts';
import type { Json, RequestId } from '../../kernel/ids.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { CallIdentity, CallStart, PersonAsk, Request, ToolStart } from '../../kernel/requests.ts';
import { processKey } from '../devices/models/call-order.ts';
import { AnswerRecorder } from '../devices/models/recorded-answers.ts';
import type { PersonReplay } from '../devices/person-device.ts';
import type { ToolReplay } from '../devices/tool-device.ts';
import type { SimulationOptions } from '../simulation.ts';

/** One stretch on a core that ended with its call. */
export interface CallTime {
  readonly newTokens: number;
  readonly repeatedTokens: number;
  readonly tokensOut: number;
  readonly us: number;
}

export interface RecordedSpawn {
  readonly atUs: number;
  readonly spawn: SpawnInput;
}

type World = Extract<Input, { readonly type: 'signal.sent' | 'message.sent' }>;
type ToolResult = NonNullable<ReturnType<ToolReplay>>;
type PersonResult = NonNullable<ReturnType<PersonReplay>>;

export class RecordedWork {
  readonly spawns: RecordedSpawn[] = [];
  /** What was told to processes from outside. */
  readonly world: World[] = [];
  readonly callTimes: CallTime[] = [];
  readonly answers = new AnswerRecorder();
  /** Acknowledgements of durability took, µs. */
  readonly flushUs: number[] = [];
  processes = 0;
  lastUs = 0;
  private readonly tools = new Answers<ToolResult>();
  private readonly people = new Answers<PersonResult>();
  private readonly recalls = new Answers<Json>();
  private readonly underWay = new Map<RequestId, { readonly request: Request; readonly atUs: number }>();
  private readonly onCores = new Map<number, { readonly start: CallStart; readonly atUs: number }>();

  onStep(kernel: Kernel, input: Input, output: StepOutput): void {
    this.answers.onStep(kernel, input, output);
    this.take(input);
    for (const request of output.requests) {
      if (request.type === 'call.start') this.onCores.set(request.core, { start: request, atUs: input.atUs });
      else if ('request' in request && request.type !== 'tool.stop' && request.type !== 'person.withdraw')
        this.underWay.set(request.request, { request, atUs: input.atUs });
    }
    for (const { type } of output.events) if (type === 'process.spawned') this.processes++;
  }

  /** To be asked for one run: each answer is given once. */
  replay(): NonNullable<SimulationOptions['replay']> {
    const [tools, people, recalls] = [this.tools.replay(), this.people.replay(), this.recalls.replay()];
    return {
      tool: (start) => tools(start.identity, toolKey(start)),
      person: (ask) => people(ask.identity, personKey(ask)),
      recall: (request) => recalls(request.identity, canonicalJson({ ...request.op })),
    };
  }

  private take(input: Input): void {
    this.lastUs = input.atUs;
    switch (input.type) {
      case 'process.spawned': {
        const { atUs, more: _, ...spawn } = input;
        this.spawns.push({ atUs, spawn });
        return;
      }
      case 'signal.sent':
      case 'message.sent':
        this.world.push(input);
        return;
      case 'call.ended': {
        const call = this.onCores.get(input.core);
        this.onCores.delete(input.core);
        if (call === undefined || call.start.resumed || input.reason !== 'completed') return;
        const { newTokens, repeatedTokens } = call.start;
        const us = input.atUs - call.atUs;
        this.callTimes.push({ newTokens, repeatedTokens, tokensOut: input.tokensOut, us });
        return;
      }
      case 'tool.ended':
      case 'person.answered':
      case 'storage.done':
        this.answered(input);
        return;
      default:
    }
  }

  private answered(
    input: Extract<Input, { readonly type: 'tool.ended' | 'person.answered' | 'storage.done' }>,
  ): void {
    const asked = this.underWay.get(input.request);
    this.underWay.delete(input.request);
    if (asked === undefined) return;
    const durationUs = input.atUs - asked.atUs;
    const { request } = asked;
    if (input.type === 'tool.ended' && request.type === 'tool.start') {
      const { ok, value } = input;
      this.tools.add(request.identity, toolKey(request), { ok, value, durationUs });
    } else if (input.type === 'person.answered' && request.type === 'person.ask') {
      const { decision, value } = input;
      this.people.add(request.identity, personKey(request), { decision, value, durationUs });
    } else if (input.type === 'storage.done') {
      this.flushUs.push(durationUs);
      if (request.type === 'storage.request' && request.op.kind === 'recall' && input.ok)
        this.recalls.add(request.identity, canonicalJson({ ...request.op }), input.value);
    }
  }
}

const toolKey = ({ tool, arguments: args }: ToolStart): string => `${tool} ${canonicalJson(args)}`;
const personKey = ({ purpose, question }: PersonAsk): string => `${purpose} ${canonicalJson(question)}`;

/** Answers in their order: by process and what was asked, else by run and what was asked, as other pids may have been given. */
class Answers<Value> {
  private readonly all: { readonly process: string; readonly run: string; readonly value: Value }[] = [];

  add(identity: CallIdentity, asked: string, value: Value): void {
    const { process, run } = placesOf(identity, asked);
    this.all.push({ process, run, value });
  }

  replay(): (identity: CallIdentity, asked: string) => Value | undefined {
    const left = new Set(this.all.keys());
    const byPlace = new Map<string, number[]>();
    for (const [index, { process, run }] of this.all.entries())
      for (const place of [process, run]) {
        const known = byPlace.get(place);
        if (known === undefined) byPlace.set(place, [index]);
        else known.push(index);
      }
    return (identity, asked) => {
      const { process, run } = placesOf(identity, asked);
      for (const place of [process, run]) {
        const found = byPlace.get(place)?.find((index) => left.has(index));
        if (found === undefined) continue;
        left.delete(found);
        return this.all[found]!.value;
      }
      return undefined;
    };
  }
}

function placesOf(identity: CallIdentity, asked: string): { readonly process: string; readonly run: string } {
  return { process: `${processKey(identity)} ${asked}`, run: `${JSON.stringify(identity.run)} ${asked}` };
}
