/** What is kept of a process while its span is open, and where spans go. */
import type { LedgerRecord } from '../../kernel/records.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';
import type { CallContents, ContentWording } from './call-contents.ts';
import type { OpenCall } from './call-spans.ts';
import { OpenSpan } from './open-span.ts';
import type { SpanData } from './span.ts';
import type { ProcessFacts, WatchedProcess } from './watched-process.ts';

/** Where an engine asks its model. */
export interface ModelPlace {
  /** As the conventions name the kinds of endpoints. */
  readonly provider: string;
  readonly address?: string;
  readonly port?: number;
}

export interface SpanFoldOptions {
  readonly sink: SpanSink;
  /** By engine. */
  readonly placeOf: (engine: string) => ModelPlace;
  readonly contents: CallContents | undefined;
  /** undefined: no contents are told. */
  readonly wording: ContentWording | undefined;
}

/** Takes spans, and what they come to for whoever counts. `error`: '' of what did not fail. */
interface SpanSink {
  /** undefined: nobody wants spans, which are then not made. */
  readonly onSpan: ((span: SpanData) => void) | undefined;
  onCall(call: EndedCall): void;
  onTool(tool: string, us: number, error: string): void;
  onProcess(process: ProcessFacts, us: number, error: string): void;
}
export interface EndedCall {
  readonly provider: string;
  readonly model: string;
  readonly us: number;
  /** undefined: it did not come in pieces. */
  readonly firstChunkUs: number | undefined;
  readonly usage: Readonly<Usage>;
  readonly error: string;
}

/** As the budgets were charged. */
export interface Usage {
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
  microDollars: number;
}

export const noUsage = (): Usage => ({ tokensIn: 0, tokensOut: 0, tokensCached: 0, microDollars: 0 });

export function addUsage(
  usage: Usage,
  { tokens, tokensOut, tokensCached, microDollars }: LedgerRecord,
): void {
  usage.tokensIn += tokens - tokensOut;
  usage.tokensOut += tokensOut;
  usage.tokensCached += tokensCached;
  usage.microDollars += microDollars;
}

export function tellUsage(span: OpenSpan, { tokensIn, tokensOut, tokensCached, microDollars }: Usage): void {
  span.set('gen_ai.usage.input_tokens', tokensIn);
  span.set('gen_ai.usage.output_tokens', tokensOut);
  span.set('gen_ai.usage.cache_read.input_tokens', tokensCached);
  span.set('ringzero.cost.micro_dollars', microDollars);
}

export class SpannedProcess {
  readonly watched: WatchedProcess;
  readonly span: OpenSpan;
  readonly isResumed: boolean;
  readonly usage = noUsage();
  /** Its span is told. */
  isOver = false;
  calls = 0;
  toolCalls = 0;
  faultTokens = 0;
  call: OpenCall | undefined;
  /** Requests of its tool calls. */
  readonly tools = new Set<number>();
  /** What its last answer asked for and it has not begun. */
  asked: AskedCall[] = [];

  constructor(watched: WatchedProcess, isResumed: boolean) {
    this.watched = watched;
    this.isResumed = isResumed;
    this.span = new OpenSpan('invoke_agent', watched);
  }

  /** The model's id of a call that it asked for, once; of several that are alike the first. */
  takeAsked(tool: string, args: unknown): string | undefined {
    const { asked } = this;
    const only = asked.findIndex((one) => one.tool === tool);
    if (only === -1 || asked.findLastIndex((one) => one.tool === tool) === only)
      return only === -1 ? undefined : asked.splice(only, 1)[0]!.id;
    const text = JSON.stringify(args);
    const same = asked.findIndex((one) => one.tool === tool && JSON.stringify(one.arguments) === text);
    // A person may have edited its arguments.
    return asked.splice(same === -1 ? only : same, 1)[0]!.id;
  }
}
