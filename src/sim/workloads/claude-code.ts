/**
 * Sessions of Claude Code as it logs them: JSON lines, of which those of type `user` and `assistant` are read. An answer of the model may stand on several lines, one for each part,
 * which repeat its usage: it is counted once, also where a session that was resumed repeats the lines of another. When a call began is not logged; it is taken to be the time of
 * the line before it. Lines of a sub-agent (`isSidechain`) are an agent of their own, which the session's tool call with its prompt started.
 */
import type { AgentSpec } from '../../agents/steps.ts';
import { isoTimeUs } from './date-time.ts';
import { arrayAt, integerAt, jsonAt, numberedLines, objectAt, stringAt } from './fields.ts';
import type { JsonObject, Place } from './fields.ts';
import {
  agentsOfLogs,
  type ChildLog,
  type LoggedCall,
  type LoggedTool,
  type SessionLog,
} from './session-log.ts';

/** Throws KernelError INVALID_FILE with file and line. */
export async function parseClaudeCode(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<AgentSpec[]> {
  const log = new ClaudeCodeLog();
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    log.add(place, objectAt(place, 'line', jsonAt(place, line)));
  }
  return agentsOfLogs(log.sessions());
}

/** A tool call; `endUs` is undefined as long as it has no result. */
interface ToolUse {
  readonly tool: string;
  readonly prompt: unknown;
  readonly startUs: number;
  endUs: number | undefined;
  failed: boolean;
}

/** Lines that follow one another: a session, or one of its sub-agents. */
interface Chain {
  readonly name: string;
  readonly session: string;
  readonly isSidechain: boolean;
  /** What a sub-agent was asked. */
  prompt: string | undefined;
  lastUs: number | undefined;
  /** The answer that the line before belongs to. */
  lastCall: string;
  readonly calls: Map<string, LoggedCall>;
  readonly uses: Map<string, ToolUse>;
  readonly peopleUs: number[];
}

class ClaudeCodeLog {
  private readonly chains = new Map<string, Chain>();
  /** The chain of each line of a sub-agent, by its uuid. */
  private readonly chainOfLine = new Map<string, string>();
  private readonly linesSeen = new Set<string>();
  /** The chain that an answer was counted for. */
  private readonly chainOfCall = new Map<string, Chain>();

  add(place: Place, line: JsonObject): void {
    const { type, uuid, isMeta, isCompactSummary } = line;
    if (stringAt(place, 'type', type) !== 'user' && type !== 'assistant') return;
    const id = stringAt(place, 'uuid', uuid);
    if (this.linesSeen.has(id)) return;
    this.linesSeen.add(id);
    const chain = this.chainOf(place, line, id);
    const atUs = isoTimeUs(place, 'timestamp', line['timestamp']);
    const message = objectAt(place, 'message', line['message']);
    if (type === 'assistant') this.addAnswer(place, { chain, atUs, line, message });
    else {
      const said = addUserLine(place, { chain, atUs, message });
      const isPerson = said !== undefined && isMeta !== true && isCompactSummary !== true;
      if (chain.isSidechain) chain.prompt ??= said;
      else if (isPerson) chain.peopleUs.push(atUs);
      chain.lastUs = Math.max(atUs, chain.lastUs ?? atUs);
      chain.lastCall = '';
    }
  }

  private chainOf(place: Place, line: JsonObject, id: string): Chain {
    const { isSidechain, agentId, parentUuid } = line;
    const session = stringAt(place, 'sessionId', line['sessionId']);
    let name = session;
    if (isSidechain === true) {
      const parent = typeof parentUuid === 'string' ? this.chainOfLine.get(parentUuid) : undefined;
      name = typeof agentId === 'string' ? `${session}/${agentId}` : (parent ?? `${session}/${id}`);
      this.chainOfLine.set(id, name);
    }
    let chain = this.chains.get(name);
    if (chain === undefined) {
      chain = {
        name,
        session,
        isSidechain: isSidechain === true,
        prompt: undefined,
        lastUs: undefined,
        lastCall: '',
        calls: new Map(),
        uses: new Map(),
        peopleUs: [],
      };
      this.chains.set(name, chain);
    }
    return chain;
  }

