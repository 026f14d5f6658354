/** The work of a recording: who came when, what models, tools and people answered, and how long each took. What the kernel made of it is left out. */
import { canonicalJson } from '../../base/canonical-json.ts';
import type { Input, SpawnInput } from '../../kernel/inputs.ts';
import type { Json, Pid, RequestId } from '../../kernel/ids.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { CallIdentity, CallStart, PersonAsk, Request, ToolStart } from '../../kernel/requests.ts';
import { processKey } from '../devices/models/call-order.ts';
import { AnswerRecorder } from '../devices/models/recorded-answers.ts';
import type { PersonReplay } from '../devices/person-device.ts';
import type { ToolReplay } from '../devices/tool-device.ts';
import type { SimulationOptions } from '../simulation.ts';
import { FamilyPlaces } from './family-places.ts';

/** One stretch on a core that ended with its call. */
export interface CallTime {
  readonly newTokens: number;
  readonly repeatedTokens: number;
  readonly tokensOut: number;
  readonly us: number;
}

/** On which engine, by its place. */
export interface EngineTime extends CallTime {
  readonly engine: number;
}

export interface RecordedSpawn {
  readonly atUs: number;
  readonly spawn: SpawnInput;
}

export type WorldInput = Extract<Input, { readonly type: 'signal.sent' | 'message.sent' }>;

/** A message or a signal from outside. */
export interface RecordedWord {
  readonly input: WorldInput;
  /** The place of the process that it was for. */
  readonly to: string;
}

type ToolResult = NonNullable<ReturnType<ToolReplay>>;
type PersonResult = NonNullable<ReturnType<PersonReplay>>;

export class RecordedWork {
  readonly spawns: RecordedSpawn[] = [];
  /** What was told to processes from outside. */
  readonly world: RecordedWord[] = [];
  readonly callTimes: EngineTime[] = [];
  readonly answers = new AnswerRecorder();
  /** Acknowledgements of durability took, µs. */
  readonly flushUs: number[] = [];
  lastUs = 0;
  private readonly places = new FamilyPlaces();
  private readonly tools = new Answers<ToolResult>();
  private readonly people = new Answers<PersonResult>();
  private readonly recalls = new Answers<Json>();
  private readonly underWay = new Map<RequestId, { readonly request: Request; readonly atUs: number }>();
  private readonly onCores = new Map<number, { readonly start: CallStart; readonly atUs: number }>();

  onStep(kernel: Kernel, input: Input, output: StepOutput): void {
    this.answers.onStep(kernel, input, output);
    this.take(input, kernel);
    for (const request of output.requests) {
      if (request.type === 'call.start') this.onCores.set(request.core, { start: request, atUs: input.atUs });
      else if ('request' in request && request.type !== 'tool.stop' && request.type !== 'person.withdraw')
        this.underWay.set(request.request, { request, atUs: input.atUs });
    }
    for (const event of output.events) if (event.type === 'process.spawned') this.places.add(event);
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

  private take(input: Input, kernel: Kernel): void {
    this.lastUs = input.atUs;
    switch (input.type) {
      case 'process.spawned': {
        const { atUs, more: _, ...spawn } = input;
        this.spawns.push({ atUs, spawn });
        return;
      }
      case 'signal.sent':
      case 'message.sent':
        this.heard(input, input.type === 'signal.sent' ? input.pid : input.to);
        return;
      case 'call.ended': {
        const call = this.onCores.get(input.core);
        this.onCores.delete(input.core);
        if (call === undefined || call.start.resumed || input.reason !== 'completed') return;
        const { newTokens, repeatedTokens } = call.start;
        const us = input.atUs - call.atUs;
        const engine = engineOf(kernel, input.core);
        this.callTimes.push({ engine, newTokens, repeatedTokens, tokensOut: input.tokensOut, us });
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

  private heard(input: WorldInput, pid: Pid): void {
    const to = this.places.nameOf(pid);
    if (to !== undefined) this.world.push({ input, to });
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

/** Cores are numbered through, engine by engine. */
function engineOf({ options }: Kernel, core: number): number {
  let behind = 0;
  return options.engines.findIndex(({ cores }) => core < (behind += cores));
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
