import { canonicalJson } from '../../base/canonical-json.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import { notJson } from '../../kernel/schema/problem.ts';
import type { AskedCall } from '../../kernel/syscalls.ts';

interface Assembled {
  readonly id: string;
  readonly tool: string;
  readonly index: number;
  text: string;
  /** Its provider says that nothing more of it comes. */
  isWhole: boolean;
  /** The call under whose id the server sent this one. */
  readonly sameIdAs: Assembled | undefined;
}

/** A tool call's fragment on the wire. */
interface WireFragment {
  readonly id: string;
  readonly name: string;
}

/**
 * The tool calls of one answer. The provider's package assembles their fragments by index and id, and gives each an id of its own; what it does not see is watched here. A call
 * that a server repeats under one id is one call. Where a fragment got lost because nobody could tell whose it was, no call of the answer is to be trusted. A call is only made
 * when it is whole and its arguments are a JSON object: nothing else passes for arguments, least of all an empty text.
 */
export class ToolCallAssembly {
  private readonly calls: Assembled[] = [];
  private readonly byId = new Map<string, Assembled>();
  private fragments: WireFragment[] = [];
  /** Characters of arguments: on the wire, and as the provider told them; -1: nobody watches the wire. */
  private wireLength = -1;
  private toldLength = 0;
  private hasStray = false;

  /** An event as it came, before the provider's reading of it: a chunk of chat completions; anything else has no tool calls. */
  wire(chunk: unknown): void {
    this.fragments = [];
    if (this.wireLength < 0) this.wireLength = 0;
    for (const fragment of fragmentsOf(chunk)) {
      const { id, function: asked } = fragment;
      if (!isRecord(asked)) continue;
      const { name, arguments: text } = asked;
      if (typeof text === 'string') this.wireLength += text.length;
      this.fragments.push({
        id: typeof id === 'string' ? id.trim() : '',
        name: typeof name === 'string' ? name : '',
      });
    }
  }

  /** Returns the number of the call in this answer, from 0. */
  start(id: string, tool: string): number {
    const known = this.byId.get(id);
    // A start that is told twice, before anything of the call.
    if (known !== undefined && known.tool === tool && !known.isWhole && known.text === '') return known.index;
    const place = this.fragments.findIndex(({ name }) => name === tool);
    const [fragment] = place < 0 ? [] : this.fragments.splice(place, 1);
    const sameIdAs = known ?? (fragment === undefined ? undefined : this.byId.get(fragment.id));
    const call = { id, tool, index: this.calls.length, text: '', isWhole: false, sameIdAs };
    this.calls.push(call);
    this.byId.set(id, call);
    return call.index;
  }

  /** Undefined: there is no such call. */
  add(id: string, text: string): { readonly index: number; readonly tool: string } | undefined {
    const call = this.byId.get(id);
    if (call === undefined || call.isWhole) {
      this.hasStray ||= text !== '';
      return undefined;
    }
    call.text += text;
    this.toldLength += text.length;
    return call;
  }

  /** The call with all its arguments, which stand for whatever came of them before. Returns what had not been told of them yet. */
  whole(id: string, tool: string, text: string): { readonly index: number; readonly untold: string } {
    const known = this.byId.get(id);
    const isFirst = known === undefined || known.isWhole || known.tool !== tool;
    const index = isFirst ? this.start(id, tool) : known.index;
    const call = this.calls[index]!;
    const untold = call.text === '' ? text : '';
    call.text = text;
    call.isWhole = true;
    return { index, untold };
  }

  /** The calls in the order in which they began. `isWhole`: the answer has its end. `isTaken`: ids of the conversation, which no call may have again. */
  asked(isWhole: boolean, freshId: () => string, isTaken: (id: string) => boolean): AskedCall[] {
    const isTrusted =
      isWhole && !this.hasStray && (this.wireLength < 0 || this.wireLength === this.toldLength);
    const ids = new Set<string>();
    return this.calls.flatMap((call) => {
      const { tool, text } = call;
      if (call.sameIdAs !== undefined && isSame(call, call.sameIdAs)) return [];
      let { id } = call;
      while (id.trim() === '' || ids.has(id) || isTaken(id)) id = freshId();
      ids.add(id);
      const args = isTrusted && call.isWhole ? argumentsOf(text) : undefined;
      return [args === undefined ? { id, tool, malformed: text } : { id, tool, arguments: args }];
    });
  }
}

/** Undefined: no JSON object, or none that can be walked. */
function argumentsOf(text: string): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) && notJson(parsed, 'arguments') === undefined ? (parsed as Json) : undefined;
  } catch {
    return undefined;
  }
}

function isSame(one: Assembled, other: Assembled): boolean {
  if (one.tool !== other.tool) return false;
  if (one.text === other.text) return true;
  const [left, right] = [argumentsOf(one.text), argumentsOf(other.text)];
  return left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right);
}

function fragmentsOf(chunk: unknown): readonly Record<string, unknown>[] {
  const choices = isRecord(chunk) ? chunk['choices'] : undefined;
  const [choice] = (Array.isArray(choices) ? choices : []) as unknown[];
  const delta = isRecord(choice) ? choice['delta'] : undefined;
  const calls = isRecord(delta) ? delta['tool_calls'] : undefined;
  return (Array.isArray(calls) ? (calls as unknown[]) : []).filter(isRecord);
}