  private addAnswer(
    place: Place,
    {
      chain,
      atUs,
      line,
      message,
    }: {
      readonly chain: Chain;
      readonly atUs: number;
      readonly line: JsonObject;
      readonly message: JsonObject;
    },
  ): void {
    // What the program itself puts in the model's mouth, such as the text of an error.
    if (message['model'] === '<synthetic>') return;
    const key = JSON.stringify([message['id'] ?? line['uuid'], line['requestId'] ?? '']);
    const owner = this.chainOfCall.get(key) ?? chain;
    if (owner !== chain) return;
    this.chainOfCall.set(key, chain);
    const usage = usageOf(place, message);
    const before = chain.calls.get(key);
    const lastUs = chain.lastUs ?? atUs;
    const endUs = Math.max(atUs, lastUs);
    if (before === undefined)
      chain.calls.set(key, {
        ...usage,
        startUs: lastUs,
        endUs,
        ...(chain.lastUs === undefined ? { isUntimed: true } : {}),
      });
    else
      chain.calls.set(key, {
        ...mostOf(before, usage),
        startUs: before.startUs,
        // Results of its first tool calls may stand before its last lines.
        endUs: chain.lastCall === key ? Math.max(before.endUs, endUs) : before.endUs,
        ...(before.isUntimed === true ? { isUntimed: true } : {}),
      });
    for (const part of partsOf(place, message)) {
      if (part['type'] !== 'tool_use') continue;
      const input = part['input'];
      const isObject = typeof input === 'object' && input !== null;
      chain.uses.set(stringAt(place, 'id of a tool_use', part['id']), {
        tool: stringAt(place, 'name of a tool_use', part['name']),
        prompt: isObject ? (input as JsonObject)['prompt'] : undefined,
        startUs: endUs,
        endUs: undefined,
        failed: false,
      });
    }
    chain.lastUs = endUs;
    chain.lastCall = key;
  }

  sessions(): SessionLog[] {
    const mains = [...this.chains.values()].filter(({ isSidechain }) => !isSidechain);
    const sides = [...this.chains.values()].filter(({ isSidechain }) => isSidechain);
    const bySession = new Map(mains.map((chain) => [chain.session, chain]));
    const taken = new Set<ToolUse>();
    const children = new Map<Chain, ChildLog[]>();
    const orphans: Chain[] = [];
    for (const side of sides) {
      const parent = bySession.get(side.session);
      if (parent === undefined) {
        orphans.push(side);
        continue;
      }
      const use = useFor(side, parent, taken);
      if (use !== undefined) taken.add(use);
      const lastUs = side.lastUs ?? Infinity;
      const isAwaited = use?.endUs !== undefined && use.endUs >= lastUs;
      const own = children.get(parent) ?? [];
      own.push({ ...logOf(side, [], taken), isAwaited });
      children.set(parent, own);
    }
    return [...mains, ...orphans].map((chain) => logOf(chain, children.get(chain) ?? [], taken));
  }
}

/** Returns what was said, when it was said and no result of a tool. */
function addUserLine(
  place: Place,
  { chain, atUs, message }: { readonly chain: Chain; readonly atUs: number; readonly message: JsonObject },
): string | undefined {
  const { content } = message;
  if (typeof content === 'string') return content;
  let said: string | undefined;
  for (const part of partsOf(place, message)) {
    if (part['type'] === 'tool_result') {
      const use = chain.uses.get(stringAt(place, 'tool_use_id', part['tool_use_id']));
      if (use === undefined || use.endUs !== undefined) continue;
      use.endUs = Math.max(atUs, use.startUs);
      use.failed = part['is_error'] === true;
    } else said ??= typeof part['text'] === 'string' ? part['text'] : '';
  }
  return said;
}

function partsOf(place: Place, message: JsonObject): readonly JsonObject[] {
  const { content } = message;
  if (typeof content === 'string') return [];
  return arrayAt(place, 'message.content', content).map((part) =>
    objectAt(place, 'part of message.content', part),
  );
}

type Usage = Pick<LoggedCall, 'tokensIn' | 'tokensCached' | 'tokensOut'>;

function usageOf(place: Place, message: JsonObject): Usage {
  const usage = objectAt(place, 'message.usage', message['usage']);
  const count = (field: string, isNeeded: boolean): number => {
    const value = usage[field];
    if (!isNeeded && (value === undefined || value === null)) return 0;
    return integerAt(place, `message.usage.${field}`, value);
  };
  const tokensCached = count('cache_read_input_tokens', false);
  return {
    tokensIn: count('input_tokens', true) + count('cache_creation_input_tokens', false) + tokensCached,
    tokensCached,
    tokensOut: count('output_tokens', true),
  };
}

/** The first lines of an answer may stand there before all of it was counted. */
const mostOf = (a: Usage, b: Usage): Usage => ({
  tokensIn: Math.max(a.tokensIn, b.tokensIn),
  tokensCached: Math.max(a.tokensCached, b.tokensCached),
  tokensOut: Math.max(a.tokensOut, b.tokensOut),
});

/** The tool call that started a sub-agent: the one with its prompt. */
function useFor(side: Chain, parent: Chain, taken: ReadonlySet<ToolUse>): ToolUse | undefined {
  const { prompt } = side;
  return prompt === undefined
    ? undefined
    : [...parent.uses.values()].find((use) => use.prompt === prompt && !taken.has(use));
}

function logOf(chain: Chain, children: readonly ChildLog[], spawning: ReadonlySet<ToolUse>): SessionLog {
  const tools = [...chain.uses.values()].flatMap((use): LoggedTool[] => {
    const { tool, startUs, endUs, failed } = use;
    // Without a result nobody waited for it.
    return endUs === undefined || spawning.has(use) ? [] : [{ tool, startUs, endUs, failed }];
  });
  return { name: chain.name, calls: [...chain.calls.values()], tools, peopleUs: chain.peopleUs, children };
}
