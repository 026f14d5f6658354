/**
 * Agents from spans of OpenTelemetry's conventions for generative AI: `chat` is a model call, `execute_tool` a tool call, `invoke_agent` an agent. An agent that another one invokes
 * is its sub-agent; what one agent did in one conversation (in one trace, where the conversation is not told) is one agent, whose turns are begun by a person.
 */
import type { AgentSpec } from '../../agents/steps.ts';
import { readSpans, textOf, tokensOf, checkCached, type GenAiSpan } from './otel-spans.ts';
import {
  agentsOfLogs,
  type ChildLog,
  type LoggedCall,
  type LoggedTool,
  type SessionLog,
} from './session-log.ts';

/** Throws KernelError INVALID_FILE with the place of what is wrong. */
export async function parseOtel(file: string, lines: AsyncIterable<string>): Promise<AgentSpec[]> {
  return agentsOfLogs(new SpanTree(await readSpans(file, lines)).sessions());
}

type Kind = 'call' | 'agent' | 'tool' | 'other';

const callNames = new Set(['chat', 'text_completion', 'generate_content']);
const inputNames = ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'] as const;
const outputNames = ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'] as const;
const cachedNames = ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens'] as const;

function kindOf(span: GenAiSpan): Kind {
  const operation = textOf(span, 'gen_ai.operation.name');
  if (callNames.has(operation)) return 'call';
  if (operation === 'invoke_agent') return 'agent';
  if (operation === 'execute_tool') return 'tool';
  // Before operations had names, a span with tokens was a call.
  const hasTokens = [...inputNames, ...outputNames].some((name) => span.attributes.has(name));
  return operation === '' && hasTokens ? 'call' : 'other';
}

/** What an agent did itself; all but its name can still grow. */
interface Work {
  readonly name: string;
  readonly calls: LoggedCall[];
  readonly tools: LoggedTool[];
  readonly peopleUs: number[];
  readonly children: ChildLog[];
}

const newWork = (name: string): Work => ({ name, calls: [], tools: [], peopleUs: [], children: [] });

class SpanTree {
  private readonly roots: GenAiSpan[] = [];
  private readonly below = new Map<GenAiSpan, GenAiSpan[]>();
  private readonly kinds = new Map<GenAiSpan, Kind>();

  constructor(spans: readonly GenAiSpan[]) {
    const byId = new Map(spans.map((span) => [`${span.trace} ${span.id}`, span]));
    for (const span of spans) {
      this.kinds.set(span, kindOf(span));
      // A parent that nobody exported, or a ring of them, leaves a root.
      const parent = byId.get(`${span.trace} ${span.parent}`);
      if (parent === undefined || hasRing(span, byId)) this.roots.push(span);
      else this.below.set(parent, [...(this.below.get(parent) ?? []), span]);
    }
  }

  sessions(): SessionLog[] {
    const works = new Map<string, Work>();
    const begin = (key: string, name: string): Work => {
      const known = works.get(key) ?? newWork(name);
      works.set(key, known);
      return known;
    };
    const conversations = this.conversations();
    const walk = (span: GenAiSpan): void => {
      const conversation = conversations.get(span.trace) ?? span.trace;
      const kind = this.kinds.get(span)!;
      if (kind === 'other') return this.childrenOf(span).forEach(walk);
      const agent = kind === 'agent' ? nameOf(span) : '';
      const name = agent === '' ? conversation : `${conversation}/${agent}`;
      const work = begin(name, name);
      if (kind === 'agent') {
        work.peopleUs.push(span.startUs);
        this.addBelow(span, work);
      } else this.add(span, work);
    };
    for (const root of this.roots.toSorted((a, b) => a.startUs - b.startUs)) walk(root);
    return [...works.values()];
  }

  /** By trace: some spans of it name the conversation. */
  private conversations(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const span of this.kinds.keys()) {
      const id = textOf(span, 'gen_ai.conversation.id');
      if (id !== '' && !found.has(span.trace)) found.set(span.trace, id);
    }
    return found;
  }

  private childrenOf(span: GenAiSpan): readonly GenAiSpan[] {
    return this.below.get(span) ?? [];
  }

  private addBelow(span: GenAiSpan, work: Work): void {
    for (const child of this.childrenOf(span)) this.add(child, work);
  }

  private add(span: GenAiSpan, work: Work): void {
    switch (this.kinds.get(span)!) {
      case 'other':
        return this.addBelow(span, work);
      case 'agent': {
        const child = newWork(`${work.name}/${nameOf(span) || 'agent'}-${work.children.length + 1}`);
        this.addBelow(span, child);
        work.children.push({ ...child, isAwaited: true });
        return;
      }
      case 'call':
        // A library's span around that of the provider's client tells the same tokens again.
        if (this.has(span, ['call', 'agent'])) return this.addBelow(span, work);
        addCall(span, work);
        return;
      case 'tool':
        // Agents as tools are agents; what a tool asks a model is asked meanwhile.
        if (this.has(span, ['call', 'agent'])) return this.addBelow(span, work);
        work.tools.push({
          tool: textOf(span, 'gen_ai.tool.name') || span.name.replace(/^execute_tool /, ''),
          startUs: span.startUs,
          endUs: span.endUs,
          failed: span.failed,
        });
    }
  }

  private has(span: GenAiSpan, kinds: readonly Kind[]): boolean {
    return this.childrenOf(span).some(
      (child) => kinds.includes(this.kinds.get(child)!) || this.has(child, kinds),
    );
  }
}

const nameOf = (span: GenAiSpan): string => textOf(span, 'gen_ai.agent.name', 'gen_ai.agent.id');

function addCall(span: GenAiSpan, work: Work): void {
  const { startUs, endUs, failed, place } = span;
  // A call that failed may have used nothing.
  const none = failed ? 0 : undefined;
  const tokensIn = tokensOf(span, inputNames, none);
  const tokensOut = tokensOf(span, outputNames, none);
  const tokensCached = tokensOf(span, cachedNames, 0);
  checkCached(place, tokensCached, tokensIn);
  if (tokensIn + tokensOut > 0) work.calls.push({ startUs, endUs, tokensIn, tokensCached, tokensOut });
}

function hasRing(span: GenAiSpan, byId: ReadonlyMap<string, GenAiSpan>): boolean {
  const seen = new Set<GenAiSpan>();
  for (let at: GenAiSpan | undefined = span; at !== undefined; at = byId.get(`${at.trace} ${at.parent}`)) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}
